#include "server/store/renewals.h"

#include <stdlib.h>

#include "server/store/db_priv.h"

void
renewal_release(struct renewal *r)
{
	free(r->before);
	free(r->after);
	*r = (struct renewal){ .generation = 0 };
}

int
renewals_put(struct txn *t, const struct renewal *r, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO renewal (project_id, generation, before, after)"
	    " VALUES (?, ?, ?, ?) ON CONFLICT (project_id) DO UPDATE SET"
	    " generation = excluded.generation, after = excluded.after",
	    BINDS(
		I(r->project_id), I(r->generation), S(r->before), S(r->after)),
	    NULL, e);
}

int
renewals_get(
    struct txn *t, int64_t project_id, struct renewal *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct renewal){ .project_id = project_id };
	if (query_open(&q, t,
		"SELECT generation, before, after FROM renewal"
		" WHERE project_id = ?",
		BINDS(I(project_id)), e) == -1)
		return -1;
	rc = query_next(&q, e);
	if (rc != 1)
		return rc;
	out->generation = query_i64(&q);
	out->before = query_text(&q);
	out->after = query_text(&q);
	return 0;
}

int
renewals_end(
    struct txn *t, int64_t project_id, int64_t generation, struct err *e)
{
	return db_exec(t,
	    "DELETE FROM renewal WHERE project_id = ? AND generation <= ?",
	    BINDS(I(project_id), I(generation)), NULL, e);
}
