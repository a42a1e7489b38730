/* cmd_sync: look at upstream now; the webhook that upstream calls. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/busy.h"
#include "cli/cli.h"
#include "cli/mirror_show.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	SYNC_WAIT_S = 60,
	SYNC_WAIT_MAX_S = 600
};

struct sync_args {
	bool wait, no_wait, all, remove;
	int64_t timeout_ms;
	const char *accept;
};

static void
sync_show(const struct cli *c, const char *full, const struct json *p,
    const char *report_before)
{
	const struct json *m = json_get(p, "mirror");
	const struct json *report = json_get(m, "report");
	AUTO_STR struct str now = STR_INIT;

	json_print(report, &now);
	(void)printf("%s: %" PRId64 " refs\n", full, json_i64_or(m, "refs", 0));
	if (strcmp(str_cstr(&now), report_before) != 0)
		mirror_show_report(c, report);
	mirror_show_waiting(c, p);
}

/* CLI_OK or the exit code, after a message.  *out is the Project. */
static int
sync_wait(struct cli *c, const struct sync_args *a, const char *full,
    const char *report_before, struct json **out)
{
	int64_t wait_s = a->no_wait ? 0
	    : a->timeout_ms == 0    ? SYNC_WAIT_S
				    : (a->timeout_ms + 999) / 1000;
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s/sync?wait=%" PRId64, full, wait_s);
	struct err e = ERR_INIT;
	const struct json *m;
	const char *state;
	struct busy *b;
	int rc, status = 0;

	b = busy_begin(c, "looking at upstream", NULL, NULL);
	rc = remote_send(c,
	    &(struct remote_call){ .method = "POST",
		.path = path,
		.limit_ms = (wait_s + 30) * 1000 },
	    out, &status, &e);
	busy_end(b);
	if (rc == -1)
		return cli_fail(c, &e, "sync %s", full);
	if (rc == REMOTE_DRY || a->no_wait)
		return CLI_OK;
	m = json_get(*out, "mirror");
	state = json_str_or(m, "state", "?");
	if (status == 202) {
		(void)err_set(&e, ERR_TIMEOUT,
		    "not done after %" PRId64 " s; it goes on", wait_s);
		return cli_fail(c, &e, "sync %s", full);
	}
	if (strcmp(state, "failed") == 0 || strcmp(state, "paused") == 0) {
		(void)err_set(&e, ERR_INTERNAL, "%s",
		    json_str_or(m, "last_error", state));
		return cli_fail(c, &e, "sync %s", full);
	}
	if (!c->g.json)
		sync_show(c, full, *out, report_before);
	return CLI_OK;
}

static int
sync_accept(struct cli *c, const char *full, const struct json *p,
    const char *what, struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s/mirror/accept", full);
	AUTO_FREE char *ref = strncmp(what, "refs/", 5) == 0
	    ? xstrdup(what)
	    : xasprintf("refs/heads/%s", what);
	const struct json *w = json_first(
	    json_get(json_get(p, "mirror"), "waiting"));
	AUTO_STR struct str body = STR_INIT;
	struct json *j = NULL;
	struct jw jw;
	int rc;

	while (w != NULL && strcmp(json_str_or(w, "ref", ""), ref) != 0)
		w = json_next(w);
	jw_init(&jw, &body);
	jw_object(&jw, NULL);
	jw_str(&jw, "ref", ref);
	if (json_str_or(w, "upstream", NULL) != NULL)
		jw_str(&jw, "upstream", json_str_or(w, "upstream", ""));
	jw_end(&jw);
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "POST", .path = path, .body = &body },
	    &j, NULL, e);
	json_free(j);
	return rc;
}

/* *out is the Project afterwards, or NULL. */
static int
sync_one(struct cli *c, const struct sync_args *a, const char *name,
    struct json **out)
{
	struct err e = ERR_INIT;
	struct json *p = target_load(c, name, &e);
	AUTO_STR struct str before = STR_INIT;
	AUTO_FREE char *full = NULL;
	int rc = 0;

	*out = NULL;
	if (p == NULL)
		return cli_fail(c, &e, "sync %s", name);
	full = xstrdup(json_str_or(p, "full_name", "?"));
	json_print(json_get(json_get(p, "mirror"), "report"), &before);
	if (a->accept != NULL)
		rc = sync_accept(c, full, p, a->accept, &e);
	json_free(p);
	if (rc == -1)
		return cli_fail(c, &e, "sync %s: %s", full, a->accept);
	return sync_wait(c, a, full, str_cstr(&before), out);
}

/* The worst exit code; one failure does not stop the rest. */
static int
sync_all(struct cli *c, const struct sync_args *a)
{
	struct err e = ERR_INIT;
	struct json *list = target_list(c, &e);
	const char *comma = "";
	int worst = CLI_OK;

	if (list == NULL)
		return cli_fail(c, &e, "sync");
	if (c->g.json)
		out_json_text(VIEW_LIT("["));
	for (const struct json *p = json_first(list); p != NULL;
	     p = json_next(p)) {
		struct json *now = NULL;
		int rc = sync_one(c, a, json_str_or(p, "full_name", "?"), &now);

		if (worst == CLI_OK)
			worst = rc;
		if (c->g.json && now != NULL) {
			AUTO_STR struct str text = STR_INIT;

			json_print(now, &text);
			(void)printf("%s", comma);
			out_json_text(str_view(&text));
			comma = ",";
		}
		json_free(now);
	}
	if (c->g.json)
		(void)printf("]\n");
	json_free(list);
	return worst;
}

static int
sync_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct sync_args *a = args;
	struct json *p = NULL;
	int rc;

	if (a->timeout_ms > (int64_t)SYNC_WAIT_MAX_S * 1000)
		return cli_usage("sync: --timeout is at most 10m");
	if (a->all != (argc == 0))
		return cli_usage("sync: want PROJECT or --all");
	if (a->accept != NULL && a->all)
		return cli_usage("sync: --accept takes one PROJECT");
	if (a->all)
		return sync_all(c, a);
	rc = sync_one(c, a, argv[0], &p);
	if (c->g.json && p != NULL)
		out_json(p);
	json_free(p);
	return rc;
}

static int
sync_hook(struct cli *c, const void *args, int argc, char **argv)
{
	const struct sync_args *a = args;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = NULL;
	struct json *j = NULL;
	int rc;

	(void)argc;
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "project hook %s", argv[0]);
	path = xasprintf("/api/coffer/v1/projects/%s/upstream-hook", full);
	str_add(&body, a->remove ? "{\"secret\":\"\"}" : "{}");
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "PUT", .path = path, .body = &body },
	    &j, NULL, &e);
	if (rc == -1)
		return cli_fail(c, &e, "project hook %s", full);
	if (rc == 0 && c->g.json) {
		out_json(j);
	} else if (rc == 0 && a->remove) {
		(void)printf("%s: no webhook is taken any more\n", full);
	} else if (rc == 0) {
		(void)printf("url           ");
		out_text(stdout, json_str_or(j, "url", "?"));
		(void)printf("\nsecret        ");
		out_text(stdout, json_str_or(j, "secret", "?"));
		(void)printf("\ncontent type  application/json\n"
			     "events        push, create, delete\n");
		cli_note("the secret is not shown again");
	}
	json_free(j);
	return CLI_OK;
}

#define SYNC(field) offsetof(struct sync_args, field)

static const struct command_option sync_options[] = {
	{ 'w', OPT_FLAG, "wait", SYNC(wait), NULL,
	    "wait for its end (as it does by itself)" },
	{ 0, OPT_FLAG, "no-wait", SYNC(no_wait), NULL, "only begin" },
	{ 0, OPT_MS, "timeout", SYNC(timeout_ms), "TIME",
	    "give up waiting (default 60s)" },
	{ 0, OPT_FLAG, "all", SYNC(all), NULL, "every project" },
	{ 0, OPT_STR, "accept", SYNC(accept), "REF",
	    "take upstream for a ref that waits; the local tip is kept" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option sync_hook_options[] = {
	{ 0, OPT_FLAG, "remove", SYNC(remove), NULL, "take none any more" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_sync[] = {
	{ .name = "sync",
	    .group = "Projects",
	    .summary = "look at upstream now",
	    .usage = "PROJECT|--all [--accept REF] [--timeout TIME]",
	    .max = 1,
	    .args_size = sizeof(struct sync_args),
	    .options = sync_options,
	    .run = sync_run },
	{ .name = "project hook",
	    .group = "Projects",
	    .summary = "make the webhook that upstream calls on a push",
	    .usage = "PROJECT [--remove]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct sync_args),
	    .options = sync_hook_options,
	    .run = sync_hook },
	{ .name = NULL },
};
