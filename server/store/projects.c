#include "server/store/projects.h"

#include <stdio.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"
#include "server/store/db_priv.h"
#include "server/store/options.h"

enum {
	PROJECT_ARGS_MAX = 256 /* of an agent command, as kept */
};

#define PROJECT_COLS                                                           \
	"id, owner, (SELECT a.id FROM account a WHERE a.login = owner),"       \
	" name, upstream, default_branch, state, created_at,"                  \
	" mirror_state, mirror_refs, mirror_ok_at, mirror_next_at,"            \
	" mirror_failures, mirror_error, mirror_kind, mirror_attempt_at,"      \
	" sandbox_want, sandbox_state, sandbox_generation, sandbox_cause,"     \
	" sandbox_reason, sandbox_address, sandbox_at, interval_s, network,"   \
	" agent, pickup, approvals, max_wakes, memory, cpus, pids, disk,"      \
	" wall_s, hold, keep_days, agent_command, sandbox_options,"            \
	" runs_paused, trigger_label, max_retries, retry_s, max_item_runs,"    \
	" max_day_runs, gate_current, gate_talks, gate_merged, gate_findings," \
	" description, website,"                                               \
	" archived_at, has_issues, has_pulls, merge_styles, merge_style,"      \
	" delete_branch, parent_id"

/* The command is a JSON array of strings in its column. */
static void
projects_put_command(struct str *out, const struct project_settings *s)
{
	struct jw w;

	jw_init(&w, out);
	jw_array(&w, NULL);
	for (size_t i = 0; i < s->agent_command_n; i++)
		jw_str(&w, NULL, s->agent_command[i]);
	jw_end(&w);
}

static void
projects_fill_command(struct query *q, struct project_settings *s)
{
	AUTO_FREE char *text = query_text(q);
	const char *argv[PROJECT_ARGS_MAX];
	struct err ignored = ERR_INIT;
	struct json *j = json_parse(view_of(text), 0, &ignored);
	const struct json *m;
	size_t n = 0;

	for (m = json_first(j); m != NULL && n < PROJECT_ARGS_MAX;
	     m = json_next(m)) {
		if (json_is_string(m))
			argv[n++] = json_string(m);
	}
	project_settings_set_command(s, argv, n);
	json_free(j);
}

static void
projects_put_options(struct str *out, const struct project_settings *s)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	options_write(&w, &s->sandbox);
	jw_end(&w);
}

static void
projects_fill_options(struct query *q, struct sandbox_options *o)
{
	AUTO_FREE char *text = query_text(q);
	struct err ignored = ERR_INIT;
	struct json *j = json_parse(view_of(text), 0, &ignored);

	sandbox_options_init(o);
	(void)options_read(j, o, &ignored);
	json_free(j);
}

static void
projects_fill_settings(struct query *q, struct project_settings *s)
{
	s->interval_s = query_i64(q);
	s->network = (enum network_mode)query_i64(q);
	s->agent = query_text(q);
	s->pickup = query_bool(q);
	s->approvals = query_i64(q);
	s->max_wakes = query_i64(q);
	s->memory = query_i64(q);
	s->cpus = query_i64(q);
	s->pids = query_i64(q);
	s->disk = query_i64(q);
	s->wall_s = query_i64(q);
	s->hold = query_bool(q);
	s->keep_days = query_i64(q);
	projects_fill_command(q, s);
	projects_fill_options(q, &s->sandbox);
	s->runs_paused = query_bool(q);
	QUERY_NAME(q, s->trigger_label);
	s->max_retries = query_i64(q);
	s->retry_s = query_i64(q);
	s->max_item_runs = query_i64(q);
	s->max_day_runs = query_i64(q);
	s->current = query_bool(q);
	s->conversations = query_bool(q);
	s->test_merge = query_bool(q);
	s->findings = (enum look_gate)query_i64(q);
}

static void
projects_fill_profile(struct query *q, struct repo_profile *p)
{
	p->description = query_text(q);
	p->website = query_text(q);
	p->archived_at = query_i64(q);
	p->has_issues = query_bool(q);
	p->has_pulls = query_bool(q);
	p->merge_styles = query_i64(q);
	p->merge_style = (enum merge_style)query_i64(q);
	p->delete_branch = query_bool(q);
}

static void
projects_fill(struct query *q, struct project *p)
{
	p->id = query_i64(q);
	QUERY_NAME(q, p->owner);
	p->owner_id = query_i64(q);
	QUERY_NAME(q, p->name);
	p->upstream = query_text(q);
	p->default_branch = query_text(q);
	p->state = (enum project_state)query_i64(q);
	p->created_at = query_i64(q);
	p->mirror.state = (enum mirror_status)query_i64(q);
	p->mirror.refs = query_i64(q);
	p->mirror.last_ok_at = query_i64(q);
	p->mirror.next_at = query_i64(q);
	p->mirror.failures = query_i64(q);
	p->mirror.last_error = query_text(q);
	p->mirror.kind = (enum mirror_fail)query_i64(q);
	p->mirror.attempt_at = query_i64(q);
	p->sandbox.want = (enum sandbox_want)query_i64(q);
	p->sandbox.state = (enum sandbox_status)query_i64(q);
	p->sandbox.generation = query_i64(q);
	p->sandbox.cause = query_text(q);
	p->sandbox.reason = query_text(q);
	p->sandbox.address = query_text(q);
	p->sandbox.updated_at = query_i64(q);
	projects_fill_settings(q, &p->settings);
	projects_fill_profile(q, &p->profile);
	p->parent_id = query_i64(q);
}

int
projects_insert(
    struct txn *t, const struct project_new *n, int64_t *id, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO project (owner, name, upstream, state, created_at,"
	    " mirror_state, mirror_next_at, sandbox_want, sandbox_state,"
	    " sandbox_at, interval_s, network, agent, agent_command, pickup,"
	    " approvals, max_wakes, memory, cpus, pids, disk, wall_s,"
	    " hold, keep_days, description, default_branch, provisional,"
	    " sandbox_options, parent_id, runs_paused, trigger_label,"
	    " max_retries, retry_s, max_item_runs, max_day_runs,"
	    " gate_current, gate_talks, gate_merged, gate_findings)"
	    " VALUES (?, ?, ?, 1, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
	const struct project_settings *s = n->settings;
	bool own = n->upstream[0] == '\0';
	AUTO_STR struct str command = STR_INIT, options = STR_INIT;

	projects_put_command(&command, s);
	projects_put_options(&options, s);
	if (db_exec(t, sql,
		BINDS(S(n->owner), S(n->name), S(n->upstream), I(n->now),
		    I(own ? MIRROR_NONE : MIRROR_NEW), I(own ? 0 : n->now),
		    I(n->want != 0 ? n->want : WANT_RUNNING), I(n->now),
		    I(s->interval_s), I(s->network), S(s->agent),
		    S(str_cstr(&command)), I(s->pickup), I(s->approvals),
		    I(s->max_wakes), I(s->memory), I(s->cpus), I(s->pids),
		    I(s->disk), I(s->wall_s), I(s->hold), I(s->keep_days),
		    S(n->description), S(n->default_branch), I(n->provisional),
		    S(str_cstr(&options)), I(n->parent_id), I(s->runs_paused),
		    S(s->trigger_label), I(s->max_retries), I(s->retry_s),
		    I(s->max_item_runs), I(s->max_day_runs), I(s->current),
		    I(s->conversations), I(s->test_merge), I(s->findings)),
		NULL, e) == -1) {
		if (e->code == ERR_EXISTS)
			(void)err_set(e, ERR_EXISTS,
			    "a project of that name exists: %s", n->name);
		return -1;
	}
	*id = db_last_id(t);
	return 0;
}

static int
projects_one(struct txn *t, const char *sql, const struct bind *binds,
    struct project *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct project){ .id = 0 };
	if (query_one(&q, t, sql, binds, "project does not exist", e) == -1)
		return -1;
	projects_fill(&q, out);
	return 0;
}

int
projects_by_id(struct txn *t, int64_t id, struct project *out, struct err *e)
{
	return projects_one(t,
	    "SELECT " PROJECT_COLS " FROM project WHERE id = ?", BINDS(I(id)),
	    out, e);
}

int
projects_by_name(struct txn *t, const char *owner, const char *name,
    struct project *out, struct err *e)
{
	return projects_one(t,
	    "SELECT " PROJECT_COLS " FROM project WHERE name = ? AND owner = ?",
	    BINDS(S(name), S(owner)), out, e);
}

int
projects_by_upstream_name(
    struct txn *t, const char *name, struct project *out, struct err *e)
{
	return projects_one(t,
	    "SELECT " PROJECT_COLS " FROM project WHERE name = ?"
	    " AND upstream <> ''",
	    BINDS(S(name)), out, e);
}

#define PROJECT_OF_UID "owner = (SELECT a.login FROM account a WHERE a.id = ?)"
#define PROJECT_ROLE_OF \
	"id IN (SELECT project_id FROM role WHERE account_id = ?)"

static void
projects_where_user(struct where *w, const struct project_filter *f)
{
	if (f->viewer != 0)
		where_add1(w, PROJECT_ROLE_OF, I(f->viewer));
	if (f->watched_by != 0)
		where_add1(w,
		    "id IN (SELECT project_id FROM watch WHERE account_id = ?)",
		    I(f->watched_by));
	if (f->uid == 0)
		return;
	if (f->shared)
		where_add2(w, PROJECT_ROLE_OF " AND NOT " PROJECT_OF_UID,
		    I(f->uid), I(f->uid));
	else if (f->exclusive)
		where_add1(w, PROJECT_OF_UID, I(f->uid));
	else
		where_add2(w, "(" PROJECT_OF_UID " OR " PROJECT_ROLE_OF ")",
		    I(f->uid), I(f->uid));
}

static void
projects_where(struct where *w, const struct project_filter *f)
{
	bool asked = f->q != NULL && f->q[0] != '\0';

	projects_where_user(w, f);
	if (f->owner != NULL)
		where_add1(w, "owner = ?", S(f->owner));
	if (asked && f->by_topic)
		where_add1(w,
		    "id IN (SELECT project_id FROM topic WHERE name ="
		    " lower(?))",
		    S(f->q));
	else if (asked && f->in_text)
		where_add2(w,
		    "(instr(lower(name), lower(?)) > 0 OR"
		    " instr(lower(description), lower(?)) > 0)",
		    S(f->q), S(f->q));
	else if (asked)
		where_add1(w, "instr(lower(name), lower(?)) > 0", S(f->q));
	if (f->archived != 0)
		where_add(
		    w, f->archived > 0 ? "archived_at > 0" : "archived_at = 0");
	if (f->active)
		where_add(w, "state = 1");
	if (f->fork != 0)
		where_add(w, f->fork > 0 ? "parent_id > 0" : "parent_id = 0");
	if (f->parent_id != 0)
		where_add1(
		    w, "parent_id > 0 AND parent_id = ?", I(f->parent_id));
	if (f->kept)
		where_add(w, "provisional = 0");
}

/* Ids break ties, so that pages do not overlap. */
static const char *const projects_orders[][2] = {
	[PROJECT_BY_ID] = { "id", "id DESC" },
	[PROJECT_BY_NAME] = { "name, id", "name DESC, id DESC" },
	[PROJECT_BY_CREATED] = { "created_at, id", "created_at DESC, id DESC" },
	[PROJECT_BY_UPDATED] = { "(SELECT max(e.seq) FROM event e"
				 " WHERE e.project_id = project.id), id",
	    "(SELECT max(e.seq) FROM event e"
	    " WHERE e.project_id = project.id) DESC, id DESC" },
	[PROJECT_BY_SIZE] = { "(SELECT c.size FROM care c"
			      " WHERE c.project_id = project.id), id",
	    "(SELECT c.size FROM care c"
	    " WHERE c.project_id = project.id) DESC, id DESC" },
};

int
projects_list(struct txn *t, const struct project_filter *f,
    struct project_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	char order[256];
	const char *const sql[3] = { "SELECT " PROJECT_COLS " FROM project",
		order };
	int rc;

	*out = (struct project_list){ .n = 0 };
	(void)snprintf(order, sizeof(order), " ORDER BY %s%s",
	    f->first_uid != 0 ? "owner <> (SELECT a.login FROM account a"
				" WHERE a.id = ?), "
			      : "",
	    projects_orders[f->sort][f->descending ? 1 : 0]);
	projects_where(&w, f);
	if (where_count(&w, t, "project", &out->total, e) == -1)
		return -1;
	if (f->first_uid != 0)
		where_value(&w, I(f->first_uid));
	if (where_open(&w, &q, t, sql, f->limit, f->offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		projects_fill(&q, LIST_ADD(out));
	if (rc == -1)
		project_list_release(out);
	return rc;
}

int
projects_set_settings(
    struct txn *t, int64_t id, const struct project_settings *s, struct err *e)
{
	static const char sql
	    [] = "UPDATE project SET interval_s = ?, network = ?, agent = ?,"
		 " agent_command = ?, pickup = ?, approvals = ?, max_wakes = ?,"
		 " memory = ?, cpus = ?, pids = ?, disk = ?, wall_s = ?,"
		 " hold = ?, keep_days = ?, sandbox_options = ?,"
		 " runs_paused = ?, trigger_label = ?, max_retries = ?,"
		 " retry_s = ?,"
		 " max_item_runs = ?, max_day_runs = ?,"
		 " gate_current = ?, gate_talks = ?, gate_merged = ?,"
		 " gate_findings = ?"
		 " WHERE id = ?";
	AUTO_STR struct str command = STR_INIT, options = STR_INIT;

	projects_put_command(&command, s);
	projects_put_options(&options, s);
	return db_exec_one(t, sql,
	    BINDS(I(s->interval_s), I(s->network), S(s->agent),
		S(str_cstr(&command)), I(s->pickup), I(s->approvals),
		I(s->max_wakes), I(s->memory), I(s->cpus), I(s->pids),
		I(s->disk), I(s->wall_s), I(s->hold), I(s->keep_days),
		S(str_cstr(&options)), I(s->runs_paused), S(s->trigger_label),
		I(s->max_retries), I(s->retry_s), I(s->max_item_runs),
		I(s->max_day_runs), I(s->current), I(s->conversations),
		I(s->test_merge), I(s->findings), I(id)),
	    ERR_NOTFOUND, "project does not exist", e);
}

int
projects_set_profile(
    struct txn *t, int64_t id, const struct repo_profile *p, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE project SET description = ?, website = ?, archived_at = ?,"
	    " has_issues = ?, has_pulls = ?, merge_styles = ?,"
	    " merge_style = ?, delete_branch = ? WHERE id = ?",
	    BINDS(S(p->description), S(p->website), I(p->archived_at),
		I(p->has_issues), I(p->has_pulls), I(p->merge_styles),
		I(p->merge_style), I(p->delete_branch), I(id)),
	    ERR_NOTFOUND, "project does not exist", e);
}

int
projects_archived(struct txn *t, int64_t id, bool *out, struct err *e)
{
	int64_t at = 0;

	if (db_number(t, "SELECT archived_at FROM project WHERE id = ?",
		BINDS(I(id)), &at, e) == -1)
		return -1;
	*out = at != 0;
	return 0;
}

int
projects_keep(struct txn *t, int64_t id, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE project SET provisional = 0 WHERE id = ? AND state = 1",
	    BINDS(I(id)), ERR_BUSY, "the project is being deleted", e);
}

int
projects_provisional(
    struct txn *t, int64_t *ids, size_t max, size_t *n, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc = 0;

	*n = 0;
	if (query_open(&q, t,
		"SELECT id FROM project WHERE provisional = 1 AND state = 1"
		" ORDER BY id LIMIT ?",
		BINDS(I(max)), e) == -1)
		return -1;
	while (*n < max && (rc = query_next(&q, e)) == 1)
		ids[(*n)++] = query_i64(&q);
	return rc == -1 ? -1 : 0;
}

int
projects_unit(struct txn *t, int64_t id, bool pulls, bool *on, struct err *e)
{
	int64_t n = 0;

	if (db_number(t,
		pulls ? "SELECT has_pulls FROM project WHERE id = ?"
		      : "SELECT has_issues FROM project WHERE id = ?",
		BINDS(I(id)), &n, e) == -1)
		return -1;
	*on = n != 0;
	return 0;
}

int
projects_choose_branch(
    struct txn *t, int64_t id, const char *branch, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE project SET default_branch = ?1 WHERE id = ?2"
	    " AND upstream = '' AND EXISTS (SELECT 1 FROM ref r"
	    " WHERE r.project_id = ?2 AND r.name = 'refs/heads/' || ?1)",
	    BINDS(S(branch), I(id)), ERR_INVALID,
	    "default_branch: there is no such branch", e);
}

int
projects_set_default_branch(
    struct txn *t, int64_t id, const char *branch, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE project SET default_branch = ? WHERE id = ?",
	    BINDS(S(branch), I(id)), ERR_NOTFOUND, "project does not exist", e);
}

int
projects_set_mirror(
    struct txn *t, int64_t id, const struct mirror_state *m, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE project SET mirror_state = ?, mirror_refs = ?,"
	    " mirror_ok_at = ?, mirror_next_at = ?, mirror_failures = ?,"
	    " mirror_error = ?, mirror_kind = ?, mirror_attempt_at = ?"
	    " WHERE id = ?",
	    BINDS(I(m->state), I(m->refs), I(m->last_ok_at), I(m->next_at),
		I(m->failures), S(m->last_error), I(m->kind), I(m->attempt_at),
		I(id)),
	    ERR_NOTFOUND, "project does not exist", e);
}

int
projects_move_mirror(struct txn *t, int64_t id, enum mirror_status from,
    enum mirror_status to, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE project SET mirror_state = ?"
	    " WHERE id = ? AND mirror_state = ?",
	    BINDS(I(to), I(id), I(from)), ERR_BUSY,
	    "the mirror is in another state", e);
}

int
projects_reset_syncing(struct txn *t, int64_t now, int64_t *n, struct err *e)
{
	return db_exec(t,
	    "UPDATE project SET mirror_next_at = ?, mirror_state ="
	    " CASE WHEN mirror_ok_at > 0 THEN 3 ELSE 1 END"
	    " WHERE mirror_state = 2",
	    BINDS(I(now)), n, e);
}

int
projects_set_polled(
    struct txn *t, int64_t id, int64_t ok_at, int64_t next_at, struct err *e)
{
	return db_exec(t,
	    "UPDATE project SET mirror_ok_at = ?, mirror_next_at = ?"
	    " WHERE id = ? AND mirror_state = 3",
	    BINDS(I(ok_at), I(next_at), I(id)), NULL, e);
}

int
projects_schedule(struct txn *t, int64_t after, struct project_turn *v,
    size_t max, size_t *n, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc = 0;

	*n = 0;
	if (query_open(&q, t,
		"SELECT id, mirror_state, mirror_next_at, mirror_kind,"
		" upstream FROM project WHERE id > ? AND state = 1"
		" AND upstream <> ''"
		" ORDER BY id LIMIT ?",
		BINDS(I(after), I(max)), e) == -1)
		return -1;
	while (*n < max && (rc = query_next(&q, e)) == 1) {
		struct project_turn *x = &v[(*n)++];

		x->id = query_i64(&q);
		x->state = (enum mirror_status)query_i64(&q);
		x->next_at = query_i64(&q);
		x->kind = (enum mirror_fail)query_i64(&q);
		x->upstream = query_text(&q);
	}
	return rc == -1 ? -1 : 0;
}

int
projects_due(struct txn *t, int64_t now, int64_t *ids, size_t max, size_t *n,
    int64_t *next_at, struct err *e)
{
	/* The conditions of the index project_due, word for word. */
	static const char sql
	    [] = "SELECT id, mirror_next_at FROM project WHERE state = 1"
		 " AND mirror_state <> 2 AND mirror_state <> 5"
		 " AND mirror_next_at > 0 ORDER BY mirror_next_at, id LIMIT ?";
	AUTO_QUERY struct query q = QUERY_INIT;
	int64_t id, at;
	int rc;

	*n = 0;
	*next_at = 0;
	if (query_open(&q, t, sql, BINDS(I(max + 1)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		id = query_i64(&q);
		at = query_i64(&q);
		if (at > now || *n == max) {
			*next_at = at;
			return 0;
		}
		ids[(*n)++] = id;
	}
	return rc;
}

int
projects_set_want(struct txn *t, int64_t id, enum sandbox_want want,
    int64_t now, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE project SET sandbox_want = ?, sandbox_at = ?"
	    " WHERE id = ? AND state = 1",
	    BINDS(I(want), I(now), I(id)), ERR_BUSY,
	    "the project is being deleted", e);
}

int
projects_renew_sandbox(
    struct txn *t, int64_t id, int64_t *generation, struct err *e)
{
	if (db_exec_one(t,
		"UPDATE project SET sandbox_generation = sandbox_generation + 1"
		" WHERE id = ? AND state = 1",
		BINDS(I(id)), ERR_BUSY, "the project is being deleted",
		e) == -1)
		return -1;
	return db_number(t,
	    "SELECT sandbox_generation FROM project WHERE id = ?", BINDS(I(id)),
	    generation, e);
}

int
projects_keep_sandbox(
    struct txn *t, int64_t id, int64_t meant, int64_t kept, struct err *e)
{
	return db_exec(t,
	    "UPDATE project SET sandbox_generation = ?"
	    " WHERE id = ? AND sandbox_generation = ?",
	    BINDS(I(kept), I(id), I(meant)), NULL, e);
}

int
projects_set_sandbox(
    struct txn *t, int64_t id, const struct sandbox_state *s, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE project SET sandbox_state = ?, sandbox_reason = ?,"
	    " sandbox_address = ?, sandbox_at = ?, sandbox_cause = ?"
	    " WHERE id = ?",
	    BINDS(I(s->state), S(s->reason), S(s->address), I(s->updated_at),
		S(s->cause), I(id)),
	    ERR_NOTFOUND, "project does not exist", e);
}

int
projects_set_deleting(struct txn *t, int64_t id, int64_t now, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE project SET state = 2, sandbox_want = 3, sandbox_at = ?"
	    " WHERE id = ? AND state = 1",
	    BINDS(I(now), I(id)), ERR_BUSY,
	    "the project is being deleted already", e);
}

int
projects_fork_of(struct txn *t, int64_t parent, const char *owner, int64_t *id,
    struct err *e)
{
	*id = 0;
	return db_number(t,
	    "SELECT coalesce((SELECT id FROM project WHERE parent_id > 0"
	    " AND parent_id = ? AND owner = ? ORDER BY id LIMIT 1), 0)",
	    BINDS(I(parent), S(owner)), id, e);
}

int
projects_fork_count(struct txn *t, const char *owner, int64_t *n, struct err *e)
{
	*n = 0;
	return db_number(t,
	    "SELECT count(*) FROM project WHERE owner = ? AND parent_id > 0",
	    BINDS(S(owner)), n, e);
}

int
projects_purge(struct txn *t, int64_t id, struct err *e)
{
	return db_exec_one(t, "DELETE FROM project WHERE id = ? AND state = 2",
	    BINDS(I(id)), ERR_BUSY, "the project is not being deleted", e);
}
