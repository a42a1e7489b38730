/* api_ci: CI jobs for runners, and what became of them for readers. */
#include "server/api/api_log.h"
#include "server/api/api_runners.h"
#include "server/api/shape.h"
#include "server/domain/job_rule.h"
#include "server/domain/net_rule.h"
#include "server/git/git_merge.h"
#include "server/git/git_pool.h"
#include "server/service/svc_checks.h"
#include "server/service/svc_ci.h"
#include "server/service/svc_ci_job.h"
#include "server/store/jobs.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/httpd/httpd.h"
#include "lib/wire/json.h"

struct api_poll {
	struct call *c;
	uint64_t handle;
};

static int
api_ci_open(struct call *c, struct job *j)
{
	struct err e = ERR_INIT;

	*j = (struct job){ .id = 0 };
	if (jobs_get(api_reader(c), call_arg_id(c, 0), j, &e) == 0 &&
	    svc_may(api_reader(c), call_who(c), j->project_id, PERM_READ, NULL,
		&e) == 0)
		return 0;
	job_release(j);
	if (e.code == ERR_NOTFOUND)
		call_reply_error(c, 404, "no such job");
	else
		call_fail(c, &e);
	return -1;
}

static void
api_ci_reply(struct call *c, const struct job *j, bool with_lease)
{
	struct net_rule_list rules = { .n = 0 };
	struct shape s;

	shape_init(&s, c, NULL);
	if (with_lease)
		svc_checks_rules(api_svc(c), j->check.presets, &rules);
	shape_job(&s, j, with_lease ? &rules : NULL);
	net_rule_list_release(&rules);
	shape_reply(&s, c, 200);
}

static void
api_ci_get(struct call *c)
{
	struct job j;

	if (api_ci_open(c, &j) == -1)
		return;
	api_ci_reply(c, &j, false);
	job_release(&j);
}

static void
api_ci_list(struct call *c)
{
	struct job_list list = { .at = NULL };
	int64_t project = 0, pull = 0;
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	if (call_page(c, &page, &limit) == -1 ||
	    call_query_i64(c, "pull", 1, INT64_MAX, &pull) == -1 ||
	    api_project_query(c, &project) == -1)
		return;
	if (project == 0) {
		call_reply_error(c, 422, "project: it is missing");
		return;
	}
	if (jobs_list(api_reader(c), project, pull, limit,
		(int64_t)(page - 1) * limit, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_page(&s, c, NULL, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		shape_job(&s, &list.at[i], NULL);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	job_list_release(&list);
}

static void
api_ci_poll_gone(struct call *c)
{
	struct api_poll *x = call_data(c);

	if (x == NULL)
		return;
	call_set_data(c, NULL);
	svc_ci_leave(api_svc(c)->ci, x->handle);
	free(x);
}

static void
api_ci_polled(const struct err *fail, const struct job *job, void *arg)
{
	struct api_poll *x = arg;
	struct call *c = x->c;

	call_set_data(c, NULL);
	free(x);
	if (api_failed(c, fail))
		return;
	if (job == NULL)
		call_reply_empty(c, 204);
	else
		api_ci_reply(c, job, true);
}

static int
api_ci_held(
    struct call *c, const struct json *j, int64_t *held, struct svc_ci_ask *ask)
{
	const struct json *list = json_get(j, "held"), *x;

	if (list == NULL)
		return 0;
	ask->has_held = true;
	if (json_is_array(list) && json_count(list) <= SVC_CI_HELD_MAX) {
		for (x = json_first(list); x != NULL; x = json_next(x))
			held[ask->n_held++] = json_integer(x, 0);
		return 0;
	}
	call_reply_error(
	    c, 422, "held: want a list of at most %d job ids", SVC_CI_HELD_MAX);
	return -1;
}

static void
api_ci_on_poll(struct call *c, const struct json *j)
{
	AUTO_FREE char *labels = NULL;
	AUTO_FREE char *version = NULL;
	int64_t held[SVC_CI_HELD_MAX];
	struct svc_ci_ask ask = {
		.who = call_who(c), .network = true, .held = held
	};
	struct api_poll *x;

	if (call_query_i64(c, "wait", 0, SVC_CI_WAIT_MAX_S, &ask.wait_s) ==
		-1 ||
	    api_i64(c, j, "slots", 1, RUNNER_SLOTS_MAX, &ask.slots) == -1 ||
	    api_ci_labels(c, j, &labels) == -1 ||
	    api_text(c, j, "version", RUNNER_VERSION_MAX, &version) == -1 ||
	    api_bool(c, j, "network", &ask.network) == -1 ||
	    api_ci_held(c, j, held, &ask) == -1)
		return;
	ask.labels = labels;
	ask.version = version;
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	call_set_data(c, x);
	call_on_gone(c, api_ci_poll_gone);
	x->handle = svc_ci_poll(api_svc(c)->ci, &ask, api_ci_polled, x);
	if (x->handle == 0) {
		call_set_data(c, NULL);
		free(x);
		call_reply_error(c, 503, "too many runners wait; try again");
	}
}

static void
api_ci_poll(struct call *c)
{
	call_take_json(c, api_ci_on_poll);
}

static int
api_ci_lease(struct call *c, const struct json *j, char lease[LEASE_HEX + 1])
{
	AUTO_FREE char *text = NULL;

	if (api_need(c, j, "lease", LEASE_HEX, &text) == -1)
		return -1;
	memcpy(lease, text, strlen(text) + 1);
	return 0;
}

static void
api_ci_beaten(const struct err *fail, void *arg, void *call)
{
	const struct svc_ci_beat *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		jw_object(&s.w, NULL);
		jw_time(&s.w, "lease_until", op->lease_until);
		jw_bool(&s.w, "cancel", op->cancel);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	call_release(c);
}

static void
api_ci_on_heartbeat(struct call *c, const struct json *j)
{
	char lease[LEASE_HEX + 1];

	if (api_ci_lease(c, j, lease) == -1)
		return;
	call_hold(c);
	svc_ci_heartbeat(api_svc(c), call_who(c), call_arg_id(c, 0), lease,
	    api_ci_beaten, c);
}

static void
api_ci_heartbeat(struct call *c)
{
	call_take_json(c, api_ci_on_heartbeat);
}

/* The job of the path when X-Coffer-Lease is its lease. */
static int
api_ci_leased(struct call *c, struct job *j)
{
	const char *lease = request_header_in(
	    call_request(c), "X-Coffer-Lease");
	struct err e = ERR_INIT;

	*j = (struct job){ .id = 0 };
	if (svc_ci_by_lease(api_svc(c), call_who(c), call_arg_id(c, 0),
		lease != NULL ? lease : "", j, &e) == 0)
		return 0;
	call_fail(c, &e);
	return -1;
}

static void
api_ci_tar(struct call *c, const struct job *j)
{
	struct request *q = call_take_over(c);

	if (q != NULL)
		api_svc(c)->upper->reply_tar(api_svc(c)->githttp, q,
		    j->project_id, j->tree[0] != '\0' ? j->tree : j->sha);
}

/* The lease may have ended meanwhile. */
static void
api_ci_on_merged(const struct git_result *res, void *arg)
{
	struct call *c = arg;
	char tree[GIT_SHA_TEXT] = "";
	struct job j;

	if (call_request(c) == NULL) {
		call_release(c);
		return;
	}
	if (res->fail == NULL)
		gitpool_sha(res, "tree", tree);
	if (res->fail != NULL && res->fail->code != ERR_EXISTS) {
		call_fail(c, res->fail);
	} else if (api_ci_leased(c, &j) == 0) {
		if (strcmp(tree, j.tree) == 0)
			api_ci_tar(c, &j);
		else
			call_reply_error(
			    c, 409, "the merge is not what was to be tested");
		job_release(&j);
	}
	call_release(c);
}

static void
api_ci_tree(struct call *c)
{
	struct job j;

	if (api_ci_leased(c, &j) == -1)
		return;
	if (job_rule_is_merge(&j)) {
		call_hold(c);
		gitpool_merge_tree(api_svc(c)->git, j.project_id, j.base_sha,
		    j.sha, api_ci_on_merged, c);
	} else {
		api_ci_tar(c, &j);
	}
	job_release(&j);
}

static void
api_ci_on_log(struct call *c)
{
	struct job j;

	if (call_request(c) == NULL || api_ci_leased(c, &j) == -1)
		return;
	api_log_append(c, SVC_LOG_JOB, j.id);
	job_release(&j);
}

static void
api_ci_log_append(struct call *c)
{
	call_take_raw(c, SVC_LOG_PART_MAX, api_ci_on_log);
}

static int
api_ci_log_state(struct svc *s, int64_t id, int64_t *bytes, bool *ended)
{
	struct job j = { .id = 0 };
	struct err e = ERR_INIT;
	int rc = jobs_get(db_reader(s->db), id, &j, &e);

	*bytes = j.log_bytes;
	*ended = job_state_is_end(j.state);
	job_release(&j);
	return rc;
}

static void
api_ci_log(struct call *c)
{
	struct job j;
	int64_t id;

	if (api_ci_open(c, &j) == -1)
		return;
	id = j.id;
	job_release(&j);
	api_log_reply(c, SVC_LOG_JOB, id, api_ci_log_state);
}

static void
api_ci_resulted(const struct err *fail, void *arg, void *call)
{
	const struct svc_ci_result *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_ci_reply(c, &op->job, false);
	call_release(c);
}

static int
api_ci_result_op(struct call *c, const struct json *j, struct svc_ci_result *op)
{
	AUTO_FREE char *phase = NULL;
	int64_t code = INT64_MIN;
	int state = 0;

	if (api_ci_lease(c, j, op->lease) == -1 ||
	    api_word(c, j, "state", job_state_parse, &state) == -1 ||
	    api_text(c, j, "phase", 7, &phase) == -1 ||
	    api_i64(c, j, "exit_code", -1, 255, &code) == -1 ||
	    api_i64(c, j, "signal", 0, 128, &op->signal) == -1 ||
	    api_text(c, j, "why", 4096, &op->why) == -1)
		return -1;
	if (state == 0) {
		call_reply_error(c, 422, "state: it is missing");
		return -1;
	}
	if (phase != NULL && *phase != '\0' && strcmp(phase, "setup") != 0 &&
	    strcmp(phase, "test") != 0) {
		call_reply_error(c, 422, "phase: want setup or test");
		return -1;
	}
	if (phase != NULL)
		memcpy(op->phase, phase, strlen(phase) + 1);
	op->state = (enum job_state)state;
	op->has_exit = code != INT64_MIN;
	op->exit_code = op->has_exit ? code : 0;
	return 0;
}

static void
api_ci_on_result(struct call *c, const struct json *j)
{
	struct svc_ci_result *op = svc_ci_result_new(api_svc(c), call_who(c));

	op->id = call_arg_id(c, 0);
	if (api_ci_result_op(c, j, op) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_ci_result(op, api_ci_resulted, c);
}

static void
api_ci_result(struct call *c)
{
	call_take_json(c, api_ci_on_result);
}

static void
api_ci_cancelled(const struct err *fail, void *arg, void *call)
{
	const struct svc_ci_cancel *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_ci_reply(c, &op->job, false);
	call_release(c);
}

static void
api_ci_cancel(struct call *c)
{
	call_hold(c);
	svc_ci_cancel(
	    api_svc(c), call_who(c), call_arg_id(c, 0), api_ci_cancelled, c);
}

#define API_JOB "/api/coffer/v1/ci/jobs/{id}"

const struct route api_ci_routes[] = {
	{ "POST", "/api/coffer/v1/ci/poll", ROUTE_CI, api_ci_poll },
	{ "GET", "/api/coffer/v1/ci/jobs", ROUTE_MEMBER, api_ci_list },
	{ "GET", API_JOB, ROUTE_MEMBER, api_ci_get },
	{ "POST", API_JOB "/heartbeat", ROUTE_CI, api_ci_heartbeat },
	{ "GET", API_JOB "/tree.tar", ROUTE_CI, api_ci_tree },
	{ "GET", API_JOB "/log", ROUTE_MEMBER, api_ci_log },
	{ "GET", "/-/jobs/{id}/log", ROUTE_PAGE, api_ci_log },
	{ "PATCH", API_JOB "/log", ROUTE_CI, api_ci_log_append },
	{ "POST", API_JOB "/result", ROUTE_CI, api_ci_result },
	{ "POST", API_JOB "/cancel", ROUTE_USER, api_ci_cancel },
	{ .method = NULL },
};
