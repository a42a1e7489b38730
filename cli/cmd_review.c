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
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	REVIEW_SHA = 40,
	REVIEW_REFUSED_STATUS = 405,
	REVIEW_MERGE_MS = 120 * 1000
};

struct review_args {
	const char *body, *file, *sha, *style, *title;
	const char *override; /* why, past the gate */
	bool delete_branch;
};

static bool
review_sha_ok(const char *s)
{
	return strlen(s) == REVIEW_SHA &&
	    strspn(s, "0123456789abcdef") == REVIEW_SHA;
}

/* The head now: what is approved or merged is exactly what was there. */
static int
review_head(struct cli *c, const char *full, int64_t n,
    char sha[REVIEW_SHA + 1], struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/v1/repos/%s/pulls/%" PRId64, full, n);
	struct json *j = NULL;
	const char *head;
	int rc = 0;

	if (remote_get(c, path, &j, e) == -1)
		return -1;
	head = json_str_or(json_get(j, "head"), "sha", "");
	if (review_sha_ok(head))
		memcpy(sha, head, REVIEW_SHA + 1);
	else
		rc = err_set(e, ERR_PROTO, "cofferd sent no head");
	json_free(j);
	return rc;
}

static int
review_prepare(struct cli *c, const struct review_args *a, char **argv,
    char full[TARGET_FULL_MAX], int64_t *n, char sha[REVIEW_SHA + 1],
    struct err *e)
{
	if (target_item(argv[1], n, e) == -1 ||
	    target_project(c, argv[0], full, e) == -1)
		return -1;
	if (a->sha == NULL)
		return review_head(c, full, *n, sha, e);
	if (!review_sha_ok(a->sha))
		return err_set(e, ERR_INVALID,
		    "--sha is not a commit id of 40 hex digits");
	memcpy(sha, a->sha, REVIEW_SHA + 1);
	return 0;
}

static int
review_send(struct cli *c, const struct review_args *a, char **argv,
    const char *verb, const char *event)
{
	AUTO_STR struct str text = STR_INIT, body = STR_INIT;
	AUTO_FREE char *path = NULL;
	char full[TARGET_FULL_MAX], sha[REVIEW_SHA + 1];
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct jw w;
	int64_t n;
	int rc;

	if (target_body(a->body, a->file, &text, &e) == -1 ||
	    review_prepare(c, a, argv, full, &n, sha, &e) == -1)
		return cli_fail(c, &e, "pr %s", verb);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "event", event);
	jw_view(&w, "body", str_view(&text));
	jw_str(&w, "commit_id", sha);
	jw_end(&w);
	path = xasprintf("/api/v1/repos/%s/pulls/%" PRId64 "/reviews", full, n);
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "POST", .path = path, .body = &body },
	    &j, NULL, &e);
	if (rc == -1)
		return cli_fail(c, &e, "pr %s %s#%" PRId64, verb, full, n);
	if (rc == 0 && c->g.json)
		out_json(j);
	else if (rc == 0)
		out_fmt(stdout, "%s#%" PRId64 " at %.12s: %s\n", full, n, sha,
		    event);
	json_free(j);
	return CLI_OK;
}

static int
review_approve(struct cli *c, const void *args, int argc, char **argv)
{
	(void)argc;
	return review_send(c, args, argv, "approve", "APPROVED");
}

static int
review_reject(struct cli *c, const void *args, int argc, char **argv)
{
	(void)argc;
	return review_send(c, args, argv, "reject", "REQUEST_CHANGES");
}

static void
review_show_gate(struct cli *c, const char *full, int64_t n)
{
	struct err e = ERR_INIT;
	struct json *gate = gate_load(c, full, n, &e);

	if (gate == NULL)
		return;
	if (c->g.json)
		out_json(gate);
	else
		gate_print(c, stderr, gate);
	json_free(gate);
}

static const char *
review_style(const char *s)
{
	static const char *const styles[] = { "merge", "squash",
		"fast-forward-only" };

	if (s == NULL)
		return styles[0];
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		if (strcmp(styles[i], s) == 0)
			return s;
	return NULL;
}

static int
review_merge(struct cli *c, const void *args, int argc, char **argv)
{
	const struct review_args *a = args;
	AUTO_STR struct str text = STR_INIT, body = STR_INIT;
	AUTO_FREE char *path = NULL;
	const char *style = review_style(a->style);
	char full[TARGET_FULL_MAX], sha[REVIEW_SHA + 1];
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct jw w;
	int64_t n;
	int rc, status = 0;

	(void)argc;
	if (style == NULL)
		return cli_usage("pr merge: --style is merge, squash or "
				 "fast-forward-only");
	if (target_body(a->body, a->file, &text, &e) == -1 ||
	    review_prepare(c, a, argv, full, &n, sha, &e) == -1)
		return cli_fail(c, &e, "pr merge");
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "Do", style);
	jw_str(&w, "head_commit_id", sha);
	if (a->title != NULL)
		jw_str(&w, "MergeTitleField", a->title);
	if (text.len > 0)
		jw_view(&w, "MergeMessageField", str_view(&text));
	if (a->delete_branch)
		jw_bool(&w, "delete_branch_after_merge", true);
	if (a->override != NULL) {
		jw_bool(&w, "force_merge", true);
		jw_str(&w, "force_reason", a->override);
	}
	jw_end(&w);
	path = xasprintf("/api/v1/repos/%s/pulls/%" PRId64 "/merge", full, n);
	rc = remote_send(c,
	    &(struct remote_call){ .method = "POST",
		.path = path,
		.body = &body,
		.limit_ms = REVIEW_MERGE_MS },
	    &j, &status, &e);
	json_free(j);
	if (rc == -1) {
		int code = cli_fail(c, &e, "pr merge %s#%" PRId64, full, n);

		if (status == REVIEW_REFUSED_STATUS) {
			review_show_gate(c, full, n);
			code = CLI_REFUSED;
		}
		return code;
	}
	if (rc == 0 && c->g.json)
		(void)printf("{\"merged\":true,\"head\":\"%s\"}\n", sha);
	else if (rc == 0)
		out_fmt(
		    stdout, "%s#%" PRId64 " merged at %.12s\n", full, n, sha);
	return CLI_OK;
}

#define REVIEW(field) offsetof(struct review_args, field)

static const struct command_option review_options[] = {
	{ 'b', OPT_STR, "body", REVIEW(body), "TEXT", "what to say with it" },
	{ 'F', OPT_STR, "file", REVIEW(file), "FILE",
	    "that text from a file, - for standard input" },
	{ 0, OPT_STR, "sha", REVIEW(sha), "SHA",
	    "the head that was read (default: the head now)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option review_merge_options[] = {
	{ 0, OPT_STR, "override", REVIEW(override), "REASON",
	    "past what the gate wants, as an admin; it is recorded" },
	{ 's', OPT_STR, "style", REVIEW(style), "STYLE",
	    "merge (default), squash or fast-forward-only" },
	{ 0, OPT_STR, "sha", REVIEW(sha), "SHA",
	    "only if this is the head (default: the head now)" },
	{ 't', OPT_STR, "title", REVIEW(title), "TEXT", "of the commit" },
	{ 'b', OPT_STR, "body", REVIEW(body), "TEXT", "of the commit" },
	{ 'F', OPT_STR, "file", REVIEW(file), "FILE",
	    "that text from a file, - for standard input" },
	{ 'd', OPT_FLAG, "delete-branch", REVIEW(delete_branch), NULL,
	    "delete the branch afterwards" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_review[] = {
	{ .name = "pr approve",
	    .group = "Work",
	    .summary = "approve exactly its head",
	    .usage = "PROJECT N [-b TEXT] [--sha SHA]",
	    .min = 2,
	    .max = 2,
	    .args_size = sizeof(struct review_args),
	    .options = review_options,
	    .run = review_approve },
	{ .name = "pr reject",
	    .group = "Work",
	    .summary = "request changes",
	    .usage = "PROJECT N [-b TEXT]",
	    .min = 2,
	    .max = 2,
	    .args_size = sizeof(struct review_args),
	    .options = review_options,
	    .run = review_reject },
	{ .name = "pr merge",
	    .group = "Work",
	    .summary = "merge it, if the gate is open",
	    .usage = "PROJECT N [--style STYLE]",
	    .min = 2,
	    .max = 2,
	    .args_size = sizeof(struct review_args),
	    .options = review_merge_options,
	    .run = review_merge },
	{ .name = NULL },
};
