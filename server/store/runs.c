#include "server/store/runs.h"

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "server/store/db_priv.h"
#include "server/store/newest.h"

#define RUN_COLS                                                          \
	"r.id, r.project_id, p.owner || '/' || p.name, r.event, r.cause," \
	" r.retry_of, r.attempt, r.not_before,"                           \
	" r.item, r.is_pull, r.command, r.access, r.agent, r.network,"    \
	" r.wall_s, r.budget, r.branch, r.base, r.base_sha, r.state, "    \
	"r.cancel,"                                                       \
	" r.has_exit, r.exit_code, r.log_bytes, r.comment, r.pull,"       \
	" r.created_at, r.started_at, r.ended_at, r.why, r.message,"      \
	" r.record"
#define RUN_FROM " FROM run r JOIN project p ON p.id = r.project_id"
#define RUN_NONE "run does not exist"

static void
runs_fill(struct query *q, struct run *r)
{
	r->id = query_i64(q);
	r->project_id = query_i64(q);
	QUERY_NAME(q, r->project_name);
	r->event = query_i64(q);
	QUERY_NAME(q, r->cause);
	r->retry_of = query_i64(q);
	r->attempt = query_i64(q);
	r->not_before = query_i64(q);
	r->item = query_i64(q);
	r->is_pull = query_bool(q);
	r->command = query_text(q);
	r->access = (enum access_level)query_i64(q);
	r->agent = query_text(q);
	r->network = (enum network_mode)query_i64(q);
	r->wall_s = query_i64(q);
	r->budget = query_i64(q);
	r->branch = query_text(q);
	r->base = query_text(q);
	QUERY_NAME(q, r->base_sha);
	r->state = (enum run_state)query_i64(q);
	r->cancel = query_bool(q);
	r->has_exit = query_bool(q);
	r->exit_code = query_i64(q);
	r->log_bytes = query_i64(q);
	r->comment = query_i64(q);
	r->pull = query_i64(q);
	r->created_at = query_i64(q);
	r->started_at = query_i64(q);
	r->ended_at = query_i64(q);
	r->why = query_text(q);
	r->message = query_text(q);
	r->record = query_text(q);
}

int
runs_insert(struct txn *t, const struct run_new *n, int64_t *id, bool *created,
    struct err *e)
{
	static const char sql[] =
	    "INSERT INTO run (project_id, event, cause, item, is_pull,"
	    " command, access, agent, network, wall_s, budget, env,"
	    " branch, base, base_sha, retry_of, attempt, not_before, state,"
	    " created_at)"
	    " SELECT ?, seq, kind, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	    " ?, ?, ?, 1, ?"
	    " FROM event WHERE seq = ?";

	*created = false;
	if (db_number(t, "SELECT id FROM run WHERE event = ?",
		BINDS(I(n->event)), id, e) == -1)
		return -1;
	if (*id != 0)
		return 0;
	if (db_exec_one(t, sql,
		BINDS(I(n->project_id), I(n->item), I(n->is_pull),
		    S(n->command), I(n->access), S(n->agent), I(n->network),
		    I(n->wall_s), I(n->budget), S(n->env == NULL ? "" : n->env),
		    S(n->branch), S(n->base), S(n->base_sha), I(n->retry_of),
		    I(n->attempt == 0 ? 1 : n->attempt), I(n->not_before),
		    I(n->now), I(n->event)),
		ERR_NOTFOUND, "event does not exist", e) == -1)
		return -1;
	*id = db_last_id(t);
	*created = true;
	return 0;
}

int
runs_get(struct txn *t, int64_t id, struct run *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct run){ .id = 0 };
	if (query_one(&q, t, "SELECT " RUN_COLS RUN_FROM " WHERE r.id = ?",
		BINDS(I(id)), RUN_NONE, e) == -1)
		return -1;
	runs_fill(&q, out);
	return 0;
}

int
runs_env(struct txn *t, int64_t id, char **out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = NULL;
	if (query_one(&q, t, "SELECT env FROM run WHERE id = ?", BINDS(I(id)),
		RUN_NONE, e) == -1)
		return -1;
	*out = query_text(&q);
	return 0;
}

void
run_env_keys_release(struct run_env_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		free(keys->at[i]);
	free(keys->at);
	*keys = (struct run_env_keys){ .n = 0 };
}

int
runs_env_keys(struct txn *t, struct run_env_keys *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct run_env_keys){ .n = 0 };
	if (query_open(&q, t,
		"SELECT env FROM run WHERE state < 5 AND env <> ''", NULL,
		e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		if (out->n == out->room) {
			out->room = out->room == 0 ? 8 : 2 * out->room;
			out->at = xrealloc(
			    out->at, out->room * sizeof(*out->at));
		}
		out->at[out->n++] = query_text(&q);
	}
	if (rc == -1)
		run_env_keys_release(out);
	return rc;
}

int
runs_newest(struct txn *t, int64_t project_id, int64_t item, struct run *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct run){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " RUN_COLS RUN_FROM
		" WHERE r.project_id = ? AND r.item = ?"
		" ORDER BY r.id DESC LIMIT 1",
		BINDS(I(project_id), I(item)), RUN_NONE, e) == -1)
		return -1;
	runs_fill(&q, out);
	return 0;
}

int
runs_set_due(struct txn *t, int64_t project_id, int64_t item, struct err *e)
{
	return db_exec(t,
	    "UPDATE run SET not_before = 0 WHERE project_id = ? AND item = ?"
	    " AND state = 1 AND not_before > 0",
	    BINDS(I(project_id), I(item)), NULL, e);
}

int
runs_count(struct txn *t, int64_t project_id, int64_t item, int64_t since,
    int64_t *n, struct err *e)
{
	return item == 0 ? db_number(t,
			       "SELECT count(*) FROM run WHERE project_id = ?"
			       " AND created_at > ?",
			       BINDS(I(project_id), I(since)), n, e)
			 : db_number(t,
			       "SELECT count(*) FROM run WHERE project_id = ?"
			       " AND item = ? AND created_at > ?",
			       BINDS(I(project_id), I(item), I(since)), n, e);
}

static int
runs_read(struct query *q, struct run_list *out, struct err *e)
{
	int rc;

	while ((rc = query_next(q, e)) == 1)
		runs_fill(q, LIST_ADD(out));
	if (rc == -1)
		run_list_release(out);
	return rc;
}

static void
runs_where(struct where *w, const struct run_filter *f)
{
	if (f->item != 0)
		where_add1(w, "r.item = ?", I(f->item));
	if (f->state != 0)
		where_add1(w, "r.state = ?", I(f->state));
	if (f->branch != NULL && f->pull != 0)
		where_add2(w, "(r.branch = ? OR r.pull = ?)", S(f->branch),
		    I(f->pull));
	else if (f->branch != NULL)
		where_add1(w, "r.branch = ?", S(f->branch));
	else if (f->pull != 0)
		where_add1(w, "r.pull = ?", I(f->pull));
}

static void
runs_where_project(struct where *w, const struct run_filter *f)
{
	if (f->project_id != 0)
		where_add1(w, "r.project_id = ?", I(f->project_id));
	if (f->viewer != 0)
		where_add1(w,
		    "r.project_id IN"
		    " (SELECT project_id FROM role WHERE account_id = ?)",
		    I(f->viewer));
}

static int
runs_open(
    struct query *q, struct txn *t, const struct run_filter *f, struct err *e)
{
	static const char *const sql[3] = { "SELECT " RUN_COLS RUN_FROM,
		" ORDER BY r.id DESC" };
	const struct newest n = { .from = "run r",
		.id = "r.id",
		.of = "r.project_id",
		.select = sql[0],
		.viewer = f->viewer,
		.project_id = f->project_id,
		.limit = f->limit,
		.offset = f->offset };
	AUTO_WHERE struct where w = WHERE_INIT;

	if (f->viewer == 0)
		runs_where_project(&w, f);
	runs_where(&w, f);
	return f->viewer == 0
	    ? where_open(&w, q, t, sql, f->limit, f->offset, e)
	    : newest_open(q, t, &n, &w, NULL, e);
}

int
runs_list(struct txn *t, const struct run_filter *f, struct run_list *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;

	*out = (struct run_list){ .n = 0 };
	runs_where_project(&w, f);
	runs_where(&w, f);
	if (where_count(&w, t, "run r", &out->total, e) == -1 ||
	    runs_open(&q, t, f, e) == -1)
		return -1;
	return runs_read(&q, out, e);
}

int
runs_unfinished(struct txn *t, int64_t after, int64_t limit,
    struct run_list *out, struct err *e)
{
	static const char *const sql[3] = { "SELECT " RUN_COLS RUN_FROM,
		" ORDER BY r.id" };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;

	*out = (struct run_list){ .n = 0 };
	where_add(&w, "r.state < 5"); /* as in the index run_unfinished */
	where_add1(&w, "r.id > ?", I(after));
	if (where_count(&w, t, "run r", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, limit, 0, e) == -1)
		return -1;
	return runs_read(&q, out, e);
}

int
runs_move(struct txn *t, int64_t id, enum run_state from, enum run_state to,
    const char *why, int64_t now, struct err *e)
{
	static const char
	    sql[] = "UPDATE run SET state = ?,"
		    " why = CASE WHEN ? THEN ? ELSE why END,"
		    " started_at = CASE WHEN ? THEN ? ELSE started_at END,"
		    " ended_at = CASE WHEN ? THEN ? ELSE ended_at END,"
		    " env = CASE WHEN ? THEN '' ELSE env END"
		    " WHERE id = ? AND state = ?";

	return db_exec_one(t, sql,
	    BINDS(I(to), I(why != NULL), S(why), I(to == RUN_RUNNING), I(now),
		I(run_state_is_end(to)), I(now), I(run_state_is_end(to)), I(id),
		I(from)),
	    ERR_BUSY, "the run is in another state", e);
}

int
runs_finish(
    struct txn *t, int64_t id, const struct run_finish *f, struct err *e)
{
	static const char sql
	    [] = "UPDATE run SET state = ?, why = ?, message = ?, record = ?,"
		 " has_exit = ?, exit_code = ?, comment = ?,"
		 " pull = CASE WHEN ? THEN ? ELSE pull END, ended_at = ?,"
		 " env = ''"
		 " WHERE id = ? AND state < ?";

	if (!run_state_is_end(f->state))
		return err_set(e, ERR_INVALID, "a run does not end as %s",
		    run_state_name(f->state));
	return db_exec_one(t, sql,
	    BINDS(I(f->state), S(f->why), S(f->message), S(f->record),
		I(f->has_exit), I(f->exit_code), I(f->comment), I(f->pull != 0),
		I(f->pull), I(f->now), I(id), I(RUN_DONE)),
	    ERR_BUSY, "the run has ended already", e);
}

int
runs_set_cancel(struct txn *t, int64_t id, bool *was, struct err *e)
{
	int64_t before = 0;

	if (db_number(t, "SELECT cancel FROM run WHERE id = ?", BINDS(I(id)),
		&before, e) == -1)
		return -1;
	*was = before != 0;
	return db_exec_one(t,
	    "UPDATE run SET cancel = 1 WHERE id = ? AND state < ?",
	    BINDS(I(id), I(RUN_DONE)), ERR_BUSY, "the run has ended already",
	    e);
}

int
runs_set_log_bytes(
    struct txn *t, int64_t id, int64_t from, int64_t to, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE run SET log_bytes = ? WHERE id = ? AND log_bytes = ?",
	    BINDS(I(to), I(id), I(from)), ERR_BUSY,
	    "the log has another length", e);
}
