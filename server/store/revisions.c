#include "server/store/revisions.h"

#include "lib/base/err.h"
#include "server/store/items_priv.h"

int
revisions_add(struct txn *t, const struct words_target *of, int64_t by,
    int64_t now, const char *body, struct err *e)
{
	static const char insert[] = "INSERT INTO revision (project_id, item,"
				     " comment_id, account_id, at, body)"
				     " VALUES (?, ?, ?, ?, ?, ?)";
	static const char prune
	    [] = "DELETE FROM revision WHERE id IN (SELECT id FROM revision"
		 " WHERE project_id = ? AND item = ? AND comment_id = ?"
		 " ORDER BY id DESC LIMIT -1 OFFSET ?)";

	if (db_exec(t, insert,
		BINDS(I(of->project_id), I(of->item), I(of->comment_id), I(by),
		    I(now), S(body)),
		NULL, e) == -1)
		return -1;
	return db_exec(t, prune,
	    BINDS(I(of->project_id), I(of->item), I(of->comment_id),
		I(REVISIONS_MAX)),
	    NULL, e);
}

int
revisions_list(struct txn *t, const struct words_target *of,
    struct revision_list *out, struct err *e)
{
	static const char sql[] = "SELECT r.id, r.at, r.body, " AUTHOR_COLS
				  " FROM revision r"
				  " JOIN account a ON a.id = r.account_id"
				  " WHERE r.project_id = ? AND r.item = ?"
				  " AND r.comment_id = ? ORDER BY r.id";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct revision_list){ .n = 0 };
	if (query_open(&q, t, sql,
		BINDS(I(of->project_id), I(of->item), I(of->comment_id)),
		e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct revision *r = LIST_ADD(out);

		r->id = query_i64(&q);
		r->at = query_i64(&q);
		r->body = query_text(&q);
		author_fill(&q, &r->author);
	}
	out->total = (int64_t)out->n;
	if (rc == -1)
		revision_list_release(out);
	return rc;
}
