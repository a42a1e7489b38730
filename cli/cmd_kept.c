#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/confirm.h"
#include "cli/kept.h"
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
	KEPT_WAIT_S = 60,
	KEPT_WAIT_MAX_S = 600,
	KEPT_PAGE = 50,
	KEPT_PAGES_MAX = 200
};

struct kept_args {
	const char *as, *step;
	bool all, yes;
	int64_t wait_ms;
};

/* -1 when it is too long. */
static int64_t
kept_wait_s(const struct kept_args *a)
{
	int64_t s = a->wait_ms == 0 ? KEPT_WAIT_S : (a->wait_ms + 999) / 1000;

	return s <= KEPT_WAIT_MAX_S ? s : -1;
}

static void
kept_rows(struct out_table *t, const struct json *j)
{
	char ago[32];

	for (const struct json *k = json_first(j); k != NULL;
	     k = json_next(k)) {
		out_cell(t, json_str_or(k, "name", NULL));
		out_cell(t, json_str_or(k, "ref", NULL));
		out_cellf(t, "%.10s", json_str_or(k, "sha", ""));
		out_cell(t, out_ago(json_str_or(k, "at", NULL), ago));
		out_cellf(t, "%.10s", json_str_or(k, "expires_at", ""));
		out_cell(t, json_str_or(k, "why", NULL));
	}
}

static int
kept_list(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_STR struct str text = STR_INIT;
	static const char *const head[] = { "kept", "was", "commit", "since",
		"expires", "why" };
	struct out_table *t = out_table_new(6);
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	size_t got = KEPT_PAGE, all = 0;

	(void)args;
	(void)argc;
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		out_cell(t, head[i]);
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "kept list %s", argv[0]);
	str_addc(&text, '[');
	for (int page = 1; got == KEPT_PAGE && page <= KEPT_PAGES_MAX; page++) {
		AUTO_FREE char *path = xasprintf(
		    "/api/coffer/v1/projects/%s/kept?limit=%d&page=%d", full,
		    KEPT_PAGE, page);
		struct json *j = NULL;

		if (remote_get(c, path, &j, &e) == -1)
			return cli_fail(c, &e, "kept list %s", full);
		got = json_count(j);
		kept_rows(t, j);
		for (const struct json *k = json_first(j); k != NULL;
		     k = json_next(k)) {
			str_add(&text, all++ > 0 ? "," : "");
			json_print(k, &text);
		}
		json_free(j);
	}
	str_addc(&text, ']');
	if (c->g.json)
		out_json_line(&text);
	else
		out_table_print(t, c);
	return CLI_OK;
}

static int
kept_restore(struct cli *c, const void *args, int argc, char **argv)
{
	const struct kept_args *a = args;
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = NULL;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct jw w;
	int rc;

	(void)argc;
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "kept restore %s", argv[0]);
	path = xasprintf("/api/coffer/v1/projects/%s/kept/restore", full);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "kept", kept_name(argv[1]));
	if (a->as != NULL)
		jw_str(&w, "as", a->as);
	jw_end(&w);
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "POST", .path = path, .body = &body },
	    &j, NULL, &e);
	if (rc == -1)
		return cli_fail(c, &e, "kept restore %s", argv[1]);
	if (rc == 0 && c->g.json) {
		out_json(j);
	} else if (rc == 0) {
		out_text(stdout, json_str_or(j, "ref", ""));
		out_fmt(stdout, " is at %.40s\n", json_str_or(j, "sha", ""));
	}
	json_free(j);
	return CLI_OK;
}

static int
kept_dropped(struct cli *c, const struct json *j, int status)
{
	const char *error = json_str_or(j, "error", NULL);
	struct err e = ERR_INIT;

	if (c->g.json)
		out_json(j);
	else
		out_fmt(stdout, "%zu dropped; what only they had is %s\n",
		    json_count(json_get(j, "dropped")),
		    json_str_or(j, "objects", "?"));
	if (json_bool_or(j, "more", false))
		cli_note("there are more: run it again");
	if (error != NULL) {
		(void)err_set(&e, ERR_INTERNAL, "%.200s", error);
		return cli_fail(c, &e, "remove the objects");
	}
	if (status == 202 && json_count(json_get(j, "dropped")) > 0)
		cli_note("the objects go as soon as nobody writes");
	return CLI_OK;
}

static int
kept_drop(struct cli *c, const void *args, int argc, char **argv)
{
	const struct kept_args *a = args;
	int64_t wait_s = kept_wait_s(a);
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = NULL;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int rc, status = 0;
	struct jw w;

	if (a->all == (argc > 1))
		return cli_usage("kept drop: name kept refs, or --all");
	if (wait_s == -1)
		return cli_usage("kept drop: --wait is at most 10m");
	if (!confirm_possible(c, a->yes, "kept drop"))
		return CLI_USAGE;
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "kept drop %s", argv[0]);
	if (!confirm_ask(c, a->yes, "yes",
		"drop kept refs of %s: what they alone have is gone for good",
		full))
		return CLI_FAILED;
	path = xasprintf(
	    "/api/coffer/v1/projects/%s/kept/drop?wait=%" PRId64, full, wait_s);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	if (a->all) {
		jw_bool(&w, "all", true);
	} else {
		jw_array(&w, "kept");
		for (int i = 1; i < argc; i++)
			jw_str(&w, NULL, kept_name(argv[i]));
		jw_end(&w);
	}
	jw_end(&w);
	rc = remote_send(c,
	    &(struct remote_call){ .method = "POST",
		.path = path,
		.body = &body,
		.limit_ms = (wait_s + 30) * 1000 },
	    &j, &status, &e);
	if (rc == -1)
		return cli_fail(c, &e, "kept drop %s", full);
	if (rc != REMOTE_DRY)
		rc = kept_dropped(c, j, status);
	else
		rc = CLI_OK;
	json_free(j);
	return rc;
}

/* What a repository is after it was looked after. */
static int
kept_maintained(
    struct cli *c, const char *full, const struct json *j, int status)
{
	const struct json *r = json_get(j, "repository");
	const char *error = json_str_or(j, "error", NULL);
	struct err e = ERR_INIT;

	if (c->g.json)
		out_json(j);
	else
		out_fmt(stdout,
		    "%s: %" PRId64 " KiB in %" PRId64 " packs and %" PRId64
		    " loose objects, %s\n",
		    full, json_i64_or(r, "size", 0) / 1024,
		    json_i64_or(r, "packs", 0), json_i64_or(r, "loose", 0),
		    json_str_or(r, "health", "unknown"));
	if (error != NULL) {
		(void)err_set(&e, ERR_INTERNAL, "%.200s", error);
		return cli_fail(c, &e, "maintain %s", full);
	}
	if (status == 202) {
		(void)err_set(&e, ERR_TIMEOUT, "not done yet; it goes on");
		return cli_fail(c, &e, "maintain %s", full);
	}
	return CLI_OK;
}

static int
kept_maintain(struct cli *c, const void *args, int argc, char **argv)
{
	const struct kept_args *a = args;
	int64_t wait_s = kept_wait_s(a);
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = NULL;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int rc, status = 0;
	struct jw w;

	(void)argc;
	if (wait_s == -1)
		return cli_usage("maintain: --wait is at most 10m");
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "maintain %s", argv[0]);
	path = xasprintf(
	    "/api/coffer/v1/projects/%s/maintain?wait=%" PRId64, full, wait_s);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	if (a->step != NULL)
		jw_str(&w, "step", a->step);
	jw_end(&w);
	rc = remote_send(c,
	    &(struct remote_call){ .method = "POST",
		.path = path,
		.body = &body,
		.limit_ms = (wait_s + 30) * 1000 },
	    &j, &status, &e);
	if (rc == -1)
		return cli_fail(c, &e, "maintain %s", full);
	rc = rc == REMOTE_DRY ? CLI_OK : kept_maintained(c, full, j, status);
	json_free(j);
	return rc;
}

#define KEPT(field) offsetof(struct kept_args, field)

static const struct command_option kept_restore_options[] = {
	{ 0, OPT_STR, "as", KEPT(as), "BRANCH", "under another name" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option kept_drop_options[] = {
	{ 'a', OPT_FLAG, "all", KEPT(all), NULL, "all kept refs" },
	{ 'y', OPT_FLAG, "yes", KEPT(yes), NULL, "do not ask" },
	{ 'w', OPT_MS, "wait", KEPT(wait_ms), "TIME",
	    "how long to wait until the objects are gone (default 60s)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option kept_maintain_options[] = {
	{ 's', OPT_STR, "step", KEPT(step), "STEP",
	    "refs, repack, graph, prune or check; what is due by default" },
	{ 'w', OPT_MS, "wait", KEPT(wait_ms), "TIME",
	    "how long to wait for its end (default 60s)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_kept[] = {
	{ .name = "kept list",
	    .group = "Projects",
	    .summary = "tips of branches that were saved from being lost",
	    .usage = "PROJECT",
	    .min = 1,
	    .max = 1,
	    .run = kept_list },
	{ .name = "kept restore",
	    .group = "Projects",
	    .summary = "make a branch of a kept tip again",
	    .usage = "PROJECT KEPT [--as BRANCH]",
	    .min = 2,
	    .max = 2,
	    .args_size = sizeof(struct kept_args),
	    .options = kept_restore_options,
	    .run = kept_restore },
	{ .name = "kept drop",
	    .group = "Projects",
	    .summary = "remove kept tips and what they alone have, for good",
	    .usage = "PROJECT KEPT... | --all",
	    .min = 1,
	    .max = COMMAND_MANY,
	    .args_size = sizeof(struct kept_args),
	    .options = kept_drop_options,
	    .run = kept_drop },
	{ .name = "maintain",
	    .group = "Projects",
	    .summary = "look after a project's repository now",
	    .usage = "PROJECT [--step STEP]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct kept_args),
	    .options = kept_maintain_options,
	    .run = kept_maintain },
	{ .name = NULL },
};
