#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/out.h"
#include "cli/remote.h"
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
	bool yes, force, no_wait;
	int64_t timeout_ms;
};

/* The event that ends a wait, and whether it was a good one. */
struct project_watch {
	const char *kind;
	const char *state; /* of sandbox.updated, or NULL */
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

	if (strcmp(kind, w->kind) != 0)
		return false;
	if (w->state == NULL || strcmp(state, w->state) == 0)
		return true;
	if (strcmp(state, "failed") != 0)
		return false;
	w->failed = true;
	(void)snprintf(w->why, sizeof(w->why), "%.190s",
	    json_str_or(data, "reason", "the sandbox failed"));
	return true;
}

static bool
project_skip(const struct json *ev, void *arg)
{
	(void)ev;
	(void)arg;
	return false;
}

/* The sequence of the newest event of a project: where waiting starts. */
static int
project_newest(struct cli *c, int64_t id, int64_t *seq, struct err *e)
{
	struct follow f = { .project = id, .once = true, .fn = project_skip };

	if (follow_events(c, &f, e) == -1)
		return -1;
	*seq = f.after;
	return 0;
}

static bool
project_confirm(const char *full)
{
	char line[256] = "";

	(void)fprintf(stderr,
	    "destroy %s: its sandbox, issues, pull requests and branches "
	    "are deleted.\nType its name to go on: ",
	    full);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	return strcmp(line, full) == 0 ||
	    strcmp(line, strchr(full, '/') + 1) == 0;
}

/* Work that exists nowhere else: runs that are not over. */
static int
project_busy(struct cli *c, const char *full, struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/runs?project=%s&state=running", full);
	struct json *j = NULL;
	size_t n;

	if (remote_get(c, path, &j, e) == -1)
		return -1;
	n = json_count(j);
	json_free(j);
	if (n > 0)
		return err_set(e, ERR_DENIED,
		    "%zu runs are running; cancel them or use --force", n);
	return 0;
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
project_destroy(struct cli *c, const void *args, int argc, char **argv)
{
	const struct project_args *a = args;
	struct err e = ERR_INIT;
	struct json *p = NULL, *j = NULL;
	AUTO_FREE char *path = NULL, *full = NULL;
	int rc;

	(void)argc;
	if (!a->yes && !c->g.dry_run && isatty(STDIN_FILENO) != 1)
		return cli_usage("destroy: not a terminal; confirm with "
				 "--yes");
	if ((p = target_load(c, argv[0], &e)) == NULL)
		return cli_fail(c, &e, "destroy %s", argv[0]);
	full = xstrdup(json_str_or(p, "full_name", ""));
	json_free(p);
	if (!a->force && project_busy(c, full, &e) == -1)
		return cli_fail(c, &e, "destroy %s", full);
	if (!a->yes && !c->g.dry_run && !project_confirm(full)) {
		cli_note("nothing was destroyed");
		return CLI_FAILED;
	}
	path = xasprintf("/api/coffer/v1/projects/%s", full);
	rc = remote_send(c,
	    &(struct remote_call){ .method = "DELETE", .path = path }, &j, NULL,
	    &e);
	json_free(j);
	if (rc == -1)
		return cli_fail(c, &e, "destroy %s", full);
	if (rc == REMOTE_DRY || a->no_wait)
		return CLI_OK;
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

/* 0 reached, 1 --dry-run, -1. */
static int
project_want(struct cli *c, const struct project_args *a, const struct json *p,
    const char *want, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s", json_str_or(p, "full_name", ""));
	struct project_watch w = { .kind = "sandbox.updated", .state = want };
	struct follow f = {
		.project = json_i64_or(p, "id", 0),
		.limit_ms = a->timeout_ms == 0 ? PROJECT_WAIT_MS
					       : a->timeout_ms,
		.fn = project_on_event,
		.arg = &w,
	};
	struct json *j = NULL;
	struct jw jw;
	bool there;
	int rc;

	jw_init(&jw, &body);
	jw_object(&jw, NULL);
	jw_object(&jw, "sandbox");
	jw_str(&jw, "want", want);
	jw_end(&jw);
	jw_end(&jw);
	if (project_newest(c, f.project, &f.after, e) == -1)
		return -1;
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "PATCH", .path = path, .body = &body },
	    &j, NULL, e);
	if (rc != 0)
		return rc;
	there = strcmp(json_str_or(json_get(j, "sandbox"), "state", ""),
		    want) == 0;
	json_free(j);
	if (there || a->no_wait)
		return 0;
	cli_note("waiting for the sandbox ...");
	if (follow_events(c, &f, e) == -1)
		return err_wrap(e, "sandbox is not %s", want);
	if (w.failed)
		return err_set(e, ERR_INTERNAL, "%s", w.why);
	return 0;
}

static int
project_set(struct cli *c, const void *args, char **argv, const char *verb,
    const char *want)
{
	struct err e = ERR_INIT;
	struct json *p = target_load(c, argv[0], &e), *now;
	int rc;

	if (p == NULL)
		return cli_fail(c, &e, "%s %s", verb, argv[0]);
	rc = project_want(c, args, p, want, &e);
	json_free(p);
	if (rc == -1)
		return cli_fail(c, &e, "%s %s", verb, argv[0]);
	if (rc == 0 && c->g.json) {
		now = target_load(c, argv[0], &e);
		out_json(now);
		json_free(now);
	} else if (rc == 0) {
		(void)printf("%s: %s\n", argv[0], want);
	}
	return CLI_OK;
}

static int
project_start(struct cli *c, const void *args, int argc, char **argv)
{
	(void)argc;
	return project_set(c, args, argv, "start", "running");
}

static int
project_stop(struct cli *c, const void *args, int argc, char **argv)
{
	(void)argc;
	return project_set(c, args, argv, "stop", "stopped");
}

#define PROJECT(field) offsetof(struct project_args, field)

static const struct command_option project_destroy_options[] = {
	{ 'y', OPT_FLAG, "yes", PROJECT(yes), NULL, "do not ask" },
	{ 'f', OPT_FLAG, "force", PROJECT(force), NULL,
	    "even while runs are running" },
	{ 0, OPT_FLAG, "no-wait", PROJECT(no_wait), NULL,
	    "do not wait until it is gone" },
	{ 0, OPT_MS, "timeout", PROJECT(timeout_ms), "TIME",
	    "give up waiting (default 2m)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option project_set_options[] = {
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
	    .usage = "PROJECT [--yes] [--force]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct project_args),
	    .options = project_destroy_options,
	    .run = project_destroy },
	{ .name = "start",
	    .group = "Projects",
	    .summary = "start a project's sandbox",
	    .usage = "PROJECT",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct project_args),
	    .options = project_set_options,
	    .run = project_start },
	{ .name = "stop",
	    .group = "Projects",
	    .summary = "stop a project's sandbox; its files stay",
	    .usage = "PROJECT",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct project_args),
	    .options = project_set_options,
	    .run = project_stop },
	{ .name = NULL },
};
