#include "server/store/verdicts.h"

#include "server/store/db_priv.h"

int
verdicts_put(struct txn *t, const struct verdict *v, bool *fresh, struct err *e)
{
	int64_t n = 0;
	int rc = db_exec(t,
	    "INSERT INTO verdict (project_id, at, result, passed, failed,"
	    " untestable, generation, network, driver, failed_rows, gone)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
	    " ON CONFLICT (project_id) DO UPDATE SET at = excluded.at,"
	    " result = excluded.result, passed = excluded.passed,"
	    " failed = excluded.failed, untestable = excluded.untestable,"
	    " generation = excluded.generation, network = excluded.network,"
	    " driver = excluded.driver, failed_rows = excluded.failed_rows,"
	    " gone = 0 WHERE excluded.at <> at",
	    BINDS(I(v->project_id), I(v->at), I(v->result), I(v->passed),
		I(v->failed), I(v->untestable), I(v->generation), S(v->network),
		S(v->driver), S(v->failed_rows)),
	    &n, e);

	*fresh = n > 0;
	return rc;
}

int
verdicts_get(
    struct txn *t, int64_t project_id, struct verdict *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct verdict){ .project_id = project_id };
	if (query_open(&q, t,
		"SELECT at, result, passed, failed, untestable, generation,"
		" network, driver, failed_rows, gone FROM verdict"
		" WHERE project_id = ?",
		BINDS(I(project_id)), e) == -1)
		return -1;
	rc = query_next(&q, e);
	if (rc != 1)
		return rc;
	out->at = query_i64(&q);
	out->result = (enum verdict_result)query_i64(&q);
	out->passed = query_i64(&q);
	out->failed = query_i64(&q);
	out->untestable = query_i64(&q);
	out->generation = query_i64(&q);
	QUERY_NAME(&q, out->network);
	QUERY_NAME(&q, out->driver);
	out->failed_rows = query_text(&q);
	out->gone = query_bool(&q);
	return 0;
}

int
verdicts_set_gone(struct txn *t, int64_t project_id, struct err *e)
{
	return db_exec(t, "UPDATE verdict SET gone = 1 WHERE project_id = ?",
	    BINDS(I(project_id)), NULL, e);
}
