#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/call.h"
#include "agentd/watch/project_read.h"
#include "agentd/watch/projects_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/io/timer.h"
#include "lib/net/apiclient.h"

static void projects_on_retry(void *arg);

struct project_entry *
projects_entry_new(struct projects *all, int64_t id)
{
	struct project_entry *x = xcalloc(1, sizeof(*x));

	x->all = all;
	x->refused = -1;
	x->retry_ms = PROJECTS_RETRY_MIN_MS;
	x->retry = timer_new(all->host->loop, projects_on_retry, x);
	x->report = call_new(all->host->loop, all->api, projects_on_told, x);
	x->mint = call_new(all->host->loop, all->api, projects_on_minted, x);
	x->work = call_new(all->host->loop, all->api, projects_on_look_told, x);
	x->hold = timer_new(all->host->loop, projects_on_hold_over, x);
	TAILQ_INIT(&x->waiters);
	(void)map_put_u64(all->by_id, (uint64_t)id, x);
	return x;
}

void
projects_entry_free(struct project_entry *x)
{
	projects_drop_waiters(&x->waiters);
	timer_free(x->retry);
	timer_free(x->hold);
	call_free(x->report);
	call_free(x->mint);
	call_free(x->work);
	projects_models_release(x);
	project_release(&x->p);
	free(x->net);
	free(x->next_net);
	free(x);
}

static char *
projects_policy(const struct project *p)
{
	return xasprintf(
	    "%s %s", p->network, p->policy != NULL ? p->policy : "");
}

/* Does the router have what is wanted? */
bool
projects_has_policy(const struct project_entry *x)
{
	AUTO_FREE char *want = projects_policy(&x->p);

	return x->net != NULL && strcmp(x->net, want) == 0;
}

static void
projects_take_policy(struct project_entry *x)
{
	free(x->net);
	x->net = STEAL(x->next_net);
	x->web = x->next_web;
	projects_models_set_web(x, x->web);
}

static void
projects_forget_policy(struct project_entry *x)
{
	free(x->net);
	x->net = NULL;
}

static void
projects_failed(struct project_entry *x, const char *cause, const struct err *e)
{
	projects_report(x, "failed", cause, e->msg);
	projects_answer(x, e);
	if (x->dirty) {
		/* What was wanted then is not what is wanted now. */
		projects_settle(x);
		return;
	}
	timer_set(x->retry, x->retry_ms);
	x->retry_ms *= 2;
	if (x->retry_ms > PROJECTS_RETRY_MAX_MS)
		x->retry_ms = PROJECTS_RETRY_MAX_MS;
}

/* That another was refused holds until one is begun, or this one ends. */
static void
projects_report_up(struct project_entry *x, const char *state)
{
	char cause[PROJECT_CAUSE_MAX], reason[sizeof(x->reason)];
	bool refused = strcmp(x->cause, "refused") == 0;

	(void)snprintf(cause, sizeof(cause), "%s", refused ? x->cause : "");
	(void)snprintf(reason, sizeof(reason), "%s", refused ? x->reason : "");
	projects_report(x, state, cause, reason);
}

static void
projects_now_running(struct project_entry *x)
{
	projects_take_policy(x);
	projects_report_up(x, "running");
	if (x->all->running != NULL)
		x->all->running(x->p.id, x->all->running_arg);
	/* In a mode that is not wanted any more nothing may begin. */
	if (x->p.want == PROJECT_WANT_RUNNING && projects_has_policy(x))
		projects_answer(x, NULL);
	if (x->p.want == PROJECT_WANT_PAUSED)
		x->dirty = true;
}

/* The old one is as it was: it is not taken for what was asked now. */
static bool
projects_kept_old(struct project_entry *x, const struct err *e)
{
	enum sandbox_state is = sandbox_state(x->all->sandboxes, x->p.id);
	const char *state = "failed";

	if (x->renewing && is == SANDBOX_PAUSED)
		state = x->held ? "running" : "paused";
	else if (x->renewing && is == SANDBOX_RUNNING)
		state = "running";
	else if (!x->renewing ||
	    strcmp(sandbox_cause(x->all->sandboxes, x->p.id), "refused") != 0)
		return false;
	x->refused = x->p.generation;
	projects_models_set_web(x, x->web);
	projects_report(x, state, "refused", e->msg);
	return true;
}

void
projects_on_step(const struct err *e, void *arg)
{
	struct project_entry *x = arg;
	const char *cause = sandbox_cause(x->all->sandboxes, x->p.id);
	struct err lost = ERR_INIT;

	x->busy = false;
	projects_models_late(x);
	if (e != NULL && projects_kept_old(x, e)) {
		x->renewing = false;
		x->held = false;
		projects_settle(x);
		return;
	}
	x->renewing = false;
	if (e == NULL && x->goal == PROJECT_WANT_RUNNING &&
	    sandbox_state(x->all->sandboxes, x->p.id) != SANDBOX_RUNNING) {
		(void)err_set(&lost, ERR_INTERNAL, "the session ended at once");
		e = &lost;
	}
	if (e != NULL) {
		projects_forget_policy(x);
		projects_failed(x, cause, e);
		return;
	}
	x->retry_ms = PROJECTS_RETRY_MIN_MS;
	x->held = x->held && x->goal == PROJECT_WANT_PAUSED;
	switch (x->goal) {
	case PROJECT_WANT_GONE:
		projects_models_end(x);
		x->gone = true;
		projects_report(x, "absent", "", "");
		return;
	case PROJECT_WANT_STOPPED:
		projects_models_end(x);
		projects_report(x, "stopped", "", "");
		break;
	case PROJECT_WANT_PAUSED:
		projects_take_policy(x);
		projects_report_up(x, "paused");
		x->dirty = x->dirty || x->p.want != PROJECT_WANT_PAUSED;
		break;
	case PROJECT_WANT_RUNNING:
		projects_now_running(x);
		break;
	}
	if (x->dirty)
		projects_settle(x);
}

static struct sandbox_project
projects_sandbox(
    const struct project_entry *x, const char *gitconfig, const char *env)
{
	return (struct sandbox_project){
		.id = x->p.id,
		.name = x->p.full_name,
		.mode = x->p.network,
		.policy = x->p.policy,
		.gitconfig = gitconfig,
		.env = env,
		.profile = x->p.profile,
		.branch = x->p.branch,
		.runtime = x->p.runtime,
		.gpus = x->p.gpus,
		.driver = x->p.driver,
		.docker = x->p.docker,
		.entrypoint = (const char *const *)x->p.entrypoint,
		.ro = (const char *const *)x->p.ro,
		.generation = x->p.generation,
		.disk_mib = x->p.disk_mib,
		.limits = x->p.limits,
	};
}

bool
projects_start_is_off(struct project_entry *x)
{
	if (x->p.want == PROJECT_WANT_RUNNING ||
	    x->p.want == PROJECT_WANT_PAUSED)
		return false;
	x->busy = false;
	x->renewing = false;
	projects_settle(x);
	return true;
}

/* gitconfig and env NULL: none; of a session that is up it is not looked at. */
void
projects_start_with(
    struct project_entry *x, const char *gitconfig, const char *env)
{
	struct sandbox_project sp = projects_sandbox(x, gitconfig, env);

	free(x->next_net);
	x->next_net = projects_policy(&x->p);
	x->next_web = project_has_web(&x->p);
	if (!x->next_web)
		projects_models_set_web(x, false);
	if (x->renewing) {
		/* The old one keeps its mode if this is refused. */
		sandbox_recreate(x->all->sandboxes, &sp, projects_on_step, x);
		return;
	}
	projects_forget_policy(x);
	sandbox_start(x->all->sandboxes, &sp, projects_on_step, x);
}

/* A new session has a token of its own.  It is asked for when all before was
 * heard: a late "stopped" would end it. */
static void
projects_start(struct project_entry *x)
{
	const struct sandboxes *m = x->all->sandboxes;

	if (!x->renewing &&
	    (sandbox_state(m, x->p.id) == SANDBOX_RUNNING ||
		sandbox_is_up(m, x->p.id))) {
		projects_start_with(x, NULL, NULL);
		return;
	}
	x->mint_next = true;
	projects_report(x, "starting", "", "");
}

static void
projects_on_judged(const struct err *e, void *arg)
{
	if (e != NULL)
		projects_on_step(e, arg);
	else
		projects_start(arg);
}

/* Judged before a token is asked for: that ends the one of the old. */
static void
projects_renew(struct project_entry *x)
{
	struct sandbox_project sp = projects_sandbox(x, NULL, NULL);

	x->goal = PROJECT_WANT_RUNNING;
	x->renewing = true;
	x->busy = true;
	sandbox_judge(x->all->sandboxes, &sp, projects_on_judged, x);
}

static void
projects_refuse(struct project_entry *x)
{
	struct err e = ERR_INIT;

	projects_unwanted_err(&x->p, &e);
	projects_answer(x, &e);
}

/* Nobody may be in a sandbox that is taken away. */
static bool
projects_may_remove(struct project_entry *x)
{
	if (!x->all->open)
		return false;
	if (x->holds == 0)
		return true;
	if (x->all->unwanted != NULL)
		x->all->unwanted(x->p.id, x->all->unwanted_arg);
	return false;
}

/* Is it to be made anew? */
bool
projects_is_outdated(const struct project_entry *x)
{
	int64_t has = sandbox_generation(x->all->sandboxes, x->p.id);

	return has != -1 && has != x->p.generation &&
	    x->refused != x->p.generation;
}

static const char *
projects_known(const struct project_entry *x)
{
	return x->state != NULL ? x->state : x->p.state;
}

static void
projects_settle_stopped(struct project_entry *x, enum sandbox_state is)
{
	const char *known = projects_known(x);

	/* What an earlier agentd did not come to, or was not heard with. */
	if (is == SANDBOX_STOPPED && x->models == NULL)
		projects_models_end(x);
	if (is != SANDBOX_STOPPED) {
		x->busy = true;
		projects_report(x, "stopping", "", "");
		sandbox_stop(x->all->sandboxes, x->p.id, projects_on_step, x);
	} else if (strcmp(known, "stopped") != 0 &&
	    strcmp(known, "absent") != 0) {
		projects_report(x, "stopped", "", "");
	}
}

static void
projects_freeze(struct project_entry *x, bool frozen)
{
	x->busy = true;
	x->goal = frozen ? PROJECT_WANT_PAUSED : PROJECT_WANT_RUNNING;
	/* After a resume the mode is looked at. */
	free(x->next_net);
	x->next_net = xstrdup(x->net != NULL ? x->net : "");
	x->next_web = x->web;
	x->dirty = x->dirty || !frozen;
	if (x->all->frozen != NULL)
		x->all->frozen(x->p.id, frozen, x->all->frozen_arg);
	sandbox_pause(x->all->sandboxes, x->p.id, frozen, projects_on_step, x);
}

static void
projects_settle_up(struct project_entry *x, enum sandbox_state is)
{
	if (projects_is_outdated(x)) {
		if (projects_may_remove(x))
			projects_renew(x);
		return;
	}
	/* Before it is thawed: nothing leaves by rules that do not hold any
	 * more. */
	if (is == SANDBOX_PAUSED && !projects_has_policy(x)) {
		x->goal = PROJECT_WANT_PAUSED;
		x->busy = true;
		projects_start_with(x, NULL, NULL);
		return;
	}
	if (x->p.want == PROJECT_WANT_PAUSED && is == SANDBOX_PAUSED) {
		if (strcmp(projects_known(x), "paused") != 0)
			projects_report_up(x, "paused");
		return;
	}
	if (x->p.want == PROJECT_WANT_PAUSED && is == SANDBOX_RUNNING) {
		projects_freeze(x, true);
		return;
	}
	if (is == SANDBOX_PAUSED) {
		if (!x->held)
			projects_freeze(x, false);
		return;
	}
	if (is == SANDBOX_RUNNING && projects_has_policy(x)) {
		projects_answer(x, NULL);
		return;
	}
	x->goal = PROJECT_WANT_RUNNING;
	x->busy = true;
	projects_start(x);
}

/* Take the next step towards what is wanted, if there is one. */
void
projects_settle(struct project_entry *x)
{
	enum sandbox_state is;

	if (x->all->sandboxes == NULL || x->gone)
		return;
	if (x->busy) {
		x->dirty = true;
		return;
	}
	x->dirty = false;
	if (projects_begin_look(x))
		return;
	is = sandbox_state(x->all->sandboxes, x->p.id);
	timer_cancel(x->retry);
	if (x->p.want != PROJECT_WANT_RUNNING) {
		x->held = false;
		projects_refuse(x);
	}
	if (x->p.want == PROJECT_WANT_RUNNING ||
	    x->p.want == PROJECT_WANT_PAUSED) {
		projects_settle_up(x, is);
		return;
	}
	if (!projects_may_remove(x))
		return;
	x->goal = x->p.want;
	if (x->p.want == PROJECT_WANT_STOPPED) {
		projects_settle_stopped(x, is);
		return;
	}
	x->busy = true;
	sandbox_destroy(x->all->sandboxes, x->p.id, projects_on_step, x);
}

static void
projects_on_retry(void *arg)
{
	projects_settle(arg);
}

void
projects_on_lost(
    struct projects *p, int64_t id, const char *cause, const char *why)
{
	struct project_entry *x = map_get_u64(p->by_id, (uint64_t)id);
	struct err e = ERR_INIT;

	/* The end of the step on its way looks for itself. */
	if (x == NULL || x->busy || x->gone)
		return;
	projects_forget_policy(x);
	projects_models_end(x);
	(void)err_set(&e, ERR_INTERNAL, "the session ended: %s", why);
	projects_failed(x, cause, &e);
}

void
projects_note(
    struct projects *p, int64_t id, const char *cause, const char *reason)
{
	struct project_entry *x = map_get_u64(p->by_id, (uint64_t)id);
	enum sandbox_state is;

	if (x == NULL || x->busy || x->gone || x->untold ||
	    (strcmp(x->cause, "refused") == 0 && cause[0] == '\0'))
		return;
	is = sandbox_state(p->sandboxes, id);
	if ((is == SANDBOX_RUNNING || is == SANDBOX_PAUSED) &&
	    (strcmp(x->cause, cause) != 0 || strcmp(x->reason, reason) != 0))
		projects_report(x, sandbox_state_name(is), cause, reason);
}

void
projects_each(const struct projects *p, projects_each_fn *fn, void *arg)
{
	size_t cursor = 0;
	void *value;

	while (map_next(p->by_id, &cursor, NULL, &value)) {
		const struct project_entry *x = value;

		fn(&x->p, arg);
	}
}

const struct project *
projects_find(const struct projects *p, int64_t id)
{
	const struct project_entry *x = map_get_u64(p->by_id, (uint64_t)id);

	return x == NULL ? NULL : &x->p;
}

void
projects_on_unwanted(struct projects *p, projects_unwanted_fn *fn, void *arg)
{
	p->unwanted = fn;
	p->unwanted_arg = arg;
}

void
projects_on_running(struct projects *p, projects_running_fn *fn, void *arg)
{
	p->running = fn;
	p->running_arg = arg;
}

void
projects_on_frozen(struct projects *p, projects_frozen_fn *fn, void *arg)
{
	p->frozen = fn;
	p->frozen_arg = arg;
}

void
projects_open(struct projects *p)
{
	struct project_entry *x;
	size_t cursor = 0;
	void *value;

	p->open = true;
	while (map_next(p->by_id, &cursor, NULL, &value)) {
		x = value;
		if (x->p.want != PROJECT_WANT_RUNNING ||
		    projects_is_outdated(x))
			projects_settle(x);
	}
}

struct projects *
projects_new(const struct sandbox_host *h, struct apiclient *api)
{
	struct projects *p = xcalloc(1, sizeof(*p));

	p->host = h;
	p->api = api;
	p->by_id = map_new();
	p->turn = timer_new(h->loop, projects_on_turn, p);
	TAILQ_INIT(&p->ready);
	LIST_INIT(&p->queries);
	return p;
}

void
projects_set_models(struct projects *p, struct modelgate *g)
{
	p->models = g;
}

void
projects_set_sandboxes(struct projects *p, struct sandboxes *m)
{
	p->sandboxes = m;
}

void
projects_free(struct projects *p)
{
	struct project_query *q;
	size_t cursor = 0;
	void *value;

	if (p == NULL)
		return;
	apiclient_forget(p->api, p);
	while ((q = LIST_FIRST(&p->queries)) != NULL) {
		LIST_REMOVE(q, link);
		apiclient_forget(p->api, q);
		free(q);
	}
	while (map_next(p->by_id, &cursor, NULL, &value))
		projects_entry_free(value);
	projects_drop_waiters(&p->ready);
	timer_free(p->turn);
	map_free(p->by_id);
	free(p);
}
