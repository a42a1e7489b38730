#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/run/run_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

enum {
	RUN_RETRY_MIN_MS = 100,
	RUN_RETRY_MAX_MS = 5000
};

static const char *const run_state_names[] = {
	[RUN_QUEUED] = "queued",
	[RUN_PREPARING] = "preparing",
	[RUN_RUNNING] = "running",
	[RUN_FINISHING] = "finishing",
};

/* cofferd is away or busy: not an answer. */
static bool
run_is_transient(const struct err *e)
{
	return e->code == ERR_IO || e->code == ERR_TIMEOUT ||
	    e->code == ERR_BUSY || e->code == ERR_INTERNAL ||
	    e->code == ERR_PROTO;
}

static void
run_on_reply(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct run_request *q = arg;

	(void)status;
	q->busy = false;
	if (fail != NULL && run_is_transient(fail)) {
		if (q->retry_ms == RUN_RETRY_MIN_MS)
			log_warn("run retry run=%lld path=%s why=%s",
			    (long long)q->run->id, q->path, log_val(fail->msg));
		timer_set(q->retry, q->retry_ms);
		q->retry_ms *= 2;
		if (q->retry_ms > RUN_RETRY_MAX_MS)
			q->retry_ms = RUN_RETRY_MAX_MS;
		return;
	}
	q->done(q->run, fail, j);
}

static void
run_request_send(void *arg)
{
	struct run_request *q = arg;
	AUTO_STR struct str body = STR_INIT;
	const struct api_call call = {
		.method = q->method,
		.path = q->path,
		.body = q->body == NULL ? NULL : &body,
		.done = run_on_reply,
		.arg = q,
	};

	if (q->body != NULL)
		str_add(&body, q->body);
	q->busy = true;
	(void)api_start(q->run->env->api, &call);
}

void
run_ask(struct run *r, enum run_query which, const char *method,
    const char *path, const char *body, run_reply_fn *done)
{
	struct run_request *q = &r->q[which];

	free(q->path);
	free(q->body);
	q->method = method;
	q->path = xstrdup(path);
	q->body = body == NULL ? NULL : xstrdup(body);
	q->done = done;
	q->retry_ms = RUN_RETRY_MIN_MS;
	run_request_send(q);
}

void
run_requests_init(struct run *r)
{
	for (size_t i = 0; i < RUN_QUERIES; i++) {
		r->q[i].run = r;
		r->q[i].retry = timer_new(
		    r->env->host->loop, run_request_send, &r->q[i]);
	}
}

void
run_requests_release(struct run *r)
{
	for (size_t i = 0; i < RUN_QUERIES; i++) {
		apiclient_forget(r->env->api, &r->q[i]);
		timer_free(r->q[i].retry);
		free(r->q[i].path);
		free(r->q[i].body);
	}
}

static void run_state_step(struct run *r);

static void
run_on_state(struct run *r, const struct err *fail, const struct json *j)
{
	(void)j;
	/* A repeat of a step whose reply was lost is refused: it is done. */
	if (fail != NULL)
		log_warn("run state-refused run=%lld why=%s", (long long)r->id,
		    log_val(fail->msg));
	r->have = r->have + 1;
	run_state_step(r);
}

static void
run_state_step(struct run *r)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *body = NULL;

	if (r->have >= r->want || r->q[RUN_Q_STATE].busy ||
	    timer_pending(r->q[RUN_Q_STATE].retry))
		return;
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
