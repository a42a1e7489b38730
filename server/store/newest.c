#include "server/store/newest.h"

#include <string.h>

#include "lib/base/auto.h"

/* The first row of the project of `near`, past the row that it is at. */
static void
newest_first(struct str *sql, struct where *w, const struct newest *n,
    const struct where *is, const char *near, bool past)
{
	str_addf(sql, "(SELECT %s FROM %s WHERE %s = %s.project_id", n->id,
	    n->from, n->of, near);
	if (past)
		str_addf(sql, " AND %s %s %s.id", n->id, n->oldest ? ">" : "<",
		    near);
	if (is->sql.len > 0) {
		str_add(sql, " AND ");
		str_add(sql, str_cstr(&is->sql) + strlen(" WHERE "));
	}
	str_addf(
	    sql, " ORDER BY %s%s LIMIT 1)", n->id, n->oldest ? "" : " DESC");
	for (size_t i = 0; i < is->n; i++)
		where_value(w, is->binds[i]);
}

int
newest_open(struct query *q, struct txn *t, const struct newest *n,
    const struct where *is, const struct bind *first, struct err *e)
{
	AUTO_STR struct str sql = STR_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;

	str_add(&sql,
	    "WITH RECURSIVE near (project_id, id) AS (SELECT o.project_id, ");
	newest_first(&sql, &w, n, is, "o", false);
	str_add(&sql, " FROM role o WHERE o.account_id = ?");
	where_value(&w, I(n->viewer));
	if (n->project_id != 0) {
		str_add(&sql, " AND o.project_id = ?");
		where_value(&w, I(n->project_id));
	}
	str_add(&sql, " UNION ALL SELECT m.project_id, ");
	newest_first(&sql, &w, n, is, "m", true);
	/* A project that has no more is NULL: the last of all. */
	str_addf(&sql,
	    " FROM near m WHERE m.id > 0 ORDER BY 2 %s LIMIT ? OFFSET ?) ",
	    n->oldest ? "NULLS LAST" : "DESC");
	where_value(&w, I(db_limit(n->limit)));
	where_value(&w, I(n->offset < 0 ? 0 : n->offset));
	str_addf(&sql, "%s WHERE %s IN (SELECT id FROM near) ORDER BY %s%s",
	    n->select, n->id, n->id, n->oldest ? "" : " DESC");
	if (first != NULL)
		where_value(&w, *first);
	return query_open(q, t, str_cstr(&sql), w.binds, e);
}
