#include "server/store/timeline.h"

#include <stdlib.h>

#include "lib/base/err.h"
#include "server/store/items_priv.h"

void
timeline_list_release(struct timeline_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->at[i].kind);
		free(l->at[i].data);
	}
	free(l->at);
	*l = (struct timeline_list){ .n = 0 };
}

int
timeline_add(
    struct txn *t, const struct timeline_new *n, int64_t *id, struct err *e)
{
	static const char sql[] = "INSERT INTO timeline (project_id, item, at, "
				  "account_id, kind, data)"
				  " VALUES (?, ?, ?, ?, ?, ?)";

	if (db_exec(t, sql,
		BINDS(I(n->project_id), I(n->item), I(n->now), I(n->actor_id),
		    S(n->kind), S(n->data != NULL ? n->data : "{}")),
		NULL, e) == -1)
		return -1;
	*id = db_last_id(t);
	return 0;
}

int
timeline_list(struct txn *t, const struct timeline_filter *f,
    struct timeline_list *out, struct err *e)
{
	static const char *const sql[3] = {
		"SELECT x.id, x.at, x.kind, x.data, " AUTHOR_COLS
		" FROM timeline x JOIN account a ON a.id = x.account_id",
		" ORDER BY x.at, x.id"
	};
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	int rc;

	*out = (struct timeline_list){ .n = 0 };
	where_add2(&w, "x.project_id = ? AND x.item = ?", I(f->project_id),
	    I(f->item));
	if (f->since > 0)
		where_add1(&w, "x.at >= ?", I(f->since));
	if (f->before > 0)
		where_add1(&w, "x.at < ?", I(f->before));
	if (where_count(&w, t, "timeline x", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, f->limit, f->offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct timeline_entry *x = LIST_ADD(out);

		x->id = query_i64(&q);
		x->at = query_i64(&q);
		x->kind = query_text(&q);
		x->data = query_text(&q);
		author_fill(&q, &x->actor);
	}
	if (rc == -1)
		timeline_list_release(out);
	return rc;
}
