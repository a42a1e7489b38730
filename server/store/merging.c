#include "server/store/merging.h"

#include <stdlib.h>

#include "lib/base/err.h"
#include "server/store/db_priv.h"

void
merging_list_release(struct merging_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->at[i].base);
		free(l->at[i].delete_head);
		free(l->at[i].unmet);
		free(l->at[i].reason);
	}
	free(l->at);
	*l = (struct merging_list){ .at = NULL };
}

int
merging_insert(
    struct txn *t, const struct merging *m, int64_t now, struct err *e)
{
	return db_exec_one(t,
	    "INSERT OR IGNORE INTO merging (project_id, number, base,"
	    " head_sha, base_sha, merge_sha, account_id, at, delete_head,"
	    " unmet, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    BINDS(I(m->project_id), I(m->number), S(m->base), S(m->head_sha),
		S(m->base_sha), S(m->merge_sha), I(m->user_id), I(now),
		S(m->delete_head), S(m->unmet), S(m->reason)),
	    ERR_EXISTS, "the pull request is being merged", e);
}

int
merging_delete(struct txn *t, int64_t project_id, int64_t number, struct err *e)
{
	return db_exec(t,
	    "DELETE FROM merging WHERE project_id = ? AND number = ?",
	    BINDS(I(project_id), I(number)), NULL, e);
}

int
merging_list(struct txn *t, struct merging_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct merging_list){ .at = NULL };
	if (query_open(&q, t,
		"SELECT project_id, number, base, head_sha, base_sha,"
		" merge_sha, account_id, delete_head, unmet, reason"
		" FROM merging"
		" ORDER BY at LIMIT 1000",
		BINDS({ .type = BIND_END }), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct merging *m = LIST_ADD(out);

		m->project_id = query_i64(&q);
		m->number = query_i64(&q);
		m->base = query_text(&q);
		QUERY_NAME(&q, m->head_sha);
		QUERY_NAME(&q, m->base_sha);
		QUERY_NAME(&q, m->merge_sha);
		m->user_id = query_i64(&q);
		m->delete_head = query_text(&q);
		m->unmet = query_text(&q);
		m->reason = query_text(&q);
	}
	if (rc == -1)
		merging_list_release(out);
	return rc;
}
