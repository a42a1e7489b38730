#include <string.h>

#include "agentd/run/run_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/wire/json.h"

static const char *const run_state_names[] = {
	[RUN_QUEUED] = "queued",
	[RUN_PREPARING] = "preparing",
	[RUN_RUNNING] = "running",
	[RUN_FINISHING] = "finishing",
};

static void
run_on_reply(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct run_query_slot *q = arg;

	(void)status;
	q->done(q->run, fail, j);
}

void
run_ask(struct run *r, enum run_query which, const char *method,
    const char *path, const char *body, run_reply_fn *done)
{
	struct run_query_slot *q = &r->q[which];

	q->done = done;
	call_start(q->call, method, path, body);
}

void
run_requests_init(struct run *r)
{
	for (size_t i = 0; i < RUN_QUERIES; i++) {
		r->q[i].run = r;
		r->q[i].call = call_new(
		    r->env->host->loop, r->env->api, run_on_reply, &r->q[i]);
	}
}

void
run_requests_release(struct run *r)
{
	for (size_t i = 0; i < RUN_QUERIES; i++)
		call_free(r->q[i].call);
}

static void run_state_step(struct run *r);

int
run_state_find(const char *name)
{
	for (int i = RUN_QUEUED; i <= RUN_FINISHING; i++) {
		if (strcmp(run_state_names[i], name) == 0)
			return i;
	}
	return -1;
}

/* A refused step: its reply was lost, or the run is over for cofferd. */
static void
run_on_row(struct run *r, const struct err *fail, const struct json *j)
{
	int is = run_state_find(json_str_or(j, "state", ""));

	if (fail != NULL || is == -1) {
		log_warn("run disowned run=%lld why=%s", (long long)r->id,
		    log_val(fail != NULL ? fail->msg : "it is over"));
		r->have = r->want;
		run_cancel(r, "it is over for cofferd");
	} else if (is > (int)r->have) {
		r->have = (enum run_state)is;
	} else {
		r->have = r->have + 1;
	}
	run_state_step(r);
}

static void
run_on_state(struct run *r, const struct err *fail, const struct json *j)
{
	const char *state = json_str_or(j, "state", "");
	AUTO_FREE char *path = NULL;

	/* cofferd may end it instead: what it was to do is done. */
	if (fail == NULL && state[0] != '\0' && run_state_find(state) == -1) {
		run_on_row(r, NULL, j);
		return;
	}
	if (fail == NULL) {
		r->have = r->have + 1;
		run_state_step(r);
		return;
	}
	log_info("run state-refused run=%lld why=%s", (long long)r->id,
	    log_val(fail->msg));
	path = xasprintf("/api/coffer/v1/runs/%lld", (long long)r->id);
	run_ask(r, RUN_Q_STATE, "GET", path, NULL, run_on_row);
}

static void
run_state_step(struct run *r)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *body = NULL;

	run_orders_ask(r);
	if (r->reported || call_busy(r->q[RUN_Q_STATE].call))
		return;
	if (r->have >= r->want || r->have >= RUN_FINISHING) {
		run_report_send(r);
		return;
	}
	path = xasprintf("/api/coffer/v1/runs/%lld", (long long)r->id);
	body = xasprintf("{\"from\":\"%s\",\"state\":\"%s\"}",
	    run_state_names[r->have], run_state_names[r->have + 1]);
	run_ask(r, RUN_Q_STATE, "PATCH", path, body, run_on_state);
}

void
run_set_state(struct run *r, enum run_state state)
{
	if (state <= r->want)
		return;
	log_info("run set-state run=%lld from=%s to=%s", (long long)r->id,
	    run_state_names[r->want], run_state_names[state]);
	r->want = state;
	run_state_step(r);
}
