#include "server/store/reactions.h"

#include "lib/base/err.h"
#include "server/store/items_priv.h"

#define REACTION_COLS "r.id, r.content, r.at, " AUTHOR_COLS
#define REACTION_FROM " FROM reaction r JOIN account a ON a.id = r.account_id"
#define REACTION_OF "r.project_id = ? AND r.item = ? AND r.comment_id = ?"

static void
reactions_fill(struct query *q, struct reaction *r)
{
	r->id = query_i64(q);
	QUERY_NAME(q, r->content);
	r->at = query_i64(q);
	author_fill(q, &r->author);
}

static int
reactions_count(
    struct txn *t, const struct words_target *on, int64_t *n, struct err *e)
{
	return db_number(t,
	    "SELECT count(*) FROM reaction r WHERE " REACTION_OF,
	    BINDS(I(on->project_id), I(on->item), I(on->comment_id)), n, e);
}

int
reactions_add(
    struct txn *t, const struct reaction_new *n, bool *added, struct err *e)
{
	static const char sql[] = "INSERT OR IGNORE INTO reaction"
				  " (project_id, item, comment_id, account_id,"
				  " at, content) VALUES (?, ?, ?, ?, ?, ?)";
	int64_t changes = 0, have = 0;

	if (reactions_count(t, &n->on, &have, e) == -1)
		return -1;
	if (have >= REACTIONS_MAX)
		return err_set(e, ERR_INVALID, "content: over %d reactions",
		    REACTIONS_MAX);
	if (db_exec(t, sql,
		BINDS(I(n->on.project_id), I(n->on.item), I(n->on.comment_id),
		    I(n->account_id), I(n->now), S(n->content)),
		&changes, e) == -1)
		return -1;
	*added = changes > 0;
	return 0;
}

int
reactions_remove(struct txn *t, const struct reaction_new *n, struct err *e)
{
	static const char
	    sql[] = "DELETE FROM reaction WHERE project_id = ? AND item = ?"
		    " AND comment_id = ? AND account_id = ? AND content = ?";

	return db_exec(t, sql,
	    BINDS(I(n->on.project_id), I(n->on.item), I(n->on.comment_id),
		I(n->account_id), S(n->content)),
	    NULL, e);
}

int
reactions_get(struct txn *t, const struct reaction_new *n, struct reaction *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct reaction){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " REACTION_COLS REACTION_FROM " WHERE " REACTION_OF
		" AND r.account_id = ? AND r.content = ?",
		BINDS(I(n->on.project_id), I(n->on.item), I(n->on.comment_id),
		    I(n->account_id), S(n->content)),
		"reaction does not exist", e) == -1)
		return -1;
	reactions_fill(&q, out);
	return 0;
}

int
reactions_list(struct txn *t, const struct words_target *on, int64_t limit,
    int64_t offset, struct reaction_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct reaction_list){ .n = 0 };
	if (reactions_count(t, on, &out->total, e) == -1 ||
	    query_open(&q, t,
		"SELECT " REACTION_COLS REACTION_FROM " WHERE " REACTION_OF
		" ORDER BY r.id LIMIT ? OFFSET ?",
		BINDS(I(on->project_id), I(on->item), I(on->comment_id),
		    I(db_limit(limit)), I(offset)),
		e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		reactions_fill(&q, LIST_ADD(out));
	if (rc == -1)
		reaction_list_release(out);
	return rc;
}

int
reactions_counted(struct txn *t, int64_t project_id, int64_t item,
    const int64_t *comments, size_t n, int64_t viewer_id,
    struct reaction_count_list *out, struct err *e)
{
	static const char sql
	    [] = "SELECT r.comment_id, r.content, count(*),"
		 " max(r.account_id = ?) FROM json_each(?) j"
		 " CROSS JOIN reaction r ON r.project_id = ? AND r.item = ?"
		 " AND r.comment_id = j.value GROUP BY r.comment_id, r.content";
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_STR struct str list = STR_INIT;
	int rc;

	*out = (struct reaction_count_list){ .n = 0 };
	ids_put(&list, comments, n);
	if (query_open(&q, t, sql,
		BINDS(I(viewer_id), S(str_cstr(&list)), I(project_id), I(item)),
		e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct reaction_count *r = LIST_ADD(out);

		r->comment_id = query_i64(&q);
		QUERY_NAME(&q, r->content);
		r->n = query_i64(&q);
		r->mine = query_bool(&q);
	}
	if (rc == -1)
		reaction_count_list_release(out);
	return rc;
}
