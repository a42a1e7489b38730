#include "server/store/jobs.h"

#include <string.h>

#include <sodium.h>

#include "lib/base/err.h"
#include "lib/base/view.h"
#include "server/store/db_priv.h"

#define JOB_COLS                                                          \
	"j.id, j.project_id, p.owner || '/' || p.name, j.pull, j.sha,"    \
	" j.base_sha, j.name, j.state, j.network_setup, j.network_test,"  \
	" j.timeout_s, j.memory, j.required, j.attempt, j.lease,"         \
	" j.lease_until, j.runner, j.phase, j.has_exit, j.exit_code,"     \
	" j.signal, j.log_bytes, j.created_at, j.started_at, j.ended_at," \
	" j.why, j.setup, j.test"
#define JOB_FROM " FROM job j JOIN project p ON p.id = j.project_id"
#define JOB_STALE "the lease is not the job's"

static void
jobs_fill(struct query *q, struct job *j)
{
	j->id = query_i64(q);
	j->project_id = query_i64(q);
	QUERY_NAME(q, j->project_name);
	j->pull = query_i64(q);
	QUERY_NAME(q, j->sha);
	QUERY_NAME(q, j->base_sha);
	QUERY_NAME(q, j->name);
	j->state = (enum job_state)query_i64(q);
	j->check.network_setup = (enum network_mode)query_i64(q);
	j->check.network_test = (enum network_mode)query_i64(q);
	j->check.timeout_s = query_i64(q);
	j->check.memory = query_i64(q);
	j->check.required = query_bool(q);
	j->attempt = query_i64(q);
	QUERY_NAME(q, j->lease);
	j->lease_until = query_i64(q);
	j->runner = query_text(q);
	j->phase = query_text(q);
	j->has_exit = query_bool(q);
	j->exit_code = query_i64(q);
	j->signal = query_i64(q);
	j->log_bytes = query_i64(q);
	j->created_at = query_i64(q);
	j->started_at = query_i64(q);
	j->ended_at = query_i64(q);
	j->why = query_text(q);
	j->check.setup = query_text(q);
	j->check.test = query_text(q);
}

int
jobs_state(
    struct txn *t, const struct job_new *of, enum job_state *out, struct err *e)
{
	static const char
	    sql[] = "SELECT state FROM job WHERE project_id = ? AND pull = ?"
		    " AND sha = ? AND name = ?";
	int64_t state = 0;

	if (db_number(t, sql,
		BINDS(I(of->project_id), I(of->pull), S(of->sha), S(of->name)),
		&state, e) == -1)
		return -1;
	*out = (enum job_state)state;
	return 0;
}

/* What it ran, or would run, is not what is asked for now: it is queued again.
 * A runner that still has it hears at its next beat that the lease is gone. */
static int
jobs_renew(struct txn *t, const struct job_new *n, int64_t id, bool *renewed,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE job SET state = 1, base_sha = ?1, network_setup = ?2,"
	    " network_test = ?3, timeout_s = ?4, memory = ?5, required = ?6,"
	    " setup = ?7, test = ?8, attempt = 0, lease = '', lease_until = 0,"
	    " runner = '', phase = '', has_exit = 0, exit_code = 0,"
	    " signal = 0, started_at = 0, ended_at = 0, why = ''"
	    " WHERE id = ?9 AND (state = 10 OR network_setup <> ?2"
	    " OR network_test <> ?3 OR timeout_s <> ?4 OR memory <> ?5"
	    " OR required <> ?6 OR setup <> ?7 OR test <> ?8)";
	const struct job_check *c = n->check;
	int64_t rows = 0;

	if (db_exec(t, sql,
		BINDS(S(n->base_sha), I(c->network_setup), I(c->network_test),
		    I(c->timeout_s), I(c->memory), I(c->required), S(c->setup),
		    S(c->test), I(id)),
		&rows, e) == -1)
		return -1;
	*renewed = rows > 0;
	return 0;
}

int
jobs_insert(struct txn *t, const struct job_new *n, int64_t *id, bool *created,
    struct err *e)
{
	static const char
	    find[] = "SELECT id FROM job WHERE project_id = ? AND pull = ?"
		     " AND sha = ? AND name = ?";
	static const char sql[] =
	    "INSERT INTO job (project_id, pull, sha, base_sha, name, state,"
	    " network_setup, network_test, timeout_s, memory, required,"
	    " created_at, setup, test)"
	    " VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)";
	const struct job_check *c = n->check;

	*created = false;
	if (db_number(t, find,
		BINDS(I(n->project_id), I(n->pull), S(n->sha), S(n->name)), id,
		e) == -1)
		return -1;
	if (*id != 0)
		return jobs_renew(t, n, *id, created, e);
	if (db_exec(t, sql,
		BINDS(I(n->project_id), I(n->pull), S(n->sha), S(n->base_sha),
		    S(n->name), I(c->network_setup), I(c->network_test),
		    I(c->timeout_s), I(c->memory), I(c->required), I(n->now),
		    S(c->setup), S(c->test)),
		NULL, e) == -1)
		return -1;
	*id = db_last_id(t);
	*created = true;
	return 0;
}

int
jobs_get(struct txn *t, int64_t id, struct job *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct job){ .id = 0 };
	if (query_one(&q, t, "SELECT " JOB_COLS JOB_FROM " WHERE j.id = ?",
		BINDS(I(id)), "job does not exist", e) == -1)
		return -1;
	jobs_fill(&q, out);
	return 0;
}

int
jobs_list(struct txn *t, int64_t project_id, int64_t pull, int64_t limit,
    int64_t offset, struct job_list *out, struct err *e)
{
	static const char *const sql[3] = { "SELECT " JOB_COLS JOB_FROM,
		" ORDER BY j.id DESC" };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	int rc;

	*out = (struct job_list){ .n = 0 };
	where_add1(&w, "j.project_id = ?", I(project_id));
	if (pull != 0)
		where_add1(&w, "j.pull = ?", I(pull));
	if (where_count(&w, t, "job j", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, limit, offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		jobs_fill(&q, LIST_ADD(out));
	if (rc == -1)
		job_list_release(out);
	return rc;
}

int
jobs_claim_next(
    struct txn *t, const struct job_claim *c, struct job *out, struct err *e)
{
	static const char sql
	    [] = "UPDATE job SET state = 2, attempt = attempt + 1, lease = ?,"
		 " lease_until = ?, runner = ?, started_at = ?, log_bytes = 0"
		 " WHERE state = 1 AND id = (SELECT j.id FROM job j"
		 " JOIN project p ON p.id = j.project_id"
		 " WHERE j.state = 1 AND p.state = 1 ORDER BY j.id LIMIT 1)"
		 " RETURNING id";
	int64_t id = 0;

	*out = (struct job){ .id = 0 };
	if (strlen(c->lease) != LEASE_HEX)
		return err_set(
		    e, ERR_INVALID, "a lease has %d digits", (int)LEASE_HEX);
	if (db_number(t, sql,
		BINDS(S(c->lease), I(c->lease_until), S(c->runner), I(c->now)),
		&id, e) == -1)
		return -1;
	if (id == 0)
		return err_set(e, ERR_NOTFOUND, "no job is queued");
	return jobs_get(t, id, out, e);
}

int
jobs_by_lease(struct txn *t, int64_t id, const char *lease, struct job *out,
    struct err *e)
{
	if (jobs_get(t, id, out, e) == -1)
		return -1;
	if (strlen(lease) == LEASE_HEX && strlen(out->lease) == LEASE_HEX &&
	    sodium_memcmp(lease, out->lease, LEASE_HEX) == 0)
		return 0;
	job_release(out);
	return err_set(e, ERR_BUSY, JOB_STALE);
}

int
jobs_heartbeat(struct txn *t, int64_t id, const char *lease,
    int64_t lease_until, bool *cancel, struct err *e)
{
	struct job j;
	enum job_state state;

	if (jobs_by_lease(t, id, lease, &j, e) == -1)
		return -1;
	state = j.state;
	job_release(&j);
	*cancel = state == JOB_SUPERSEDED;
	if (*cancel)
		return 0;
	return db_exec_one(t,
	    "UPDATE job SET lease_until = ? WHERE id = ? AND state = 2",
	    BINDS(I(lease_until), I(id)), ERR_BUSY, "the job has ended", e);
}

static int
jobs_expired(struct txn *t, int64_t now, int64_t limit, struct job_list *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct job_list){ .n = 0 };
	if (query_open(&q, t,
		"SELECT " JOB_COLS JOB_FROM
		" WHERE j.state = 2 AND j.lease_until <= ?"
		" ORDER BY j.lease_until LIMIT ?",
		BINDS(I(now), I(db_limit(limit))), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		jobs_fill(&q, LIST_ADD(out));
	if (rc == -1)
		job_list_release(out);
	return rc;
}

int
jobs_requeue_expired(struct txn *t, int64_t now, int64_t limit,
    struct job_list *out, struct err *e)
{
	static const char
	    sql[] = "UPDATE job SET lease = '', lease_until = 0,"
		    " state = CASE WHEN attempt < ? THEN 1 ELSE 9 END,"
		    " ended_at = CASE WHEN attempt < ? THEN 0 ELSE ? END,"
		    " why = 'the runner was lost' WHERE id = ?";
	struct job_list lost;
	int rc = 0;

	*out = (struct job_list){ .n = 0 };
	if (jobs_expired(t, now, limit, &lost, e) == -1)
		return -1;
	for (size_t i = 0; i < lost.n && rc == 0; i++) {
		rc = db_exec(t, sql,
		    BINDS(I(JOB_ATTEMPTS_MAX), I(JOB_ATTEMPTS_MAX), I(now),
			I(lost.at[i].id)),
		    NULL, e);
		if (rc == 0)
			rc = jobs_get(t, lost.at[i].id, LIST_ADD(out), e);
	}
	job_list_release(&lost);
	if (rc == -1)
		job_list_release(out);
	out->total = (int64_t)out->n;
	return rc;
}

int
jobs_supersede(struct txn *t, int64_t project_id, int64_t pull,
    const char *keep_sha, int64_t now, int64_t *n, struct err *e)
{
	return db_exec(t,
	    "UPDATE job SET state = 10, ended_at = ?,"
	    " why = 'the pull request moved on'"
	    " WHERE project_id = ? AND pull = ? AND sha <> ?"
	    " AND state IN (1, 2)",
	    BINDS(I(now), I(project_id), I(pull), S(keep_sha)), n, e);
}

/* NULL was written as "". */
static bool
jobs_same_text(const char *kept, const char *given)
{
	return view_eq(view_of(kept), view_of(given));
}

static bool
jobs_same_result(const struct job *j, const struct job_result *r)
{
	return j->state == r->state && jobs_same_text(j->phase, r->phase) &&
	    j->has_exit == r->has_exit && j->exit_code == r->exit_code &&
	    j->signal == r->signal && jobs_same_text(j->why, r->why);
}

static int
jobs_write_result(
    struct txn *t, int64_t id, const struct job_result *r, struct err *e)
{
	static const char
	    sql[] = "UPDATE job SET state = ?, phase = ?, has_exit = ?,"
		    " exit_code = ?, signal = ?, why = ?, ended_at = ?"
		    " WHERE id = ? AND state = 2";

	return db_exec_one(t, sql,
	    BINDS(I(r->state), S(r->phase), I(r->has_exit), I(r->exit_code),
		I(r->signal), S(r->why), I(r->now), I(id)),
	    ERR_BUSY, "the job does not run", e);
}

int
jobs_finish(struct txn *t, int64_t id, const struct job_result *r,
    enum job_outcome *out, struct err *e)
{
	struct job j;
	int rc = 0;

	if (!job_state_is_end(r->state) || r->state == JOB_SUPERSEDED)
		return err_set(e, ERR_INVALID, "a job does not end as %s",
		    job_state_name(r->state));
	if (jobs_by_lease(t, id, r->lease, &j, e) == -1) {
		if (e->code == ERR_BUSY)
			e->code = ERR_EXISTS;
		return -1;
	}
	if (j.state == JOB_SUPERSEDED) {
		*out = JOB_RESULT_IGNORED;
	} else if (job_state_is_end(j.state)) {
		*out = JOB_RESULT_REPEATED;
		if (!jobs_same_result(&j, r))
			rc = err_set(e, ERR_EXISTS,
			    "the job has another result: %s",
			    job_state_name(j.state));
	} else {
		*out = JOB_RESULT_TAKEN;
		rc = jobs_write_result(t, id, r, e);
	}
	job_release(&j);
	return rc;
}

int
jobs_set_log_bytes(
    struct txn *t, int64_t id, int64_t from, int64_t to, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE job SET log_bytes = ? WHERE id = ? AND log_bytes = ?",
	    BINDS(I(to), I(id), I(from)), ERR_BUSY,
	    "the log has another length", e);
}
