#include "agentd/app.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/attach/attach.h"
#include "agentd/call.h"
#include "agentd/command/command.h"
#include "agentd/command/repo.h"
#include "agentd/config.h"
#include "agentd/connect.h"
#include "agentd/model/modelgate.h"
#include "agentd/policy/policy_watch.h"
#include "agentd/run/objcache.h"
#include "agentd/run/prune.h"
#include "agentd/run/runs.h"
#include "agentd/sandbox/engine_sweep.h"
#include "agentd/sandbox/sandbox.h"
#include "agentd/sandbox/unpack.h"
#include "agentd/sandbox/uplink.h"
#include "agentd/watch/audited.h"
#include "agentd/watch/budgets.h"
#include "agentd/watch/figures.h"
#include "agentd/watch/modelset.h"
#include "agentd/watch/netlog.h"
#include "agentd/watch/projects.h"
#include "agentd/watch/proved.h"
#include "agentd/watch/reader.h"
#include "agentd/watch/use.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/io/notify.h"
#include "lib/io/timer.h"
#include "lib/net/apiclient.h"
#include "lib/net/fetch.h"
#include "lib/wire/json.h"

enum {
	APP_RETRY_MS = 200,
	APP_HELP_MAX = 48 << 10,
	APP_TRIES_MAX = 300 /* of one step: a minute, then it is an error */
};

struct app;
typedef void app_step_fn(struct app *a);

struct app {
	struct connection *connection;
	const struct agentd_config *cfg;
	struct loop *loop;
	struct sandbox_host host;
	char gateway[HOST_ADDR_MAX];
	char range[HOST_ADDR_MAX];
	char *recorder;
	struct policy_watch *policy;
	struct budgets *budgets;
	struct commands commands;
	struct routerctl *router;
	char *router_socket;
	struct projects *projects;
	struct sandboxes *sandboxes;
	struct objcaches *caches;
	struct runs *runs;
	struct run_env env;
	struct reader *reader;
	struct attach *attach;
	struct prune *prune;
	struct uplink_watch *addresses;
	struct modelgate *models;
	struct uses *uses;
	struct figures *figures;
	struct modelset *modelset;
	struct netlog *netlog;
	struct proved *proved;
	struct audited *audited;
	size_t step;
	unsigned tries;
	bool rewiring; /* after the router came back */
	struct timer *retry;
	struct watch_event ev; /* the one in hand */
	struct trigger trigger;
	struct repo_policy repo;
	struct repo_commands *repo_commands;
	struct err fail;
};

static void app_next(struct app *a);

/* ---- the steps of the start, one after the other ---- */

static void
app_on_step(const struct err *e, void *arg)
{
	struct app *a = arg;

	if (e == NULL) {
		a->step++;
		a->tries = 0;
		app_next(a);
		return;
	}
	if (a->tries == 0)
		log_warn("app wait step=%zu why=%s", a->step, log_val(e->msg));
	if (++a->tries >= APP_TRIES_MAX) {
		a->fail = *e;
		loop_stop(a->loop);
		return;
	}
	timer_set(a->retry, APP_RETRY_MS);
}

static void
app_on_hello(const struct json *reply, const struct err *e, void *arg)
{
	struct app *a = arg;
	const char *range = json_str_or(reply, "range", "10.214.0.0/16");
	struct err bad = ERR_INIT;

	if (e != NULL) {
		app_on_step(e, a);
		return;
	}
	(void)snprintf(a->gateway, sizeof(a->gateway), "%s",
	    json_str_or(reply, "address", "10.214.0.1"));
	(void)snprintf(a->range, sizeof(a->range), "%.*s",
	    (int)strcspn(range, "/"), range);
	app_on_step(host_check(&a->host, &bad) == -1 ? &bad : NULL, a);
}

static void
app_step_router(struct app *a)
{
	routerctl_hello(a->router, app_on_hello, a);
}

static void
app_step_uplink(struct app *a)
{
	uplink_up(&a->host, app_on_step, a);
}

static void
app_step_engine(struct app *a)
{
	engine_sweep(&a->host, app_on_step, a);
}

static void
app_step_images(struct app *a)
{
	unpack_images(&a->host, app_on_step, a);
}

static void
app_on_addresses_set(const struct json *reply, const struct err *e, void *arg)
{
	(void)reply;
	(void)arg;
	if (e != NULL)
		log_error("app host-set why=%s", log_val(e->msg));
}

static void
app_on_addresses(const char *const *addresses, size_t n, void *arg)
{
	struct app *a = arg;

	routerctl_host_set(a->router, addresses, n, app_on_addresses_set, NULL);
}

static void
app_on_session_lost(int64_t id, const char *cause, const char *why, void *arg)
{
	struct app *a = arg;

	projects_on_lost(a->projects, id, cause, why);
}

/* One broken sandbox is its project's trouble: projects tries it again. */
static void
app_on_adopted(const struct err *e, void *arg)
{
	if (e != NULL)
		log_warn("app adopt why=%s", log_val(e->msg));
	app_on_step(NULL, arg);
}

static void
app_step_sandboxes(struct app *a)
{
	struct err e = ERR_INIT;

	if (a->addresses == NULL) {
		a->addresses = uplink_watch_new(
		    a->loop, app_on_addresses, a, &e);
		if (a->addresses == NULL) {
			app_on_step(&e, a);
			return;
		}
	}
	if (a->sandboxes == NULL)
		a->sandboxes = sandboxes_new(
		    &a->host, a->router, a->env.driver, app_on_session_lost, a);
	a->env.sandboxes = a->sandboxes;
	sandboxes_adopt(a->sandboxes, app_on_adopted, a);
}

static void
app_on_uplink_again(const struct err *e, void *arg)
{
	struct app *a = arg;
	struct err bad = ERR_INIT;

	a->rewiring = false;
	if (e != NULL)
		log_error("app uplink why=%s", log_val(e->msg));
	sandboxes_tell_router(a->sandboxes);
	/* A new watch tells every address at once. */
	uplink_watch_free(a->addresses);
	a->addresses = uplink_watch_new(a->loop, app_on_addresses, a, &bad);
	if (a->addresses == NULL)
		log_error("app addresses why=%s", log_val(bad.msg));
}

/* It is back, and may have lost its links and all that it was told. */
static void
app_on_router(void *arg)
{
	struct app *a = arg;

	if (a->rewiring)
		return;
	log_info("app router-connected");
	a->rewiring = true;
	uplink_up(&a->host, app_on_uplink_again, a);
}

static void
app_step_caches(struct app *a)
{
	objcaches_set_sandboxes(a->caches, a->sandboxes);
	objcaches_adopt(a->caches, app_on_step, a);
}

static void
app_step_projects(struct app *a)
{
	projects_set_sandboxes(a->projects, a->sandboxes);
	projects_load(a->projects, app_on_step, a);
}

static void
app_step_runs(struct app *a)
{
	runs_adopt(a->runs, app_on_step, a);
}

static size_t
app_run_names(
    int64_t project, char (*names)[HOST_NAME_MAX], size_t max, void *arg)
{
	const struct app *a = arg;

	return runs_names(a->runs, project, names, max);
}

static struct driver_exec *
app_on_diff(int64_t project, int64_t run, const struct driver_exec_spec *x,
    int *fd, void *arg, struct err *e)
{
	const struct app *a = arg;

	return runs_diff(a->runs, project, run, x, fd, e);
}

static void
app_on_proved(int64_t project, void *arg)
{
	struct app *a = arg;

	proved_tell(a->proved, project);
}

static void
app_step_serve(struct app *a)
{
	struct err e = ERR_INIT;

	a->attach = attach_new(a->loop, a->host.home, a->connection->api,
	    a->sandboxes, a->env.driver, &e);
	if (a->attach == NULL) {
		app_on_step(&e, a);
		return;
	}
	attach_on_run(a->attach, app_on_diff, a);
	a->proved = proved_new(&(struct proved_spec){ .loop = a->loop,
	    .api = a->connection->api,
	    .projects = a->projects,
	    .home = a->host.home });
	attach_on_proved(a->attach, app_on_proved, a);
	a->audited = audited_new(&(struct audited_spec){
	    .loop = a->loop, .api = a->connection->api, .home = a->host.home });
	a->figures = figures_new(&(struct figures_spec){ .loop = a->loop,
	    .router = a->router,
	    .models = a->models,
	    .runs = a->runs });
	a->modelset = modelset_new(&(struct modelset_spec){
	    .loop = a->loop, .api = a->connection->api, .models = a->models });
	a->uses = uses_new(&(struct uses_spec){ .host = &a->host,
	    .figures = a->figures,
	    .driver = a->env.driver,
	    .api = a->connection->api,
	    .projects = a->projects,
	    .sandboxes = a->sandboxes,
	    .names = app_run_names,
	    .arg = a });
	a->netlog = netlog_new(&(struct netlog_spec){ .host = &a->host,
	    .api = a->connection->api,
	    .projects = a->projects,
	    .router = a->router_socket });
	a->prune = prune_new(&(struct prune_spec){ .loop = a->loop,
	    .api = a->connection->api,
	    .home = a->host.home,
	    .days = a->cfg->keep_days,
	    .bytes = a->cfg->keep_bytes });
	projects_open(a->projects);
	objcaches_open(a->caches);
	routerctl_keep(a->router, app_on_router, a);
	reader_start(a->reader);
	log_info("app ready home=%s inst=%s", a->host.home, a->host.inst);
	notify_ready();
	app_on_step(NULL, a);
}

static app_step_fn *const app_steps[] = {
	app_step_router,
	app_step_uplink,
	app_step_engine,
	app_step_images,
	app_step_sandboxes,
	app_step_caches,
	app_step_projects,
	app_step_runs,
	app_step_serve,
};

static void
app_next(struct app *a)
{
	if (a->step < sizeof(app_steps) / sizeof(app_steps[0]))
		app_steps[a->step](a);
}

static void
app_on_retry(void *arg)
{
	app_next(arg);
}

/* ---- events ---- */

static void
app_on_unwanted(int64_t id, void *arg)
{
	struct app *a = arg;

	runs_cancel_project(
	    a->runs, id, "the project's sandbox was stopped or deleted");
	objcaches_stop(a->caches, id);
}

static void
app_on_running(int64_t id, void *arg)
{
	struct app *a = arg;

	objcaches_want(a->caches, id);
}

static void
app_on_frozen(int64_t id, bool frozen, void *arg)
{
	struct app *a = arg;

	runs_freeze_project(a->runs, id, frozen);
}

/* Asking again would get the same answer. */
static bool
app_is_final(const struct err *e)
{
	return e == NULL || !call_is_transient(e);
}

static void
app_on_ordered(const struct err *e, void *arg)
{
	struct app *a = arg;

	/* The server's no is final; its absence is not. */
	if (e != NULL)
		log_warn("app order event=%lld why=%s", (long long)a->ev.seq,
		    log_val(e->msg));
	reader_next(a->reader, !app_is_final(e));
}

static void
app_on_refreshed(const struct err *e, void *arg)
{
	struct app *a = arg;

	if (e != NULL)
		log_warn("app refresh event=%lld why=%s", (long long)a->ev.seq,
		    log_val(e->msg));
	runs_wake(a->runs);
	reader_next(a->reader, !app_is_final(e));
}

/* Once, whatever happens: cofferd remembers what it answered. */
static void
app_on_names(const char *names, void *arg)
{
	struct app *a = arg;
	AUTO_STR struct str text = STR_INIT_MAX(APP_HELP_MAX);

	if (a->trigger.asked[0] != '\0')
		str_addf(&text,
		    "There is no command `/%s`. These are there:\n\n",
		    a->trigger.asked);
	commands_help(&a->commands, &text);
	str_addc(&text, '\n');
	if (names[0] != '\0')
		str_addf(&text, "- of this repository: %s\n", names);
	str_add(&text,
	    "- `/stop`: end what runs or waits here\n"
	    "- `/retry`: the last run again; what follows is told to it\n"
	    "- `/status`: what ran here and what waits\n"
	    "- `/allow N`, `/deny N`: answer what a run asks\n"
	    "- `/approve`, `/merge`, `/test-pr`, `/test-pr-bug`: of a pull "
	    "request: the gate, the proofs\n"
	    "- `/help`: this\n");
	runs_answer(
	    a->runs, &a->ev, "answer", str_cstr(&text), app_on_ordered, a);
}

static bool
app_is_project_event(const char *kind)
{
	return strcmp(kind, "project.created") == 0 ||
	    strcmp(kind, "project.updated") == 0 ||
	    strcmp(kind, "project.deleting") == 0 ||
	    strcmp(kind, "network.changed") == 0 ||
	    strcmp(kind, "sandbox.wanted") == 0;
}

static bool
app_is_branch_event(const char *kind)
{
	return strcmp(kind, "branch.updated") == 0 ||
	    strcmp(kind, "mirror.synced") == 0;
}

static void
app_act(struct app *a)
{
	switch (a->trigger.verdict) {
	case TRIGGER_NONE:
		reader_next(a->reader, false);
		return;
	case TRIGGER_RUN:
		runs_order(a->runs, &a->ev, &a->trigger, app_on_ordered, a);
		return;
	case TRIGGER_HELP:
		repo_commands_names(
		    a->repo_commands, a->ev.full_name, app_on_names, a);
		return;
	case TRIGGER_STOP:
		runs_answer(a->runs, &a->ev, "stop", NULL, app_on_ordered, a);
		return;
	case TRIGGER_RETRY:
		runs_answer(a->runs, &a->ev, "retry", NULL, app_on_ordered, a);
		return;
	case TRIGGER_STATUS:
		runs_answer(a->runs, &a->ev, "status", NULL, app_on_ordered, a);
		return;
	}
}

static void
app_decide(struct app *a, const struct commands *all)
{
	const struct project *p = projects_find(a->projects, a->ev.project);
	const struct trigger_rules rules = { .pickup = p != NULL && p->pickup,
		.label = p == NULL ? NULL : p->label };

	trigger_decide(&a->ev, all, &rules, &a->trigger);
}

/* With the repository's own file of that name it is judged anew. */
static void
app_on_commands(const struct err *fail, const struct commands *all, void *arg)
{
	struct app *a = arg;
	AUTO_STR struct str text = STR_INIT;

	if (fail != NULL && call_is_transient(fail)) {
		reader_next(a->reader, true);
		return;
	}
	if (fail != NULL) {
		str_addf(&text,
		    "The command was not started: its file on the default "
		    "branch is wrong or cannot be read.\n\n    %s\n",
		    fail->msg);
		runs_answer(a->runs, &a->ev, "answer", str_cstr(&text),
		    app_on_ordered, a);
		return;
	}
	app_decide(a, all);
	app_act(a);
}

static void
app_on_order(struct app *a)
{
	const struct trigger *t = &a->trigger;

	app_decide(a, &a->commands);
	if (t->verdict == TRIGGER_RUN)
		repo_commands_ask(a->repo_commands, a->ev.full_name,
		    t->command->name, app_on_commands, a);
	else if (t->verdict == TRIGGER_HELP && t->asked[0] != '\0')
		repo_commands_ask(a->repo_commands, a->ev.full_name, t->asked,
		    app_on_commands, a);
	else
		app_act(a);
}

static void
app_on_event(const struct watch_event *ev, void *arg)
{
	struct app *a = arg;

	a->ev = *ev;
	if (app_is_project_event(ev->kind)) {
		projects_refresh(
		    a->projects, ev->full_name, app_on_refreshed, a);
		return;
	}
	if (strcmp(ev->kind, "sandbox.asked") == 0)
		projects_look(a->projects, ev->project, ev->seq,
		    strcmp(json_str_or(ev->data, "ask", ""), "remove") == 0);
	if (app_is_branch_event(ev->kind))
		objcaches_want(a->caches, ev->project);
	/* What was dropped for good lives on nowhere. */
	if (strcmp(ev->kind, "kept.dropped") == 0)
		objcaches_renew(a->caches, ev->project);
	if (strcmp(ev->kind, "run.cancel") == 0)
		runs_cancel(a->runs, json_i64_or(ev->data, "run", 0));
	if (strcmp(ev->kind, "run.created") == 0 &&
	    !runs_knows(a->runs, json_i64_or(ev->data, "run", 0))) {
		runs_learn(a->runs, json_i64_or(ev->data, "run", 0),
		    app_on_ordered, a);
		return;
	}
	app_on_order(a);
}

/* ---- putting it together ---- */

/* The programs' folder has its data beside it: ../share/coffer. */
static int
app_load_commands(struct app *a, struct err *e)
{
	AUTO_FREE char *own = path_join(a->host.home, "prompts/commands");
	AUTO_FREE char *bin = xstrdup(a->connection->self);
	AUTO_FREE char *shipped = NULL;
	const char *dirs[] = { NULL, own, NULL };

	*strrchr(bin, '/') = '\0';
	if (a->cfg->prompts_dir != NULL)
		shipped = path_join(a->cfg->prompts_dir, "commands");
	else
		shipped = path_join(bin, "../share/coffer/prompts/commands");
	dirs[0] = shipped;
	if (commands_load(&a->commands, dirs, e) == -1)
		return -1;
	if (a->commands.n == 0) {
		commands_release(&a->commands);
		return err_set(e, ERR_NOTFOUND,
		    "no command file in %s nor in %s: set prompts_dir", own,
		    shipped);
	}
	if (repo_policy_parse(a->cfg->repo_commands, &a->repo, e) == -1)
		return -1;
	a->repo.all = &a->commands;
	log_info("app commands n=%zu from=%s", a->commands.n, shipped);
	return 0;
}

static bool
app_is_idle(void *arg)
{
	const struct app *a = arg;

	return runs_idle(a->runs);
}

static int
app_load_policy(struct app *a, struct err *e)
{
	const char *self = a->connection->self, *shim = a->connection->shim;
	AUTO_FREE char *shipped = xasprintf(
	    "%.*s/../share/coffer/policy/default",
	    (int)(strrchr(self, '/') - self), self);
	AUTO_FREE char *hook = xasprintf(
	    "%.*s/coffer-hook", (int)(strrchr(shim, '/') - shim), shim);

	a->policy = policy_watch_new(a->loop, a->host.home, shipped, hook, e);
	if (a->policy == NULL)
		return err_wrap(e, "policy");
	a->env.policy = policy_watch_dir(a->policy);
	return 0;
}

static void
app_on_signal(void *arg)
{
	struct app *a = arg;

	log_info("app stop");
	loop_stop(a->loop);
}

static int
app_make(struct app *a, struct err *e)
{
	struct connection *c = a->connection;

	a->loop = loop_new(e);
	if (a->loop == NULL)
		return -1;
	a->host = (struct sandbox_host){ .loop = a->loop,
		.home = c->home,
		.inst = c->inst,
		.shim = c->shim,
		.gateway = a->gateway,
		.range = a->range };
	a->env.driver = driver_open(&a->host,
	    &(struct driver_choice){ .name = a->cfg->driver,
		.socket = a->cfg->engine_socket,
		.runtime = a->cfg->runtime },
	    e);
	if (a->env.driver == NULL)
		return -1;
	if (connection_lock(c, "agentd", e) == -1 ||
	    a->env.driver->probe(&a->host, e) == -1 ||
	    app_load_commands(a, e) == -1 || app_load_policy(a, e) == -1 ||
	    connection_open(c, a->loop, a->cfg->server, "agentd.token",
		"coffer-agentd", e) == -1 ||
	    loop_on_signal(a->loop, SIGTERM, app_on_signal, a, e) == -1 ||
	    loop_on_signal(a->loop, SIGINT, app_on_signal, a, e) == -1)
		return -1;
	a->router_socket = path_join(c->home, "run/router.sock");
	a->router = routerctl_new(a->loop, a->router_socket);
	a->projects = projects_new(&a->host, c->api);
	a->env.host = &a->host;
	a->env.projects = a->projects;
	a->env.api = c->api;
	a->env.commands = &a->commands;
	a->models = modelgate_new(a->loop, c->home, a->cfg->providers);
	projects_set_models(a->projects, a->models);
	a->env.models = a->models;
	a->env.repo = &a->repo;
	a->repo_commands = repo_commands_new(c->api, &a->repo);
	a->env.model = a->cfg->model;
	a->caches = objcaches_new(&a->host, a->env.driver, a->projects);
	a->env.caches = a->caches;
	a->recorder = xasprintf("%.*s/coffer-record",
	    (int)(strrchr(c->shim, '/') - c->shim), c->shim);
	a->env.recorder = a->recorder;
	a->runs = runs_new(&a->env, (unsigned)a->cfg->max_runs);
	a->budgets = budgets_new(&(struct budgets_spec){ .loop = a->loop,
	    .api = c->api,
	    .models = a->models,
	    .idle = app_is_idle,
	    .arg = a });
	projects_on_unwanted(a->projects, app_on_unwanted, a);
	projects_on_running(a->projects, app_on_running, a);
	projects_on_frozen(a->projects, app_on_frozen, a);
	a->reader = reader_new(a->loop, c->api, "agentd", app_on_event, a);
	a->retry = timer_new(a->loop, app_on_retry, a);
	return 0;
}

/* Whoever calls the API takes its calls back; then it goes, then the loop. */
static void
app_free(struct app *a)
{
	budgets_free(a->budgets);
	netlog_free(a->netlog);
	uses_free(a->uses);
	figures_free(a->figures);
	modelset_free(a->modelset);
	prune_free(a->prune);
	attach_free(a->attach);
	proved_free(a->proved);
	audited_free(a->audited);
	reader_free(a->reader);
	repo_commands_free(a->repo_commands);
	runs_free(a->runs);
	objcaches_free(a->caches);
	projects_free(a->projects);
	modelgate_free(a->models);
	uplink_watch_free(a->addresses);
	sandboxes_free(a->sandboxes);
	routerctl_free(a->router);
	free(a->router_socket);
	free(a->recorder);
	policy_watch_free(a->policy);
	timer_free(a->retry);
	commands_release(&a->commands);
	connection_close(a->connection);
	driver_close(&a->host);
	loop_free(a->loop);
}

int
app_serve(struct connection *c, const struct agentd_config *cfg, struct err *e)
{
	struct app a = { .connection = c, .cfg = cfg };
	int rc = app_make(&a, e);

	if (rc == 0) {
		app_next(&a);
		rc = loop_run(a.loop, e);
		loop_drain(a.loop);
	}
	if (rc == 0 && a.fail.code != ERR_NONE) {
		*e = a.fail;
		rc = -1;
	}
	app_free(&a);
	return rc;
}
