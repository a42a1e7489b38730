#include "server/store/jobs.h"

#include "lib/base/err.h"
#include "server/store/jobs_priv.h"

void
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
	j->runner_id = query_i64(q);
	j->priority = query_i64(q);
	j->cancel = query_bool(q);
	j->check.cpus = query_i64(q);
	j->check.pids = query_i64(q);
	j->check.disk = query_i64(q);
	QUERY_NAME(q, j->tree);
	j->retests = query_i64(q);
	j->check.image = query_text(q);
	j->check.profile = query_text(q);
	j->check.presets = query_text(q);
	j->check.labels = query_text(q);
	j->why = query_text(q);
	j->check.setup = query_text(q);
	j->check.test = query_text(q);
}

int
jobs_rows(struct txn *t, const char *sql, const struct bind *binds,
    struct job_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct job_list){ .n = 0 };
	if (query_open(&q, t, sql, binds, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		jobs_fill(&q, LIST_ADD(out));
	if (rc == -1)
		job_list_release(out);
	out->total = (int64_t)out->n;
	return rc;
}

int
jobs_state(
    struct txn *t, const struct job_new *of, enum job_state *out, struct err *e)
{
	static const char sql
	    [] = "SELECT state FROM job WHERE project_id = ?1 AND pull = ?2"
		 " AND sha = ?3 AND name = ?4"
		 " AND (?5 = '' OR (spec = ?5 AND (tree = ?6 OR state = 11)))";
	int64_t state = 0;

	if (db_number(t, sql,
		BINDS(I(of->project_id), I(of->pull), S(of->sha), S(of->name),
		    S(of->spec), S(of->tree)),
		&state, e) == -1)
		return -1;
	*out = (enum job_state)state;
	return 0;
}

/* A JSON list as it is kept. */
static const char *
jobs_json(const char *text)
{
	return text == NULL || *text == '\0' ? "[]" : text;
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
	    " setup = ?7, test = ?8, tree = ?10, image = ?11, profile = ?12,"
	    " presets = ?13, labels = ?14, cpus = ?15, pids = ?16, disk = ?17,"
	    " priority = ?18, spec = ?19, attempt = 0, lease = '', lease_until "
	    "= 0,"
	    " runner = '', runner_id = 0, cancel = 0, phase = '', has_exit = 0,"
	    " exit_code = 0, signal = 0, started_at = 0, ended_at = 0, why = "
	    "'',"
	    " retests = retests + (tree <> ?10)"
	    " WHERE id = ?9 AND (state IN (10, 11) OR network_setup <> ?2"
	    " OR network_test <> ?3 OR timeout_s <> ?4 OR memory <> ?5"
	    " OR required <> ?6 OR setup <> ?7 OR test <> ?8 OR tree <> ?10"
	    " OR image <> ?11 OR profile <> ?12 OR presets <> ?13"
	    " OR labels <> ?14 OR cpus <> ?15 OR pids <> ?16 OR disk <> ?17"
	    " OR spec <> ?19)";
	const struct job_check *c = n->check;
	int64_t rows = 0;

	if (db_exec(t, sql,
		BINDS(S(n->base_sha), I(c->network_setup), I(c->network_test),
		    I(c->timeout_s), I(c->memory), I(c->required), S(c->setup),
		    S(c->test), I(id), S(n->tree), S(c->image), S(c->profile),
		    S(jobs_json(c->presets)), S(jobs_json(c->labels)),
		    I(c->cpus), I(c->pids), I(c->disk), I(n->priority),
		    S(n->spec)),
		&rows, e) == -1)
		return -1;
	*renewed = rows > 0;
	return 0;
}

static int
jobs_add(struct txn *t, const struct job_new *n, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO job (project_id, pull, sha, base_sha, name, state,"
	    " network_setup, network_test, timeout_s, memory, required,"
	    " created_at, setup, test, tree, image, profile, presets, labels,"
	    " cpus, pids, disk, priority, spec)"
	    " VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	    " ?, ?, ?, ?, ?)";
	const struct job_check *c = n->check;

	return db_exec(t, sql,
	    BINDS(I(n->project_id), I(n->pull), S(n->sha), S(n->base_sha),
		S(n->name), I(c->network_setup), I(c->network_test),
		I(c->timeout_s), I(c->memory), I(c->required), I(n->now),
		S(c->setup), S(c->test), S(n->tree), S(c->image), S(c->profile),
		S(jobs_json(c->presets)), S(jobs_json(c->labels)), I(c->cpus),
		I(c->pids), I(c->disk), I(n->priority), S(n->spec)),
	    NULL, e);
}

int
jobs_insert(struct txn *t, const struct job_new *n, int64_t *id, bool *created,
    struct err *e)
{
	static const char
	    find[] = "SELECT id FROM job WHERE project_id = ? AND pull = ?"
		     " AND sha = ? AND name = ?";

	*created = false;
	if (db_number(t, find,
		BINDS(I(n->project_id), I(n->pull), S(n->sha), S(n->name)), id,
		e) == -1)
		return -1;
	if (*id != 0)
		return jobs_renew(t, n, *id, created, e);
	if (jobs_add(t, n, e) == -1)
		return -1;
	*id = db_last_id(t);
	*created = true;
	return 0;
}

int
jobs_settle(struct txn *t, const struct job_new *n, enum job_state state,
    const char *why, int64_t *id, struct err *e)
{
	static const char
	    find[] = "SELECT id FROM job WHERE project_id = ? AND pull = ?"
		     " AND sha = ? AND name = ?";
	static const char
	    sql[] = "UPDATE job SET state = ?, why = ?, ended_at = ?,"
		    " base_sha = ?, required = ?, lease = '', spec = ?,"
		    " tree = ? WHERE id = ?";

	if (db_number(t, find,
		BINDS(I(n->project_id), I(n->pull), S(n->sha), S(n->name)), id,
		e) == -1)
		return -1;
	if (*id == 0) {
		if (jobs_add(t, n, e) == -1)
			return -1;
		*id = db_last_id(t);
	}
	return db_exec(t, sql,
	    BINDS(I(state), S(why), I(n->now), S(n->base_sha),
		I(n->check->required), S(n->spec), S(n->tree), I(*id)),
	    NULL, e);
}

int
jobs_of_head(struct txn *t, int64_t project_id, int64_t pull, const char *sha,
    struct job_list *out, struct err *e)
{
	return jobs_rows(t,
	    "SELECT " JOB_COLS JOB_FROM " WHERE j.project_id = ?"
	    " AND j.pull = ? AND j.sha = ? ORDER BY j.id LIMIT 200",
	    BINDS(I(project_id), I(pull), S(sha)), out, e);
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
jobs_retest(struct txn *t, const struct job_new *of, int64_t over, int64_t *n,
    struct err *e)
{
	return db_exec(t,
	    "UPDATE job SET priority = max(priority, 0),"
	    " retests = CASE WHEN retests >= ?4 THEN 0 ELSE retests END"
	    " WHERE project_id = ?1 AND pull = ?2 AND sha = ?3"
	    " AND (retests >= ?4 OR (state = 1 AND priority < 0))",
	    BINDS(I(of->project_id), I(of->pull), S(of->sha), I(over)), n, e);
}
