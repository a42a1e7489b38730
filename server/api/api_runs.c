/* api_runs: runs of an agent. */
#include "server/api/api_log.h"
#include "server/api/shape.h"
#include "server/domain/issue_rule.h"
#include "server/domain/run_rule.h"
#include "server/service/svc_record.h"
#include "server/service/svc_run.h"
#include "server/store/runs.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

enum {
	API_WHY_MAX = 4096,
	API_MESSAGE_MAX = 256 << 10,
	API_RECORD_MAX = 256 << 10
};

static void
api_runs_reply(struct call *c, int status, const struct run *r)
{
	struct shape s;

	shape_init(&s, c, NULL);
	shape_run(&s, r);
	shape_reply(&s, c, status);
}

int
api_runs_open(struct call *c, struct run *r)
{
	struct err e = ERR_INIT;

	*r = (struct run){ .id = 0 };
	if (runs_get(api_reader(c), call_arg_id(c, 0), r, &e) == 0 &&
	    svc_may(api_reader(c), call_who(c), r->project_id, PERM_READ, NULL,
		&e) == 0)
		return 0;
	run_release(r);
	if (e.code == ERR_NOTFOUND)
		call_reply_error(c, 404, "no such run");
	else
		call_fail(c, &e);
	return -1;
}

static void
api_runs_get(struct call *c)
{
	struct run r;

	if (api_runs_open(c, &r) == -1)
		return;
	api_runs_reply(c, 200, &r);
	run_release(&r);
}

/* state=unfinished, for who sees all: what is not at an end, oldest first,
 * behind the id `after`: how agentd finds its runs after a start. */
static bool
api_runs_want_unfinished(struct call *c)
{
	const char *state = call_query(c, "state");

	return state != NULL && strcmp(state, "unfinished") == 0 &&
	    svc_viewer(call_who(c)) == 0;
}

static int
api_runs_filter(struct call *c, struct run_filter *f)
{
	const char *state = call_query(c, "state");
	const char *branch = call_query(c, "branch");

	f->viewer = svc_viewer(call_who(c));
	if (branch != NULL && *branch != '\0')
		f->branch = branch;
	if (call_query_i64(c, "item", 1, INT64_MAX, &f->item) == -1 ||
	    call_query_i64(c, "pull", 1, INT64_MAX, &f->pull) == -1)
		return -1;
	if (state != NULL && *state != '\0' && !api_runs_want_unfinished(c)) {
		int st = run_state_parse(state);

		if (st == -1) {
			call_reply_error(c, 422, "state: no such state");
			return -1;
		}
		f->state = (enum run_state)st;
	}
	return api_project_query(c, &f->project_id);
}

static void
api_runs_list(struct call *c)
{
	struct run_filter f = { .project_id = 0 };
	struct run_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;
	int64_t after = 0;
	int rc;

	if (call_page(c, &page, &limit) == -1 ||
	    call_query_i64(c, "after", 0, INT64_MAX, &after) == -1 ||
	    api_runs_filter(c, &f) == -1)
		return;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	rc = api_runs_want_unfinished(c)
	    ? runs_unfinished(api_reader(c), after, limit, &list, &e)
	    : runs_list(api_reader(c), &f, &list, &e);
	if (rc == -1) {
		call_fail(c, &e);
		return;
	}
	shape_page(&s, c, NULL, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		shape_run(&s, &list.at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	run_list_release(&list);
}

static void
api_runs_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_run_create *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		shape_run_verdict(&s, op->verdict, &op->run);
		shape_reply(&s, c, op->created ? 201 : 200);
	}
	call_release(c);
}

static void
api_runs_on_body(struct call *c, const struct json *j)
{
	AUTO_FREE char *command = NULL;
	AUTO_FREE char *agent = NULL;
	int64_t project, event = 0, item = 0, wall_s = 0;
	int access = ACCESS_NONE, network = 0;
	struct svc_run_create *op;

	project = api_project_body(c, j, PERM_SERVE);
	if (project == 0 ||
	    api_i64(c, j, "event", 1, INT64_MAX, &event) == -1 ||
	    api_i64(c, j, "item", 0, INT64_MAX, &item) == -1 ||
	    api_need(c, j, "command", RUN_COMMAND_MAX, &command) == -1 ||
	    api_word(c, j, "access", access_parse, &access) == -1 ||
	    api_text(c, j, "agent", 64, &agent) == -1 ||
	    api_word(c, j, "network", network_parse, &network) == -1 ||
	    api_i64(c, j, "wall_s", 1, RUN_WALL_MAX_S, &wall_s) == -1)
		return;
	if (event == 0 || access == ACCESS_NONE) {
		call_reply_error(c, 422, "%s: it is missing",
		    event == 0 ? "event" : "access");
		return;
	}
	op = svc_run_create_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->event = event;
	op->item = item;
	op->command = STEAL(command);
	op->access = (enum access_level)access;
	if (agent != NULL && *agent != '\0')
		op->agent = STEAL(agent);
	op->network = (enum network_mode)network;
	op->wall_s = wall_s;
	call_hold(c);
	svc_run_create(op, api_runs_created, c);
}

static void
api_runs_create(struct call *c)
{
	call_take_json(c, api_runs_on_body);
}

static void
api_runs_on_token(const struct err *fail, void *arg, void *call)
{
	const struct svc_run_token *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		call_header(c, "Cache-Control", "no-store");
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		jw_str(&s.w, "token", op->secret);
		jw_time(&s.w, "expires_at", op->expires_at);
		if (svc_text(op->env)[0] != '\0')
			jw_raw(&s.w, "env", view_of(op->env));
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	call_release(c);
}

static void
api_runs_token(struct call *c)
{
	call_hold(c);
	svc_run_token(
	    api_svc(c), call_who(c), call_arg_id(c, 0), api_runs_on_token, c);
}

static void
api_runs_moved(const struct err *fail, void *arg, void *call)
{
	const struct svc_run_move *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_runs_reply(c, 200, &op->run);
	call_release(c);
}

static void
api_runs_on_patch(struct call *c, const struct json *j)
{
	AUTO_FREE char *why = NULL;
	int from = 0, to = 0;
	struct svc_run_move *op;

	if (api_word(c, j, "from", run_state_parse, &from) == -1 ||
	    api_word(c, j, "state", run_state_parse, &to) == -1 ||
	    api_text(c, j, "why", API_WHY_MAX, &why) == -1)
		return;
	if (from == 0 || to == 0) {
		call_reply_error(
		    c, 422, "%s: it is missing", from == 0 ? "from" : "state");
		return;
	}
	op = svc_run_move_new(api_svc(c), call_who(c));
	op->id = call_arg_id(c, 0);
	op->from = (enum run_state)from;
	op->to = (enum run_state)to;
	op->why = STEAL(why);
	call_hold(c);
	svc_run_move(op, api_runs_moved, c);
}

static void
api_runs_patch(struct call *c)
{
	call_take_json(c, api_runs_on_patch);
}

static void
api_runs_finished(const struct err *fail, void *arg, void *call)
{
	const struct svc_run_finish *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_runs_reply(c, 200, &op->run);
	call_release(c);
}

static int
api_runs_line(struct call *c, const struct json *j, struct svc_review_line *l)
{
	const char *side = json_str_or(j, "side", "new");
	struct err e = ERR_INIT;

	if (api_text(c, j, "path", REVIEW_PATH_MAX, &l->path) == -1 ||
	    api_text(c, j, "body", BODY_LEN_MAX, &l->body) == -1 ||
	    api_i64(c, j, "line", 1, INT32_MAX, &l->line) == -1)
		return -1;
	l->side = strcmp(side, "old") == 0 ? REVIEW_SIDE_OLD : REVIEW_SIDE_NEW;
	if (l->path != NULL && l->path[0] != '\0' && l->line > 0 &&
	    issue_rule_comment(svc_text(l->body), &e) == 0)
		return 0;
	call_reply_error(
	    c, 422, "review: want path, line and body of each comment");
	return -1;
}

static int
api_runs_review(struct call *c, const struct json *j, struct svc_run_finish *op)
{
	const struct json *list = json_get(j, "comments");
	const char *commit = json_str_or(j, "commit", "");
	const size_t n = json_count(list);

	if (n == 0)
		return 0;
	if (n > REVIEW_COMMENTS_MAX || strlen(commit) != SHA_HEX) {
		call_reply_error(c, 422,
		    "review: want a commit and at most %d comments",
		    REVIEW_COMMENTS_MAX);
		return -1;
	}
	memcpy(op->commit, commit, SHA_HEX);
	op->lines = xcalloc(n, sizeof(*op->lines));
	for (const struct json *l = json_first(list); l != NULL;
	     l = json_next(l)) {
		if (api_runs_line(c, l, &op->lines[op->n_lines++]) == -1)
			return -1;
	}
	return 0;
}

static int
api_runs_finish_op(
    struct call *c, const struct json *j, struct svc_run_finish *op)
{
	const struct json *record = json_get(j, "record");
	struct str text = STR_INIT_MAX(API_RECORD_MAX);
	int64_t code = INT64_MIN;
	int state = 0;

	if (api_word(c, j, "state", run_state_parse, &state) == -1 ||
	    api_text(c, j, "why", API_WHY_MAX, &op->why) == -1 ||
	    api_text(c, j, "message", API_MESSAGE_MAX, &op->message) == -1 ||
	    api_i64(c, j, "exit_code", -1, 255, &code) == -1 ||
	    api_bool(c, j, "passing", &op->passing) == -1 ||
	    api_runs_review(c, json_get(j, "review"), op) == -1)
		return -1;
	if (state == 0) {
		call_reply_error(c, 422, "state: it is missing");
		return -1;
	}
	op->state = (enum run_state)state;
	op->has_exit = code != INT64_MIN;
	op->exit_code = op->has_exit ? code : 0;
	if (record != NULL && !json_is_null(record)) {
		json_print(record, &text);
		if (!str_ok(&text)) {
			str_release(&text);
			call_reply_error(
			    c, 422, "record: over %d bytes", API_RECORD_MAX);
			return -1;
		}
		op->record = str_steal(&text);
	}
	if (api_text(c, j, "report", SVC_REPORT_MAX, &op->report) == -1)
		return -1;
	return 0;
}

static void
api_runs_on_finish(struct call *c, const struct json *j)
{
	struct svc_run_finish *op = svc_run_finish_new(api_svc(c), call_who(c));

	op->id = call_arg_id(c, 0);
	if (api_runs_finish_op(c, j, op) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_run_finish(op, api_runs_finished, c);
}

static void
api_runs_finish(struct call *c)
{
	call_take_json(c, api_runs_on_finish);
}

static void
api_runs_cancelled(const struct err *fail, void *op, void *call)
{
	struct call *c = call;

	(void)op;
	if (!api_failed(c, fail))
		call_reply_empty(c, 202);
	call_release(c);
}

static void
api_runs_cancel(struct call *c)
{
	struct run r;

	if (api_runs_open(c, &r) == -1)
		return;
	run_release(&r);
	call_hold(c);
	svc_run_cancel(
	    api_svc(c), call_who(c), call_arg_id(c, 0), api_runs_cancelled, c);
}

static int
api_runs_log_state(struct svc *s, int64_t id, int64_t *bytes, bool *ended)
{
	struct run r = { .id = 0 };
	struct err e = ERR_INIT;
	int rc = runs_get(db_reader(s->db), id, &r, &e);

	*bytes = r.log_bytes;
	*ended = run_state_is_end(r.state);
	run_release(&r);
	return rc;
}

static void
api_runs_log(struct call *c)
{
	struct run r;
	int64_t id;

	if (api_runs_open(c, &r) == -1)
		return;
	id = r.id;
	run_release(&r);
	api_log_reply(c, SVC_LOG_RUN, id, api_runs_log_state);
}

static void
api_runs_on_log(struct call *c)
{
	struct run r;

	if (api_runs_open(c, &r) == -1)
		return;
	api_log_append(c, SVC_LOG_RUN, r.id);
	run_release(&r);
}

static void
api_runs_log_append(struct call *c)
{
	call_take_raw(c, SVC_LOG_PART_MAX, api_runs_on_log);
}

const struct route api_runs_routes[] = {
	{ "POST", "/api/coffer/v1/runs", ROUTE_SERVICE, api_runs_create },
	{ "GET", "/api/coffer/v1/runs", ROUTE_MEMBER, api_runs_list },
	{ "GET", "/api/coffer/v1/runs/{id}", ROUTE_MEMBER, api_runs_get },
	{ "PATCH", "/api/coffer/v1/runs/{id}", ROUTE_SERVICE, api_runs_patch },
	{ "POST", "/api/coffer/v1/runs/{id}/token", ROUTE_SERVICE,
	    api_runs_token },
	{ "POST", "/api/coffer/v1/runs/{id}/finish", ROUTE_SERVICE,
	    api_runs_finish },
	{ "POST", "/api/coffer/v1/runs/{id}/cancel", ROUTE_USER,
	    api_runs_cancel },
	{ "GET", "/api/coffer/v1/runs/{id}/log", ROUTE_MEMBER, api_runs_log },
	{ "PATCH", "/api/coffer/v1/runs/{id}/log", ROUTE_SERVICE,
	    api_runs_log_append },
	{ "GET", "/-/runs/{id}/log", ROUTE_PAGE, api_runs_log },
	{ .method = NULL },
};
