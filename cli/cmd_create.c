#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/sandbox_args.h"
#include "cli/sandbox_use.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	CREATE_TOKEN_MAX = 4096,
	CREATE_WAIT_MS = 10 * 60 * 1000
};

struct create_args {
	const char *name, *token_file;
	struct sandbox_args sandbox;
	uint64_t approvals;
	int64_t interval_ms, timeout_ms;
	bool no_start, wait, pickup;
};

/* What is followed until the mirror is there and the sandbox runs. */
struct create_watch {
	bool want_sandbox;
	bool synced, running;
	int64_t refs;
	bool failed;
	char why[200];
};

static void
create_body(struct str *out, const struct create_args *a, int argc, char **argv)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "upstream", argv[0]);
	if (a->name != NULL)
		jw_str(&w, "name", a->name);
	jw_object(&w, "settings");
	sandbox_args_write(&w, &a->sandbox, argc - 1, argv + 1);
	if (a->approvals != 0)
		jw_u64(&w, "approvals", a->approvals);
	if (a->interval_ms != 0)
		jw_i64(&w, "interval_s", a->interval_ms / 1000);
	if (a->pickup)
		jw_bool(&w, "pickup", true);
	jw_end(&w);
	if (a->no_start) {
		jw_object(&w, "sandbox");
		jw_str(&w, "want", "stopped");
		jw_end(&w);
	}
	jw_end(&w);
}

static int
create_send_token(
    struct cli *c, const char *full, const char *file, struct err *e)
{
	AUTO_STR struct str text = STR_INIT, body = STR_INIT;
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s/upstream-token", full);
	AUTO_FREE char *again = xasprintf(
	    "/api/coffer/v1/projects/%s/sync", full);
	struct remote_call call = {
		.method = "PUT", .path = path, .body = &body, .secret = true
	};
	struct json *j = NULL;
	struct jw w;

	if (path_read(file, CREATE_TOKEN_MAX, &text, e) == -1)
		return -1;
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_view(&w, "token", view_trim(str_view(&text)));
	jw_end(&w);
	if (remote_send(c, &call, &j, NULL, e) == -1)
		return err_wrap(e, "upstream token");
	json_free(j);
	call = (struct remote_call){ .method = "POST", .path = again };
	if (remote_send(c, &call, &j, NULL, e) == -1)
		return err_wrap(e, "sync");
	json_free(j);
	return 0;
}

static bool
create_on_event(const struct json *ev, void *arg)
{
	struct create_watch *w = arg;
	const char *kind = json_str_or(ev, "kind", "");
	const struct json *data = json_get(ev, "data");
	const char *state = json_str_or(data, "state", "");

	if (strcmp(kind, "mirror.synced") == 0) {
		w->synced = true;
		w->refs = json_i64_or(data, "refs", 0);
	} else if (strcmp(kind, "mirror.failed") == 0) {
		w->failed = true;
		(void)snprintf(w->why, sizeof(w->why), "mirror: %.180s",
		    json_str_or(data, "error", "failed"));
	} else if (strcmp(kind, "sandbox.updated") == 0) {
		w->running = strcmp(state, "running") == 0;
		if (strcmp(state, "failed") == 0 && w->want_sandbox) {
			w->failed = true;
			(void)snprintf(w->why, sizeof(w->why),
			    "sandbox: %.180s",
			    json_str_or(data, "reason", "failed"));
		}
	}
	return w->failed || (w->synced && (!w->want_sandbox || w->running));
}

static int
create_wait(struct cli *c, const struct create_args *a,
    const struct json *project, struct err *e)
{
	AUTO_FREE char *sock = path_join(c->home, "run/agentd.sock");
	int64_t from = clock_mono_ms();
	struct create_watch w = { .want_sandbox = false };
	struct follow f = {
		.project = json_i64_or(project, "id", 0),
		.limit_ms = a->timeout_ms == 0 ? CREATE_WAIT_MS : a->timeout_ms,
		.busy = "mirroring",
		.fn = create_on_event,
		.arg = &w,
	};

	cli_note("mirroring ...");
	if (follow_events(c, &f, e) == -1)
		return err_wrap(e, "first sync");
	if (w.failed)
		return err_set(e, ERR_INTERNAL, "%s", w.why);
	cli_note("mirror of %" PRId64 " ref%s in %.1f s", w.refs,
	    w.refs == 1 ? "" : "s", (double)(clock_mono_ms() - from) / 1000);
	if (a->no_start || w.running)
		return 0;
	if (!a->wait && access(sock, F_OK) == -1) {
		cli_note("no coffer-agentd runs here: the sandbox starts "
			 "when one does");
		return 0;
	}
	cli_note("starting the sandbox ...");
	w.want_sandbox = true;
	f.busy = "starting the sandbox";
	f.limit_ms = f.limit_ms - (clock_mono_ms() - from);
	if (f.limit_ms < 1)
		f.limit_ms = 1;
	if (follow_events(c, &f, e) == -1)
		return err_wrap(e, "sandbox");
	if (w.failed)
		return err_set(e, ERR_INTERNAL, "%s", w.why);
	cli_note("sandbox runs after %.1f s",
	    (double)(clock_mono_ms() - from) / 1000);
	return 0;
}

/* Before there is a project that would be left without its token. */
static int
create_token_check(const struct create_args *a, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	int rc = 0;

	if (a->token_file == NULL)
		return 0;
	if (path_read(a->token_file, CREATE_TOKEN_MAX, &text, e) == -1)
		return -1;
	if (view_trim(str_view(&text)).len == 0)
		rc = err_set(e, ERR_INVALID, "%s is empty", a->token_file);
	if (text.len > 0)
		explicit_bzero(text.p, text.len);
	return rc;
}

static int
create_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct create_args *a = args;
	AUTO_STR struct str body = STR_INIT;
	const struct remote_call call = { .method = "POST",
		.path = "/api/coffer/v1/projects",
		.body = &body };
	struct err e = ERR_INIT;
	struct json *j = NULL, *now = NULL;
	const char *full;
	int rc;

	if (sandbox_args_check(&a->sandbox, &e) == -1 ||
	    create_token_check(a, &e) == -1)
		return cli_fail(c, &e, "create %s", argv[0]);
	create_body(&body, a, argc, argv);
	rc = remote_send(c, &call, &j, NULL, &e);
	if (rc == -1)
		return cli_fail(c, &e, "create %s", argv[0]);
	if (rc == REMOTE_DRY)
		return CLI_OK;
	full = json_str_or(j, "full_name", "");
	rc = CLI_OK;
	if (!c->g.json)
		cli_note("project %s", full);
	if (!a->no_start)
		sandbox_use_warn(j);
	if ((a->token_file != NULL &&
		create_send_token(c, full, a->token_file, &e) == -1) ||
	    create_wait(c, a, j, &e) == -1) {
		rc = cli_fail(c, &e, "create %s", full);
		cli_note("the project stays: when its mirror is mended `coffer "
			 "sync %s`; a sandbox of other settings is `coffer "
			 "recreate %s OPTION...`; else `coffer destroy %s`",
		    full, full, full);
	} else if (c->g.json) {
		now = target_load(c, full, &e);
		out_json(now != NULL ? now : j);
	} else {
		out_text(stdout, json_str_or(j, "clone_url", full));
		(void)printf("\n");
	}
	json_free(now);
	json_free(j);
	return rc;
}

#define CREATE(field) offsetof(struct create_args, field)

static const struct command_option create_options[] = {
	{ 'n', OPT_STR, "name", CREATE(name), "NAME",
	    "default: the last part of the URL" },
	SANDBOX_ARGS_ROWS(struct create_args),
	{ 0, OPT_MS, "interval", CREATE(interval_ms), "TIME",
	    "between two looks at upstream (default 60s)" },
	{ 0, OPT_U64, "approvals", CREATE(approvals), "N",
	    "that a merge needs (default 1)" },
	{ 0, OPT_FLAG, "pickup", CREATE(pickup), NULL,
	    "a plain new issue starts the agent" },
	{ 0, OPT_STR, "token-file", CREATE(token_file), "FILE",
	    "token for a private upstream" },
	{ 0, OPT_FLAG, "no-start", CREATE(no_start), NULL,
	    "leave the sandbox stopped" },
	{ 'w', OPT_FLAG, "wait", CREATE(wait), NULL, "until the sandbox runs" },
	{ 0, OPT_MS, "timeout", CREATE(timeout_ms), "TIME",
	    "give up waiting (default 10m)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_create[] = {
	{ .name = "create",
	    .group = "Projects",
	    .summary = "mirror a repository and make its sandbox",
	    .usage = "URL [OPTION...] [-- AGENT-COMMAND...]",
	    .min = 1,
	    .max = COMMAND_MANY,
	    .args_size = sizeof(struct create_args),
	    .options = create_options,
	    .run = create_run,
	    .more = "One --agent-command or --entrypoint with blanks is split "
		    "at them." },
	{ .name = NULL },
};
