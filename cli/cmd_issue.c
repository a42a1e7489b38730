#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
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
	ISSUE_PAGE = 50
};

struct issue_args {
	const char *title, *body, *file, *state, *search;
	bool all;
};

static int
issue_body(const struct issue_args *a, const char *literal, struct str *out,
    struct err *e)
{
	return target_body(
	    literal != NULL ? literal : a->body, a->file, out, e);
}

static int
issue_new(struct cli *c, const void *args, int argc, char **argv)
{
	const struct issue_args *a = args;
	AUTO_STR struct str text = STR_INIT, body = STR_INIT;
	AUTO_FREE char *path = NULL;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct jw w;
	int rc;

	if (a->title == NULL)
		return cli_usage("issue new: -t TITLE is missing");
	if (issue_body(a, argc > 1 ? argv[1] : NULL, &text, &e) == -1)
		return cli_fail(c, &e, "issue new");
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "issue new");
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "title", a->title);
	jw_view(&w, "body", str_view(&text));
	jw_end(&w);
	path = xasprintf("/api/v1/repos/%s/issues", full);
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "POST", .path = path, .body = &body },
	    &j, NULL, &e);
	if (rc == -1)
		return cli_fail(c, &e, "issue new");
	if (rc == 0 && c->g.json)
		out_json(j);
	else if (rc == 0)
		(void)printf(
		    "%s#%" PRId64 "\n", full, json_i64_or(j, "number", 0));
	json_free(j);
	return CLI_OK;
}

static int
issue_list(struct cli *c, const void *args, int argc, char **argv)
{
	const struct issue_args *a = args;
	AUTO_STR struct str query = STR_INIT;
	struct out_table *t;
	char full[TARGET_FULL_MAX], ago[32];
	struct err e = ERR_INIT;
	struct json *j = NULL;

	(void)argc;
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "issue list");
	str_addf(&query,
	    "/api/v1/repos/%s/issues?type=issues&limit=%d&state=", full,
	    (int)ISSUE_PAGE);
	esc_url(&query,
	    view_of(a->all             ? "all"
		    : a->state != NULL ? a->state
				       : "open"));
	if (a->search != NULL) {
		str_add(&query, "&q=");
		esc_url(&query, view_of(a->search));
	}
	if (remote_get(c, str_cstr(&query), &j, &e) == -1)
		return cli_fail(c, &e, "issue list %s", full);
	if (c->g.json) {
		out_json(j);
		json_free(j);
		return CLI_OK;
	}
	t = out_table_new(5);
	out_cell(t, "#");
	out_cell(t, "state");
	out_cell(t, "by");
	out_cell(t, "updated");
	out_cell(t, "title");
	for (const struct json *i = json_first(j); i != NULL;
	     i = json_next(i)) {
		out_cellf(t, "%" PRId64, json_i64_or(i, "number", 0));
		out_cell_state(t, json_str_or(i, "state", NULL));
		out_cell(t, json_str_or(json_get(i, "user"), "login", NULL));
		out_cell(t, out_ago(json_str_or(i, "updated_at", NULL), ago));
		out_cell(t, json_str_or(i, "title", NULL));
	}
	out_table_print(t, c);
	json_free(j);
	return CLI_OK;
}

static void
issue_print_comments(const struct cli *c, const struct json *list)
{
	char ago[32];

	for (const struct json *m = json_first(list); m != NULL;
	     m = json_next(m)) {
		(void)printf("\n");
		out_paint(c, stdout, OUT_BOLD,
		    json_str_or(json_get(m, "user"), "login", "-"));
		(void)printf(
		    ", %s", out_ago(json_str_or(m, "created_at", NULL), ago));
		if (json_i64_or(m, "run", 0) != 0)
			(void)printf(
			    ", run %" PRId64, json_i64_or(m, "run", 0));
		(void)printf(":\n");
		out_block(stdout, json_str_or(m, "body", ""), "    ");
	}
}

static void
issue_print(
    const struct cli *c, const struct json *i, const struct json *comments)
{
	char ago[32];

	out_paint(c, stdout, OUT_BOLD, json_str_or(i, "title", ""));
	(void)printf("\n#%" PRId64 " ", json_i64_or(i, "number", 0));
	out_paint(c, stdout, out_state_colour(json_str_or(i, "state", "")),
	    json_str_or(i, "state", "-"));
	(void)printf(", by ");
	out_text(stdout, json_str_or(json_get(i, "user"), "login", "-"));
	(void)printf(
	    ", %s\n", out_ago(json_str_or(i, "created_at", NULL), ago));
	if (json_str_or(i, "body", "")[0] != '\0') {
		(void)printf("\n");
		out_block(stdout, json_str_or(i, "body", ""), "    ");
	}
	issue_print_comments(c, comments);
}

/* Issue and comments as one JSON object. */
static void
issue_print_json(const struct json *i, const struct json *comments)
{
	AUTO_STR struct str a = STR_INIT, b = STR_INIT, all = STR_INIT;
	struct jw w;

	json_print(i, &a);
	json_print(comments, &b);
	jw_init(&w, &all);
	jw_object(&w, NULL);
	jw_raw(&w, "issue", str_view(&a));
	jw_raw(&w, "comments", str_view(&b));
	jw_end(&w);
	out_json_line(&all);
}

static int
issue_show(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_FREE char *path = NULL, *list = NULL;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct json *i = NULL, *m = NULL;
	int64_t n;
	int rc = CLI_OK;

	(void)args;
	(void)argc;
	if (target_item(argv[1], &n, &e) == -1)
		return cli_usage("issue show: %s", e.msg);
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "issue show");
	path = xasprintf("/api/v1/repos/%s/issues/%" PRId64, full, n);
	list = xasprintf("%s/comments", path);
	if (remote_get(c, path, &i, &e) == -1 ||
	    remote_get(c, list, &m, &e) == -1)
		rc = cli_fail(c, &e, "issue show %s#%" PRId64, full, n);
	else if (c->g.json)
		issue_print_json(i, m);
	else
		issue_print(c, i, m);
	json_free(i);
	json_free(m);
	return rc;
}

static int
issue_comment(struct cli *c, const void *args, int argc, char **argv)
{
	const struct issue_args *a = args;
	AUTO_STR struct str text = STR_INIT, body = STR_INIT;
	AUTO_FREE char *path = NULL;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct jw w;
	int64_t n;
	int rc;

	if (target_item(argv[1], &n, &e) == -1)
		return cli_usage("issue comment: %s", e.msg);
	if (issue_body(a, argc > 2 ? argv[2] : NULL, &text, &e) == -1)
		return cli_fail(c, &e, "issue comment");
	if (text.len == 0)
		return cli_usage("issue comment: the text is missing");
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "issue comment");
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_view(&w, "body", str_view(&text));
	jw_end(&w);
	path = xasprintf(
	    "/api/v1/repos/%s/issues/%" PRId64 "/comments", full, n);
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "POST", .path = path, .body = &body },
	    &j, NULL, &e);
	if (rc == -1)
		return cli_fail(c, &e, "issue comment");
	if (rc == 0 && c->g.json)
		out_json(j);
	else if (rc == 0)
		(void)printf("comment %" PRId64 "\n", json_i64_or(j, "id", 0));
	json_free(j);
	return CLI_OK;
}

static int
issue_set_state(struct cli *c, char **argv, const char *verb, const char *state)
{
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = NULL;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct jw w;
	int64_t n;
	int rc;

	if (target_item(argv[1], &n, &e) == -1)
		return cli_usage("issue %s: %s", verb, e.msg);
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "issue %s", verb);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "state", state);
	jw_end(&w);
	path = xasprintf("/api/v1/repos/%s/issues/%" PRId64, full, n);
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "PATCH", .path = path, .body = &body },
	    &j, NULL, &e);
	if (rc == -1)
		return cli_fail(c, &e, "issue %s", verb);
	if (rc == 0 && c->g.json)
		out_json(j);
	else if (rc == 0)
		(void)printf("%s#%" PRId64 " %s\n", full, n, state);
	json_free(j);
	return CLI_OK;
}

static int
issue_close(struct cli *c, const void *args, int argc, char **argv)
{
	(void)args;
	(void)argc;
	return issue_set_state(c, argv, "close", "closed");
}

static int
issue_reopen(struct cli *c, const void *args, int argc, char **argv)
{
	(void)args;
	(void)argc;
	return issue_set_state(c, argv, "reopen", "open");
}

#define ISSUE(field) offsetof(struct issue_args, field)

static const struct command_option issue_new_options[] = {
	{ 't', OPT_STR, "title", ISSUE(title), "TEXT", "its title" },
	{ 'b', OPT_STR, "body", ISSUE(body), "TEXT",
	    "its text; a /command on its first line starts the agent" },
	{ 'F', OPT_STR, "file", ISSUE(file), "FILE",
	    "the text from a file, - for standard input" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option issue_comment_options[] = {
	{ 'b', OPT_STR, "body", ISSUE(body), "TEXT", "the text" },
	{ 'F', OPT_STR, "file", ISSUE(file), "FILE",
	    "the text from a file, - for standard input" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option issue_list_options[] = {
	{ 'a', OPT_FLAG, "all", ISSUE(all), NULL, "closed ones too" },
	{ 's', OPT_STR, "state", ISSUE(state), "STATE",
	    "open (default), closed or all" },
	{ 'q', OPT_STR, "search", ISSUE(search), "TEXT", "in the title" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_issue[] = {
	{ .name = "issue new",
	    .group = "Work",
	    .summary = "open an issue",
	    .usage = "PROJECT -t TITLE [-b TEXT | -F FILE | -]",
	    .min = 1,
	    .max = 2,
	    .args_size = sizeof(struct issue_args),
	    .options = issue_new_options,
	    .run = issue_new },
	{ .name = "issue list",
	    .group = "Work",
	    .summary = "list issues",
	    .usage = "PROJECT [--all]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct issue_args),
	    .options = issue_list_options,
	    .run = issue_list },
	{ .name = "issue show",
	    .group = "Work",
	    .summary = "an issue and its comments",
	    .usage = "PROJECT N",
	    .min = 2,
	    .max = 2,
	    .run = issue_show },
	{ .name = "issue comment",
	    .group = "Work",
	    .summary = "comment; a /command starts the agent",
	    .usage = "PROJECT N (TEXT | -F FILE | -)",
	    .min = 2,
	    .max = 3,
	    .args_size = sizeof(struct issue_args),
	    .options = issue_comment_options,
	    .run = issue_comment },
	{ .name = "issue close",
	    .group = "Work",
	    .summary = "close an issue or pull request",
	    .usage = "PROJECT N",
	    .min = 2,
	    .max = 2,
	    .run = issue_close },
	{ .name = "issue reopen",
	    .group = "Work",
	    .summary = "open it again",
	    .usage = "PROJECT N",
	    .min = 2,
	    .max = 2,
	    .run = issue_reopen },
	{ .name = NULL },
};
