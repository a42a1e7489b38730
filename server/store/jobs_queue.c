#include <string.h>

#include <sodium.h>

#include "lib/base/err.h"
#include "lib/base/view.h"
#include "server/store/jobs_priv.h"

#define JOB_STALE "the lease is not the job's"

/* Of the most urgent the one whose project runs the fewest, of these the
 * oldest: no project waits for another's hundred. */
int
jobs_claim_next(
    struct txn *t, const struct job_claim *c, struct job *out, struct err *e)
{
	static const char sql
	    [] = "UPDATE job SET state = 2, attempt = attempt + 1, lease = ?,"
		 " lease_until = ?, runner = ?, runner_id = ?, started_at = ?,"
		 " log_bytes = 0, cancel = 0, why = ''"
		 " WHERE state = 1 AND id = (SELECT j.id FROM job j"
		 " JOIN project p ON p.id = j.project_id"
		 " WHERE j.state = 1 AND p.state = 1 AND (j.labels = '[]'"
		 " OR NOT EXISTS (SELECT 1 FROM json_each(j.labels) w"
		 " WHERE w.value NOT IN (SELECT value FROM json_each(?))))"
		 " AND (? OR NOT " JOB_NEEDS_NETWORK ")"
		 " ORDER BY j.priority DESC, (SELECT count(*) FROM job r"
		 " WHERE r.state = 2 AND r.project_id = j.project_id), j.id"
		 " LIMIT 1) RETURNING id";
	int64_t id = 0;

	*out = (struct job){ .id = 0 };
	if (strlen(c->lease) != LEASE_HEX)
		return err_set(
		    e, ERR_INVALID, "a lease has %d digits", (int)LEASE_HEX);
	if (db_number(t, sql,
		BINDS(S(c->lease), I(c->lease_until), S(c->runner),
		    I(c->runner_id), I(c->now),
		    S(c->labels != NULL ? c->labels : "[]"), I(c->network)),
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
	*cancel = state == JOB_SUPERSEDED || j.cancel;
	job_release(&j);
	if (state == JOB_SUPERSEDED)
		return 0;
	return db_exec_one(t,
	    "UPDATE job SET lease_until = ? WHERE id = ? AND state = 2",
	    BINDS(I(lease_until), I(id)), ERR_BUSY, "the job has ended", e);
}

int
jobs_running(
    struct txn *t, int64_t runner_id, struct job_list *out, struct err *e)
{
	if (runner_id == 0)
		return jobs_rows(t,
		    "SELECT " JOB_COLS JOB_FROM " WHERE j.state = 2"
		    " ORDER BY j.id",
		    NULL, out, e);
	return jobs_rows(t,
	    "SELECT " JOB_COLS JOB_FROM
	    " WHERE j.state = 2 AND j.runner_id = ? ORDER BY j.id",
	    BINDS(I(runner_id)), out, e);
}

int
jobs_count_running(
    struct txn *t, int64_t runner_id, int64_t *out, struct err *e)
{
	return db_number(t,
	    "SELECT count(*) FROM job WHERE state = 2 AND runner_id = ?",
	    BINDS(I(runner_id)), out, e);
}

int
jobs_lose(struct txn *t, int64_t id, const char *lease, int64_t now,
    struct job *out, struct err *e)
{
	static const char sql[] =
	    "UPDATE job SET lease = '', lease_until = 0,"
	    " state = CASE WHEN cancel THEN 8 WHEN attempt < ?1 THEN 1"
	    " ELSE 9 END, ended_at = CASE WHEN cancel OR attempt >= ?1 THEN ?2"
	    " ELSE 0 END, why = CASE WHEN cancel THEN why"
	    " ELSE 'the runner was lost' END"
	    " WHERE id = ?3 AND state = 2 AND lease = ?4";

	*out = (struct job){ .id = 0 };
	if (db_exec_one(t, sql,
		BINDS(I(JOB_ATTEMPTS_MAX), I(now), I(id), S(lease)), ERR_BUSY,
		JOB_STALE, e) == -1)
		return -1;
	return jobs_get(t, id, out, e);
}

int
jobs_overdue(struct txn *t, int64_t id, const char *lease, int64_t now,
    struct job *out, struct err *e)
{
	static const char sql
	    [] = "UPDATE job SET lease = '', lease_until = 0, ended_at = ?1,"
		 " state = CASE WHEN cancel THEN 8 ELSE 6 END,"
		 " why = CASE WHEN cancel THEN why || ', without an answer of"
		 " the runner' ELSE 'its runner held it for longer than it"
		 " may' END WHERE id = ?2 AND state = 2 AND lease = ?3";

	*out = (struct job){ .id = 0 };
	if (db_exec_one(t, sql, BINDS(I(now), I(id), S(lease)), ERR_BUSY,
		JOB_STALE, e) == -1)
		return -1;
	return jobs_get(t, id, out, e);
}

int
jobs_give_back(struct txn *t, int64_t id, const char *lease, struct err *e)
{
	return db_exec(t,
	    "UPDATE job SET state = 1, attempt = attempt - 1, lease = '',"
	    " lease_until = 0, runner = '', runner_id = 0, started_at = 0"
	    " WHERE id = ? AND state = 2 AND lease = ?",
	    BINDS(I(id), S(lease)), NULL, e);
}

int
jobs_cancel(struct txn *t, int64_t id, const char *why, int64_t now,
    struct job *out, struct err *e)
{
	static const char
	    sql[] = "UPDATE job SET cancel = 1, why = ?1,"
		    " ended_at = CASE state WHEN 1 THEN ?2 ELSE ended_at END,"
		    " state = CASE state WHEN 1 THEN 8 ELSE state END"
		    " WHERE id = ?3 AND state IN (1, 2)";

	*out = (struct job){ .id = 0 };
	if (db_exec_one(t, sql, BINDS(S(why), I(now), I(id)), ERR_EXISTS,
		"the job has ended", e) == -1)
		return -1;
	return jobs_get(t, id, out, e);
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
