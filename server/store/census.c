#include "server/store/census.h"

#include "server/store/db_priv.h"

static int
census_states(
    struct txn *t, const char *sql, int64_t out[CENSUS_STATES], struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, t, sql, NULL, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		int64_t state = query_i64(&q);

		if (state >= 0 && state < CENSUS_STATES)
			out[state] = query_i64(&q);
	}
	return rc;
}

static int
census_numbers(
    struct txn *t, int64_t seen_since, struct census *c, struct err *e)
{
	const struct {
		const char *sql;
		int64_t *out;
	} asks[] = {
		{ "SELECT count(*) FROM project", &c->projects },
		{ "SELECT count(*) FROM job WHERE state = 1", &c->jobs_queued },
		{ "SELECT count(*) FROM job WHERE state = 2",
		    &c->jobs_running },
		{ "SELECT count(*) FROM approval WHERE state = 1",
		    &c->approvals_open },
		{ "SELECT count(*) FROM delivery WHERE state = 1",
		    &c->deliveries_waiting },
		{ "SELECT count(*) FROM runner WHERE account_id > 0",
		    &c->runners },
		{ "SELECT count(*) FROM account WHERE deleted = 0", &c->users },
		{ "SELECT max(seq) FROM event", &c->events },
		{ "SELECT max(seq) FROM audit", &c->audit },
	};

	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
		if (db_number(t, asks[i].sql, NULL, asks[i].out, e) == -1)
			return -1;
	return db_number(t,
	    "SELECT count(*) FROM runner WHERE account_id > 0 AND seen_at >= ?",
	    BINDS(I(seen_since)), &c->runners_seen, e);
}

int
census_take(struct txn *t, int64_t agentd_id, int64_t seen_since,
    struct census *out, struct err *e)
{
	int64_t read = -1;

	*out = (struct census){ .projects = 0 };
	if (census_states(t,
		"SELECT mirror_state, count(*) FROM project"
		" GROUP BY mirror_state",
		out->mirrors, e) == -1 ||
	    census_states(t,
		"SELECT sandbox_state, count(*) FROM project"
		" GROUP BY sandbox_state",
		out->sandboxes, e) == -1 ||
	    census_states(t,
		"SELECT state, count(*) FROM run WHERE state < 5"
		" GROUP BY state",
		out->runs, e) == -1 ||
	    census_numbers(t, seen_since, out, e) == -1 ||
	    db_number(t,
		"SELECT coalesce(max(seq), -1) FROM reader_cursor"
		" WHERE account_id = ?",
		BINDS(I(agentd_id)), &read, e) == -1)
		return -1;
	out->agentd_lag = read == -1 ? -1 : out->events - read;
	return 0;
}
