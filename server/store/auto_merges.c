#include "server/store/auto_merges.h"

#include <stdlib.h>

#include "lib/base/err.h"
#include "server/store/db_priv.h"

#define AUTO_COLS                                                           \
	"project_id, item, account_id, head_sha, at, style, delete_branch," \
	" title, message, comment_id, waits"

void
auto_merge_release(struct auto_merge *m)
{
	free(m->title);
	free(m->message);
	*m = (struct auto_merge){ .number = 0 };
}

void
auto_merge_list_release(struct auto_merge_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		auto_merge_release(&l->at[i]);
	free(l->at);
	*l = (struct auto_merge_list){ .n = 0 };
}

static void
auto_merges_fill(struct query *q, struct auto_merge *m)
{
	m->project_id = query_i64(q);
	m->number = query_i64(q);
	m->user_id = query_i64(q);
	QUERY_NAME(q, m->head_sha);
	m->at = query_i64(q);
	m->style = (enum merge_style)query_i64(q);
	m->delete_branch = query_bool(q);
	m->title = query_text(q);
	m->message = query_text(q);
	m->comment = query_i64(q);
	m->waits = query_bool(q);
}

int
auto_merges_insert(struct txn *t, const struct auto_merge *m, struct err *e)
{
	return db_exec_one(t,
	    "INSERT OR IGNORE INTO auto_merge (project_id, item, account_id,"
	    " head_sha, at, style, delete_branch, title, message, comment_id,"
	    " waits) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    BINDS(I(m->project_id), I(m->number), I(m->user_id), S(m->head_sha),
		I(m->at), I(m->style), I(m->delete_branch), S(m->title),
		S(m->message), I(m->comment), I(m->waits)),
	    ERR_EXISTS, "the pull request is scheduled to merge already", e);
}

int
auto_merges_delete(
    struct txn *t, int64_t project_id, int64_t number, struct err *e)
{
	return db_exec(t,
	    "DELETE FROM auto_merge WHERE project_id = ? AND item = ?",
	    BINDS(I(project_id), I(number)), NULL, e);
}

int
auto_merges_get(struct txn *t, int64_t project_id, int64_t number,
    struct auto_merge *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct auto_merge){ .number = 0 };
	if (query_one(&q, t,
		"SELECT " AUTO_COLS
		" FROM auto_merge WHERE project_id = ? AND item = ?",
		BINDS(I(project_id), I(number)),
		"the pull request is not scheduled to merge", e) == -1)
		return -1;
	auto_merges_fill(&q, out);
	return 0;
}

int
auto_merges_list(struct txn *t, int64_t project_id, struct auto_merge_list *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct auto_merge_list){ .n = 0 };
	if (query_open(&q, t,
		"SELECT " AUTO_COLS " FROM auto_merge WHERE project_id = ?"
		" ORDER BY item LIMIT ?",
		BINDS(I(project_id), I(DB_LIST_MAX)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		auto_merges_fill(&q, LIST_ADD(out));
	if (rc == -1)
		auto_merge_list_release(out);
	return rc;
}

int
auto_merges_projects(struct txn *t, int64_t after, int64_t *ids, size_t max,
    size_t *n, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc = 0;

	*n = 0;
	if (query_open(&q, t,
		"SELECT DISTINCT project_id FROM auto_merge"
		" WHERE project_id > ? ORDER BY project_id LIMIT ?",
		BINDS(I(after), I(max)), e) == -1)
		return -1;
	while (*n < max && (rc = query_next(&q, e)) == 1)
		ids[(*n)++] = query_i64(&q);
	return rc == -1 ? -1 : 0;
}
