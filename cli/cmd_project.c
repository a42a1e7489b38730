#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/confirm.h"
#include "cli/follow.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/sandbox_args.h"
#include "cli/sandbox_use.h"
#include "cli/sandbox_work.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	PROJECT_WAIT_MS = 120 * 1000
};

struct project_args {
	bool yes, force, no_wait, all;
	int64_t timeout_ms;
	struct sandbox_args sandbox;
};

/* The event that ends a wait, and whether it was a good one. */
struct project_watch {
	const char *kind;
	const char *state; /* of sandbox.updated, or NULL */
	bool renewed;      /* "running" counts once it began */
	bool began;
	int64_t generation; /* of what is made anew */
	bool failed;
	char why[200];
};

static bool
project_on_event(const struct json *ev, void *arg)
{
	struct project_watch *w = arg;
	const char *kind = json_str_or(ev, "kind", "");
	const struct json *data = json_get(ev, "data");
	const char *state = json_str_or(data, "state", "");
	int64_t generation = json_i64_or(data, "generation", -1);
	bool refused = strcmp(json_str_or(data, "cause", ""), "refused") == 0;

	if (strcmp(kind, w->kind) != 0)
		return false;
	/* Refused: the old one stays. */
	if (w->renewed && refused)
		state = "failed";
	/* What is said of one before is no answer, but that it failed is. */
	if (w->renewed && generation != -1) {
		if (generation < w->generation &&
		    (refused || strcmp(state, "failed") != 0))
			return false;
		w->began = true;
	}
	if (strcmp(state, "starting") == 0)
		w->began = true;
	if (w->state == NULL ||
	    ((w->began || !w->renewed) && strcmp(state, w->state) == 0))
		return true;
	if (strcmp(state, "failed") != 0)
		return false;
	w->failed = true;
	(void)snprintf(w->why, sizeof(w->why), "%.190s",
	    json_str_or(data, "reason", "the sandbox failed"));
	return true;
}

static int
project_gone(struct cli *c, const char *full, int64_t limit, struct err *e)
{
	AUTO_FREE char *path = xasprintf("/api/coffer/v1/projects/%s", full);
	int64_t end = clock_mono_ms() + limit;

	/* Its events may go with it, so the project itself is asked. */
	while (clock_mono_ms() < end) {
		struct json *j = NULL;
		struct err why = ERR_INIT;

		if (remote_get(c, path, &j, &why) == -1) {
			if (why.code == ERR_NOTFOUND)
				return 0;
			*e = why;
			return -1;
		}
		json_free(j);
		(void)usleep(200 * 1000);
	}
	return err_set(e, ERR_TIMEOUT,
	    "still deleting: coffer-agentd has to remove the sandbox");
}

static int
project_destroy_one(struct cli *c, const struct project_args *a,
    const char *name, const void *arg)
{
	struct err e = ERR_INIT;
	struct json *p = NULL, *j = NULL;
	AUTO_FREE char *path = NULL, *full = NULL;
	int rc;

	(void)arg;
	if ((p = target_load(c, name, &e)) == NULL)
		return cli_fail(c, &e, "destroy %s", name);
	full = xstrdup(json_str_or(p, "full_name", ""));
	json_free(p);
	if (!confirm_ask(c, a->yes, full,
		"destroy %s: its sandbox, issues, pull requests and branches "
		"are deleted",
		full))
		return CLI_FAILED;
	path = xasprintf("/api/coffer/v1/projects/%s%s", full,
	    a->force ? "?force=true" : "");
	rc = sandbox_work_send(c,
	    &(struct remote_call){ .method = "DELETE", .path = path }, &j, &e);
	json_free(j);
	if (rc == -1)
		return cli_fail(c, &e, "destroy %s", full);
	if (rc == REMOTE_DRY)
		return CLI_OK;
	if (a->no_wait) {
		if (c->g.json)
			(void)printf("{\"destroyed\":false}\n");
		return CLI_OK;
	}
	cli_note("removing %s ...", full);
	if (project_gone(c, full,
		a->timeout_ms == 0 ? PROJECT_WAIT_MS : a->timeout_ms, &e) == -1)
		return cli_fail(c, &e, "destroy %s", full);
	if (c->g.json)
		(void)printf("{\"destroyed\":true}\n");
	else
		cli_note("%s is gone", full);
	return CLI_OK;
}

/* What a PATCH asks for, and the state that ends the wait. */
struct project_order {
	const char *verb;
	const char *want;   /* NULL: as it is */
	const char *branch; /* NULL: as it is */
	bool renew, force;
	const struct sandbox_args *settings; /* NULL: as they are */
	const char *until;                   /* NULL: no wait */
};

static void
project_order_body(const struct project_order *o, struct str *body)
{
	struct jw w;

	jw_init(&w, body);
	jw_object(&w, NULL);
	if (o->settings != NULL || o->branch != NULL) {
		jw_object(&w, "settings");
		if (o->settings != NULL)
			sandbox_args_write(&w, o->settings, 0, NULL);
		if (o->branch != NULL)
			jw_str(&w, "branch", o->branch);
		jw_end(&w);
	}
	if (o->want != NULL) {
		jw_object(&w, "sandbox");
		jw_str(&w, "want", o->want);
		if (o->renew)
			jw_bool(&w, "renew", true);
		if (o->force)
			jw_bool(&w, "force", true);
		jw_end(&w);
	}
	jw_end(&w);
}

/* Is it so, as agentd says now and not before it went away? */
static bool
project_is(const struct json *p, const char *until)
{
	const struct json *s = json_get(p, "sandbox");

	if (strcmp(json_str_or(s, "state", ""), until) != 0)
		return false;
	return strcmp(until, "stopped") == 0 ||
	    (json_bool_or(s, "served", false) &&
		json_is_object(json_get(s, "use")));
}

/* What cofferd holds for true already, until agentd says so as well. */
static int
project_confirm_state(struct cli *c, const char *full, const char *until,
    int64_t limit, struct err *e)
{
	AUTO_FREE char *path = xasprintf("/api/coffer/v1/projects/%s", full);
	int64_t end = clock_mono_ms() + limit;
	bool served = false;

	while (clock_mono_ms() < end) {
		const struct json *s;
		struct json *j = NULL;
		bool is, failed;

		if (remote_get(c, path, &j, e) == -1)
			return -1;
		s = json_get(j, "sandbox");
		served = json_bool_or(s, "served", false);
		is = project_is(j, until);
		failed = served &&
		    strcmp(json_str_or(s, "state", ""), "failed") == 0;
		if (failed)
			(void)err_set(e, ERR_INTERNAL, "%.190s",
			    json_str_or(s, "reason", "the sandbox failed"));
		json_free(j);
		if (is || failed)
			return is ? 0 : -1;
		(void)usleep(200 * 1000);
	}
	return err_set(e, ERR_TIMEOUT,
	    served ? "coffer-agentd does not say that the sandbox is %s"
		   : "no coffer-agentd: the sandbox was %s when one was last "
		     "heard of; `coffer up` starts it",
	    until);
}

/* The event came, or not in time: then why. */
static int
project_follow(struct cli *c, const char *full, struct follow *f,
    const struct project_watch *w, struct err *e)
{
	AUTO_FREE char *path = xasprintf("/api/coffer/v1/projects/%s", full);
	struct err ignored = ERR_INIT;
	struct json *j = NULL;

	if (follow_events(c, f, e) == 0)
		return w->failed ? err_set(e, ERR_INTERNAL, "%s", w->why) : 0;
	if (e->code == ERR_TIMEOUT && remote_get(c, path, &j, &ignored) == 0 &&
	    !json_bool_or(json_get(j, "sandbox"), "served", false))
		(void)err_set(e, ERR_TIMEOUT,
		    "no coffer-agentd is heard of; `coffer up` starts it");
	json_free(j);
	return err_wrap(e, "sandbox is not %s", w->state);
}

/* 0 reached, 1 --dry-run, -1. */
static int
project_send(struct cli *c, const struct project_args *a, const struct json *p,
    const struct project_order *o, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s", json_str_or(p, "full_name", ""));
	struct project_watch w = { .kind = "sandbox.updated",
		.state = o->until,
		.renewed = o->renew };
	struct follow f = {
		.project = json_i64_or(p, "id", 0),
		.limit_ms = a->timeout_ms == 0 ? PROJECT_WAIT_MS
					       : a->timeout_ms,
		.busy = "waiting for the sandbox",
		.fn = project_on_event,
		.arg = &w,
	};
	const struct remote_call call = {
		.method = "PATCH", .path = path, .body = &body
	};
	const char *full = json_str_or(p, "full_name", "");
	struct json *j = NULL;
	bool there;
	int rc;

	project_order_body(o, &body);
	if (follow_newest(c, f.project, &f.after, e) == -1)
		return -1;
	rc = o->renew ? sandbox_work_send(c, &call, &j, e)
		      : remote_send(c, &call, &j, NULL, e);
	if (rc != 0)
		return rc;
	if (o->until != NULL && !a->no_wait &&
	    !json_bool_or(json_get(j, "sandbox"), "served", false))
		cli_note("no coffer-agentd is heard of, which does it; `coffer "
			 "up` starts it, as root");
	there = o->until != NULL && !o->renew &&
	    strcmp(json_str_or(json_get(j, "sandbox"), "state", ""),
		o->until) == 0;
	rc = there && project_is(j, o->until);
	w.generation = json_i64_or(json_get(j, "sandbox"), "generation", 0);
	json_free(j);
	if (rc == 1 || o->until == NULL || a->no_wait)
		return 0;
	cli_note("waiting for the sandbox ...");
	return there ? project_confirm_state(c, full, o->until, f.limit_ms, e)
		     : project_follow(c, full, &f, &w, e);
}

static int
project_order(struct cli *c, const struct project_args *a, const char *name,
    const struct project_order *o)
{
	struct err e = ERR_INIT;
	struct json *p = target_load(c, name, &e), *now;
	int rc;

	if (p == NULL)
		return cli_fail(c, &e, "%s %s", o->verb, name);
	rc = project_send(c, a, p, o, &e);
	json_free(p);
	if (rc == -1)
		return cli_fail(c, &e, "%s %s", o->verb, name);
	if (rc != 0)
		return CLI_OK;
	now = target_load(c, name, &e);
	if (o->want != NULL && strcmp(o->want, "running") == 0)
		sandbox_use_warn(now);
	if (c->g.json)
		out_json(now);
	else
		(void)printf(
		    "%s: %s\n", name, o->until != NULL ? o->until : o->branch);
	json_free(now);
	return CLI_OK;
}

typedef int project_one_fn(struct cli *c, const struct project_args *a,
    const char *name, const void *arg);

/* One project, or all that are not being deleted; the worst exit code. */
static int
project_each(struct cli *c, const struct project_args *a, const char *verb,
    const char *name, project_one_fn *one, const void *arg)
{
	struct err e = ERR_INIT;
	struct json *list;
	int worst = CLI_OK;

	if (a->all == (name != NULL))
		return cli_usage(
		    "%s: want a PROJECT or --all, and not both", verb);
	if (!a->all)
		return one(c, a, name, arg);
	list = target_list(c, &e);
	if (list == NULL)
		return cli_fail(c, &e, "%s --all", verb);
	for (const struct json *p = json_first(list); p != NULL;
	     p = json_next(p)) {
		int rc;

		if (strcmp(json_str_or(p, "state", ""), "active") != 0)
			continue;
		rc = one(c, a, json_str_or(p, "full_name", ""), arg);
		if (rc != CLI_OK)
			worst = rc;
	}
	json_free(list);
	return worst;
}

static int
project_order_one(struct cli *c, const struct project_args *a, const char *name,
    const void *arg)
{
	return project_order(c, a, name, arg);
}

static int
project_order_each(struct cli *c, const struct project_args *a,
    const char *name, const struct project_order *o)
{
	return project_each(c, a, o->verb, name, project_order_one, o);
}

static int
project_destroy(struct cli *c, const void *args, int argc, char **argv)
{
	const struct project_args *a = args;

	if (!confirm_possible(c, a->yes, "destroy"))
		return CLI_USAGE;
	return project_each(c, args, "destroy", argc == 1 ? argv[0] : NULL,
	    project_destroy_one, NULL);
}

static int
project_start(struct cli *c, const void *args, int argc, char **argv)
{
	return project_order_each(c, args, argc == 1 ? argv[0] : NULL,
	    &(struct project_order){
		.verb = "start", .want = "running", .until = "running" });
}

static int
project_stop(struct cli *c, const void *args, int argc, char **argv)
{
	return project_order_each(c, args, argc == 1 ? argv[0] : NULL,
	    &(struct project_order){
		.verb = "stop", .want = "stopped", .until = "stopped" });
}

static int
project_pause(struct cli *c, const void *args, int argc, char **argv)
{
	return project_order_each(c, args, argc == 1 ? argv[0] : NULL,
	    &(struct project_order){
		.verb = "pause", .want = "paused", .until = "paused" });
}

static int
project_unpause(struct cli *c, const void *args, int argc, char **argv)
{
	return project_order_each(c, args, argc == 1 ? argv[0] : NULL,
	    &(struct project_order){
		.verb = "unpause", .want = "running", .until = "running" });
}

static int
project_set_branch(struct cli *c, const void *args, int argc, char **argv)
{
	(void)argc;
	return project_order(c, args, argv[0],
	    &(struct project_order){ .verb = "set-branch", .branch = argv[1] });
}

static int
project_recreate_one(struct cli *c, const struct project_args *a,
    const char *name, const void *arg)
{
	AUTO_FREE char *full = NULL;
	struct err e = ERR_INIT;
	struct json *p = target_load(c, name, &e);

	if (p == NULL)
		return cli_fail(c, &e, "recreate %s", name);
	full = xstrdup(json_str_or(p, "full_name", ""));
	json_free(p);
	if (!confirm_ask(c, a->yes, full,
		"recreate %s: what is in its sandbox is deleted; issues, pull "
		"requests and branches stay",
		full))
		return CLI_FAILED;
	return project_order(c, a, full, arg);
}

static int
project_recreate(struct cli *c, const void *args, int argc, char **argv)
{
	const struct project_args *a = args;
	const struct project_order order = { .verb = "recreate",
		.want = "running",
		.renew = true,
		.force = a->force,
		.settings = sandbox_args_any(&a->sandbox) ? &a->sandbox : NULL,
		.until = "running" };
	struct err e = ERR_INIT;

	if (sandbox_args_check(&a->sandbox, &e) == -1)
		return cli_fail(c, &e, "recreate");
	if (!confirm_possible(c, a->yes, "recreate"))
		return CLI_USAGE;
	return project_each(c, a, "recreate", argc == 1 ? argv[0] : NULL,
	    project_recreate_one, &order);
}

#define PROJECT(field) offsetof(struct project_args, field)

static const struct command_option project_destroy_options[] = {
	{ 'a', OPT_FLAG, "all", PROJECT(all), NULL, "every project" },
	{ 'y', OPT_FLAG, "yes", PROJECT(yes), NULL, "do not ask" },
	{ 'f', OPT_FLAG, "force", PROJECT(force), NULL,
	    "even while runs are running, and with work that is lost" },
	{ 0, OPT_FLAG, "no-wait", PROJECT(no_wait), NULL,
	    "do not wait until it is gone" },
	{ 0, OPT_MS, "timeout", PROJECT(timeout_ms), "TIME",
	    "give up waiting (default 2m)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option project_recreate_options[] = {
	{ 'a', OPT_FLAG, "all", PROJECT(all), NULL, "every project" },
	{ 'y', OPT_FLAG, "yes", PROJECT(yes), NULL, "do not ask" },
	{ 'f', OPT_FLAG, "force", PROJECT(force), NULL,
	    "even while runs are running, and with work that is lost" },
	SANDBOX_ARGS_ROWS(struct project_args),
	{ 0, OPT_FLAG, "no-wait", PROJECT(no_wait), NULL,
	    "do not wait for the sandbox" },
	{ 0, OPT_MS, "timeout", PROJECT(timeout_ms), "TIME",
	    "give up waiting (default 2m)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option project_branch_options[] = {
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option project_set_options[] = {
	{ 'a', OPT_FLAG, "all", PROJECT(all), NULL, "every project" },
	{ 0, OPT_FLAG, "no-wait", PROJECT(no_wait), NULL,
	    "do not wait for the sandbox" },
	{ 0, OPT_MS, "timeout", PROJECT(timeout_ms), "TIME",
	    "give up waiting (default 2m)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_project[] = {
	{ .name = "destroy",
	    .group = "Projects",
	    .summary = "delete a project and its sandbox",
	    .usage = "PROJECT | --all [--yes] [--force]",
	    .max = 1,
	    .args_size = sizeof(struct project_args),
	    .options = project_destroy_options,
	    .run = project_destroy },
	{ .name = "start",
	    .group = "Sandboxes",
	    .summary = "start a project's sandbox",
	    .usage = "PROJECT | --all",
	    .max = 1,
	    .args_size = sizeof(struct project_args),
	    .options = project_set_options,
	    .run = project_start },
	{ .name = "stop",
	    .group = "Sandboxes",
	    .summary = "stop a project's sandbox; its files stay",
	    .usage = "PROJECT | --all",
	    .max = 1,
	    .args_size = sizeof(struct project_args),
	    .options = project_set_options,
	    .run = project_stop },
	{ .name = "pause",
	    .group = "Sandboxes",
	    .summary = "freeze a sandbox and what runs in it",
	    .usage = "PROJECT | --all",
	    .max = 1,
	    .args_size = sizeof(struct project_args),
	    .options = project_set_options,
	    .run = project_pause },
	{ .name = "unpause",
	    .group = "Sandboxes",
	    .summary = "let a paused sandbox go on",
	    .usage = "PROJECT | --all",
	    .max = 1,
	    .args_size = sizeof(struct project_args),
	    .options = project_set_options,
	    .run = project_unpause },
	{ .name = "recreate",
	    .group = "Sandboxes",
	    .summary = "make a sandbox anew, from an empty workspace",
	    .usage = "PROJECT | --all [OPTION...]",
	    .max = 1,
	    .args_size = sizeof(struct project_args),
	    .options = project_recreate_options,
	    .run = project_recreate,
	    .more = "Settings that no option names stay as they are. The old "
		    "sandbox is kept until\nthe new one runs, and put back if "
		    "it does not.\n" },
	{ .name = "set-branch",
	    .group = "Projects",
	    .summary = "the branch that runs and git tree begin from",
	    .usage = "PROJECT BRANCH",
	    .min = 2,
	    .max = 2,
	    .args_size = sizeof(struct project_args),
	    .options = project_branch_options,
	    .run = project_set_branch,
	    .more = "\"\" is the default branch.\n" },
	{ .name = NULL },
};
