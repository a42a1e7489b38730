#include "server/store/assignees.h"

#include "lib/base/err.h"
#include "server/store/items_priv.h"

static int
assignees_exec(struct txn *t, const char *sql, const struct bind *binds,
    bool *changed, struct err *e)
{
	int64_t n = 0;

	if (db_exec(t, sql, binds, &n, e) == -1)
		return -1;
	*changed = n > 0;
	return 0;
}

int
assignees_add(struct txn *t, const struct issue *i, int64_t user_id,
    bool *changed, struct err *e)
{
	return assignees_exec(t,
	    "INSERT INTO assignee (project_id, item, account_id, state,"
	    " is_pull) VALUES (?, ?, ?, ?, ?)"
	    " ON CONFLICT (project_id, item, account_id) DO NOTHING",
	    BINDS(I(i->project_id), I(i->number), I(user_id), I(i->state),
		I(i->is_pull)),
	    changed, e);
}

int
assignees_remove(struct txn *t, const struct issue *i, int64_t user_id,
    bool *changed, struct err *e)
{
	return assignees_exec(t,
	    "DELETE FROM assignee WHERE project_id = ? AND item = ?"
	    " AND account_id = ?",
	    BINDS(I(i->project_id), I(i->number), I(user_id)), changed, e);
}

int
mentions_add(struct txn *t, int64_t project_id, int64_t item, int64_t user_id,
    bool *changed, struct err *e)
{
	return assignees_exec(t,
	    "INSERT INTO mention (project_id, item, account_id)"
	    " VALUES (?, ?, ?)"
	    " ON CONFLICT (project_id, item, account_id) DO NOTHING",
	    BINDS(I(project_id), I(item), I(user_id)), changed, e);
}

int
participants_list(struct txn *t, int64_t project_id, int64_t item,
    int64_t limit, int64_t offset, struct author_list *out, struct err *e)
{
	static const char *const sql[3] = {
		"SELECT " AUTHOR_COLS
		" FROM participant x JOIN account a ON a.id = x.account_id",
		" ORDER BY x.account_id"
	};
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	int rc;

	*out = (struct author_list){ .n = 0 };
	where_add2(
	    &w, "x.project_id = ? AND x.item = ?", I(project_id), I(item));
	if (where_count(&w, t, "participant x", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, limit, offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		author_fill(&q, LIST_ADD(out));
	if (rc == -1)
		author_list_release(out);
	return rc;
}
