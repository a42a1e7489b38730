#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/gate.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	PR_PAGE = 50,
	PR_SHA_SHOWN = 12
};

struct pr_args {
	const char *state;
	bool all;
};

static void
pr_list_rows(const struct cli *c, const struct json *j)
{
	struct out_table *t = out_table_new(6);
	char ago[32];

	out_cell(t, "#");
	out_cell(t, "state");
	out_cell(t, "by");
	out_cell(t, "updated");
	out_cell(t, "branch");
	out_cell(t, "title");
	for (const struct json *p = json_first(j); p != NULL;
	     p = json_next(p)) {
		bool merged = json_bool_or(p, "merged", false);

		out_cellf(t, "%" PRId64, json_i64_or(p, "number", 0));
		out_cell_state(
		    t, merged ? "merged" : json_str_or(p, "state", NULL));
		out_cell(t, json_str_or(json_get(p, "user"), "login", NULL));
		out_cell(t, out_ago(json_str_or(p, "updated_at", NULL), ago));
		out_cell(t, json_str_or(json_get(p, "head"), "ref", NULL));
		out_cell(t, json_str_or(p, "title", NULL));
	}
	out_table_print(t, c);
}

static int
pr_list(struct cli *c, const void *args, int argc, char **argv)
{
	const struct pr_args *a = args;
	AUTO_STR struct str path = STR_INIT;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct json *j = NULL;

	(void)argc;
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "pr list");
	str_addf(&path, "/api/v1/repos/%s/pulls?limit=%d&state=", full,
	    (int)PR_PAGE);
	esc_url(&path,
	    view_of(a->all             ? "all"
		    : a->state != NULL ? a->state
				       : "open"));
	if (remote_get(c, str_cstr(&path), &j, &e) == -1)
		return cli_fail(c, &e, "pr list %s", full);
	if (c->g.json)
		out_json(j);
	else
		pr_list_rows(c, j);
	json_free(j);
	return CLI_OK;
}

/* Everything that `pr show` tells. */
struct pr_view {
	struct json *pull, *gate, *reviews, *jobs, *comments, *fetches;
};

static void
pr_view_release(struct pr_view *v)
{
	json_free(v->pull);
	json_free(v->gate);
	json_free(v->reviews);
	json_free(v->jobs);
	json_free(v->comments);
	json_free(v->fetches);
}

static int
pr_view_load(struct cli *c, const char *full, int64_t n, struct pr_view *v,
    struct err *e)
{
	AUTO_FREE char *pull = xasprintf(
	    "/api/v1/repos/%s/pulls/%" PRId64, full, n);
	AUTO_FREE char *reviews = xasprintf("%s/reviews", pull);
	AUTO_FREE char *jobs = xasprintf(
	    "/api/coffer/v1/ci/jobs?project=%s&pull=%" PRId64, full, n);
	AUTO_FREE char *comments = xasprintf(
	    "/api/v1/repos/%s/issues/%" PRId64 "/comments", full, n);
	AUTO_FREE char *fetches = xasprintf(
	    "/api/coffer/v1/projects/%s/pulls/%" PRId64 "/fetches", full, n);

	if (remote_get(c, pull, &v->pull, e) == -1 ||
	    (v->gate = gate_load(c, full, n, e)) == NULL ||
	    remote_get(c, reviews, &v->reviews, e) == -1 ||
	    remote_get(c, jobs, &v->jobs, e) == -1 ||
	    remote_get(c, comments, &v->comments, e) == -1 ||
	    remote_get(c, fetches, &v->fetches, e) == -1)
		return -1;
	return 0;
}

static void
pr_print_json(const struct pr_view *v)
{
	const struct {
		const char *key;
		const struct json *j;
	} parts[] = {
		{ "pull", v->pull },
		{ "gate", v->gate },
		{ "reviews", v->reviews },
		{ "jobs", v->jobs },
		{ "comments", v->comments },
		{ "fetches", v->fetches },
	};
	AUTO_STR struct str all = STR_INIT;
	struct jw w;

	jw_init(&w, &all);
	jw_object(&w, NULL);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		AUTO_STR struct str one = STR_INIT;

		if (parts[i].j == NULL) {
			jw_null(&w, parts[i].key);
			continue;
		}
		json_print(parts[i].j, &one);
		jw_raw(&w, parts[i].key, str_view(&one));
	}
	jw_end(&w);
	out_json_line(&all);
}

static void
pr_print_ref(const char *what, const struct json *ref)
{
	(void)printf("%s ", what);
	out_text(stdout, json_str_or(ref, "ref", "-"));
	out_fmt(stdout, " at %.*s", (int)PR_SHA_SHOWN,
	    json_str_or(ref, "sha", "-"));
}

static void
pr_print_people(const struct cli *c, const struct pr_view *v)
{
	char ago[32];

	for (const struct json *r = json_first(v->reviews); r != NULL;
	     r = json_next(r)) {
		(void)printf("review by ");
		out_text(
		    stdout, json_str_or(json_get(r, "user"), "login", "-"));
		(void)printf(": ");
		out_paint(c, stdout,
		    out_state_colour(json_str_or(r, "state", "")),
		    json_str_or(r, "state", "-"));
		out_fmt(stdout, " of %.*s%s, %s\n", (int)PR_SHA_SHOWN,
		    json_str_or(r, "commit_id", "-"),
		    json_bool_or(r, "stale", false) ? " (stale)" : "",
		    out_ago(json_str_or(r, "submitted_at", NULL), ago));
		out_block(stdout, json_str_or(r, "body", ""), "    ");
	}
	for (const struct json *m = json_first(v->comments); m != NULL;
	     m = json_next(m)) {
		(void)printf("\n");
		out_paint(c, stdout, OUT_BOLD,
		    json_str_or(json_get(m, "user"), "login", "-"));
		(void)printf(", %s:\n",
		    out_ago(json_str_or(m, "created_at", NULL), ago));
		out_block(stdout, json_str_or(m, "body", ""), "    ");
	}
}

/* Who brought it into a clone of his own, and what came of it. */
static void
pr_print_fetches(const struct cli *c, const struct pr_view *v)
{
	char ago[32];

	for (const struct json *f = json_first(v->fetches); f != NULL;
	     f = json_next(f)) {
		const char *result = json_str_or(f, "result", "-");

		(void)printf("fetched by ");
		out_text(
		    stdout, json_str_or(json_get(f, "actor"), "login", "-"));
		(void)printf(": ");
		out_paint(c, stdout, out_state_colour(result), result);
		out_fmt(stdout, " %.*s, review: ", (int)PR_SHA_SHOWN,
		    json_str_or(f, "head", "-"));
		out_text(stdout, json_str_or(f, "review", "-"));
		(void)printf(", %s (record %" PRId64 ")\n",
		    out_ago(json_str_or(f, "received_at", NULL), ago),
		    json_i64_or(f, "id", 0));
	}
}

static void
pr_print(const struct cli *c, const struct pr_view *v)
{
	const struct json *p = v->pull;
	bool merged = json_bool_or(p, "merged", false);
	const char *state = merged ? "merged" : json_str_or(p, "state", "-");

	out_paint(c, stdout, OUT_BOLD, json_str_or(p, "title", ""));
	(void)printf("\n#%" PRId64 " ", json_i64_or(p, "number", 0));
	out_paint(c, stdout, out_state_colour(state), state);
	(void)printf(", by ");
	out_text(stdout, json_str_or(json_get(p, "user"), "login", "-"));
	(void)printf("\n");
	pr_print_ref("from", json_get(p, "head"));
	pr_print_ref(" into", json_get(p, "base"));
	(void)printf("\n");
	if (json_str_or(p, "body", "")[0] != '\0') {
		(void)printf("\n");
		out_block(stdout, json_str_or(p, "body", ""), "    ");
		(void)printf("\n");
	}
	gate_print(c, stdout, v->gate);
	for (const struct json *job = json_first(v->jobs); job != NULL;
	     job = json_next(job)) {
		(void)printf("check ");
		out_text(stdout, json_str_or(job, "name", "-"));
		(void)printf(": ");
		out_paint(c, stdout,
		    out_state_colour(json_str_or(job, "state", "")),
		    json_str_or(job, "state", "-"));
		out_fmt(stdout, " on %.*s", (int)PR_SHA_SHOWN,
		    json_str_or(job, "sha", "-"));
		if (json_bool_or(job, "merge", false))
			out_fmt(stdout, " merged into %.*s", (int)PR_SHA_SHOWN,
			    json_str_or(job, "base_sha", "-"));
		(void)printf(" (job %" PRId64 ")\n", json_i64_or(job, "id", 0));
	}
	pr_print_fetches(c, v);
	pr_print_people(c, v);
}

static int
pr_show(struct cli *c, const void *args, int argc, char **argv)
{
	char full[TARGET_FULL_MAX];
	struct pr_view v = { 0 };
	struct err e = ERR_INIT;
	int64_t n;
	int rc = CLI_OK;

	(void)args;
	(void)argc;
	if (target_item(argv[1], &n, &e) == -1)
		return cli_usage("pr show: %s", e.msg);
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "pr show");
	if (pr_view_load(c, full, n, &v, &e) == -1)
		rc = cli_fail(c, &e, "pr show %s#%" PRId64, full, n);
	else if (c->g.json)
		pr_print_json(&v);
	else
		pr_print(c, &v);
	pr_view_release(&v);
	return rc;
}

/* A line is coloured by its first byte; its bytes are escaped. */
struct pr_diff {
	const struct cli *c;
	struct str line;
};

static void
pr_diff_line(const struct pr_diff *d)
{
	const char *p = str_cstr(&d->line);
	const char *on = !d->c->colour ? ""
	    : p[0] == '+'              ? "\033[32m"
	    : p[0] == '-'              ? "\033[31m"
	    : p[0] == '@'              ? "\033[36m"
				       : "";

	(void)fputs(on, stdout);
	out_bytes(stdout, p, d->line.len);
	(void)printf("%s\n", on[0] != '\0' ? "\033[0m" : "");
}

static bool
pr_diff_chunk(struct view chunk, void *arg)
{
	struct pr_diff *d = arg;

	for (size_t i = 0; i < chunk.len; i++) {
		if (chunk.p[i] != '\n') {
			str_addc(&d->line, chunk.p[i]);
			continue;
		}
		pr_diff_line(d);
		str_reset(&d->line);
	}
	return ferror(stdout) == 0;
}

static bool
pr_diff_raw(struct view chunk, void *arg)
{
	(void)arg;
	return fwrite(chunk.p, 1, chunk.len, stdout) == chunk.len;
}

static int
pr_diff(struct cli *c, const void *args, int argc, char **argv)
{
	struct pr_diff d = { .c = c, .line = STR_INIT_MAX(1 << 20) };
	AUTO_FREE char *path = NULL;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct remote_text text = { .fn = pr_diff_raw };
	int64_t n;

	(void)args;
	(void)argc;
	if (target_item(argv[1], &n, &e) == -1)
		return cli_usage("pr diff: %s", e.msg);
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "pr diff");
	path = xasprintf("/api/v1/repos/%s/pulls/%" PRId64 ".diff", full, n);
	text.path = path;
	/* To a file or a pipe it goes byte for byte, for `git apply`. */
	if (c->terminal) {
		text.fn = pr_diff_chunk;
		text.arg = &d;
	}
	if (remote_text(c, &text, &e) == -1) {
		str_release(&d.line);
		return cli_fail(c, &e, "pr diff %s#%" PRId64, full, n);
	}
	if (d.line.len > 0)
		pr_diff_line(&d);
	str_release(&d.line);
	return CLI_OK;
}

static int
pr_gate(struct cli *c, const void *args, int argc, char **argv)
{
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct json *gate;
	int64_t n;
	bool open;

	(void)args;
	(void)argc;
	if (target_item(argv[1], &n, &e) == -1)
		return cli_usage("pr gate: %s", e.msg);
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "pr gate");
	if ((gate = gate_load(c, full, n, &e)) == NULL)
		return cli_fail(c, &e, "pr gate %s#%" PRId64, full, n);
	open = json_bool_or(gate, "open", false);
	if (c->g.json)
		out_json(gate);
	else
		gate_print(c, stdout, gate);
	json_free(gate);
	return open ? CLI_OK : CLI_REFUSED;
}

#define PR(field) offsetof(struct pr_args, field)

static const struct command_option pr_list_options[] = {
	{ 'a', OPT_FLAG, "all", PR(all), NULL, "closed and merged ones too" },
	{ 's', OPT_STR, "state", PR(state), "STATE",
	    "open (default), closed or all" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_pr[] = {
	{ .name = "pr list",
	    .group = "Work",
	    .summary = "list pull requests",
	    .usage = "PROJECT [--all]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct pr_args),
	    .options = pr_list_options,
	    .run = pr_list },
	{ .name = "pr show",
	    .group = "Work",
	    .summary = "a pull request: gate, checks, reviews, comments",
	    .usage = "PROJECT N",
	    .min = 2,
	    .max = 2,
	    .run = pr_show },
	{ .name = "pr diff",
	    .group = "Work",
	    .summary = "what it changes",
	    .usage = "PROJECT N",
	    .min = 2,
	    .max = 2,
	    .run = pr_diff },
	{ .name = "pr gate",
	    .group = "Work",
	    .summary = "what a merge still needs (exit code 3: closed)",
	    .usage = "PROJECT N",
	    .min = 2,
	    .max = 2,
	    .run = pr_gate },
	{ .name = NULL },
};
