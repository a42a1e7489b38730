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
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	APPROVALS_PAGE = 50,
	APPROVALS_FOR_MIN_MS = 60 * 1000
};
#define APPROVALS_FOR_MAX_MS INT64_C(31536000000)
#define APPROVALS_PATH "/api/coffer/v1/approvals"

struct approvals_args {
	const char *state;
	int64_t for_ms;
	bool all;
};

/* Of a budget its micros as dollars. */
static void
approvals_subject(const struct json *a, struct str *out)
{
	struct err ignored = ERR_INIT;
	const char *text = json_str_or(a, "subject", "");
	const char *of = strchr(text, ' ');
	int64_t micros;

	if (strcmp(json_str_or(a, "kind", ""), "budget") == 0 &&
	    num_i64(of != NULL ? of + 1 : text, 0, INT64_MAX, &micros,
		&ignored) == 0)
		str_addf(out, "%" PRId64 ".%02" PRId64 " dollars more%s%.*s",
		    micros / 1000000, micros % 1000000 / 10000,
		    of != NULL ? " for " : "",
		    of != NULL ? (int)(of - text) : 0, text);
	else
		str_add(out, text);
}

static void
approvals_rows(const struct cli *c, const struct json *j)
{
	static const char *const head[] = { "approval", "state", "asks for", "",
		"project", "run", "since", "until" };
	struct out_table *t = out_table_new(8);
	char ago[32];

	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		out_cell(t, head[i]);
	for (const struct json *a = json_first(j); a != NULL;
	     a = json_next(a)) {
		AUTO_STR struct str subject = STR_INIT;
		bool open = strcmp(json_str_or(a, "state", ""), "open") == 0;

		approvals_subject(a, &subject);
		out_cellf(t, "%" PRId64, json_i64_or(a, "id", 0));
		out_cell_state(t, json_str_or(a, "state", NULL));
		out_cell(t, json_str_or(a, "kind", NULL));
		out_cellf(t, "%.60s", str_cstr(&subject));
		out_cellf(t, "%s#%" PRId64,
		    json_str_or(json_get(a, "project"), "full_name", "-"),
		    json_i64_or(a, "item", 0));
		out_cellf(t, "%" PRId64, json_i64_or(a, "run", 0));
		out_cell(t, out_ago(json_str_or(a, "created_at", NULL), ago));
		out_cell(
		    t, json_str_or(a, open ? "expires_at" : "until", NULL));
	}
	out_table_print(t, c);
}

static int
approvals_list(struct cli *c, const void *args, int argc, char **argv)
{
	const struct approvals_args *a = args;
	AUTO_STR struct str path = STR_INIT;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct json *j = NULL;

	str_addf(&path, APPROVALS_PATH "?limit=%d", APPROVALS_PAGE);
	if (!a->all || a->state != NULL) {
		str_add(&path, "&state=");
		esc_url(&path, view_of(a->state != NULL ? a->state : "open"));
	}
	if (argc > 0) {
		if (target_project(c, argv[0], full, &e) == -1)
			return cli_fail(c, &e, "approvals list %s", argv[0]);
		str_addf(&path, "&project=%s", full);
	}
	if (remote_get(c, str_cstr(&path), &j, &e) == -1)
		return cli_fail(c, &e, "approvals list");
	if (c->g.json)
		out_json(j);
	else
		approvals_rows(c, j);
	json_free(j);
	return CLI_OK;
}

static void
approvals_print(const struct cli *c, const struct json *a)
{
	static const struct {
		const char *label, *key;
	} rows[] = {
		{ "kind", "kind" },
		{ "because", "reason" },
		{ "asked", "created_at" },
		{ "open until", "expires_at" },
		{ "answered", "decided_at" },
		{ "by", "by" },
		{ "holds until", "until" },
	};
	AUTO_STR struct str subject = STR_INIT;

	(void)printf("approval %" PRId64 " of run %" PRId64 ", ",
	    json_i64_or(a, "id", 0), json_i64_or(a, "run", 0));
	out_text(stdout, json_str_or(json_get(a, "project"), "full_name", "-"));
	(void)printf("#%" PRId64 ": ", json_i64_or(a, "item", 0));
	out_paint(c, stdout, out_state_colour(json_str_or(a, "state", "")),
	    json_str_or(a, "state", "-"));
	(void)printf("\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *v = json_str_or(a, rows[i].key, NULL);

		if (v == NULL || v[0] == '\0')
			continue;
		(void)printf("  %-12s ", rows[i].label);
		out_text(stdout, v);
		(void)printf("\n");
	}
	approvals_subject(a, &subject);
	(void)printf("\n");
	out_block(stdout, str_cstr(&subject), "  ");
}

static int
approvals_show(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_FREE char *path = NULL;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int64_t id;

	(void)args;
	(void)argc;
	if (num_i64(argv[0], 1, INT64_MAX, &id, &e) == -1)
		return cli_usage("approvals show: %s", e.msg);
	path = xasprintf(APPROVALS_PATH "/%" PRId64, id);
	if (remote_get(c, path, &j, &e) == -1)
		return cli_fail(c, &e, "approvals show %s", argv[0]);
	if (c->g.json)
		out_json(j);
	else
		approvals_print(c, j);
	json_free(j);
	return CLI_OK;
}

static int
approvals_one(struct cli *c, int64_t id, const char *verb, int64_t for_s)
{
	AUTO_FREE char *path = xasprintf(
	    APPROVALS_PATH "/%" PRId64 "/%s", id, verb);
	AUTO_STR struct str body = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct jw w;
	int rc;

	jw_init(&w, &body);
	jw_object(&w, NULL);
	if (for_s > 0)
		jw_i64(&w, "for_s", for_s);
	jw_end(&w);
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "POST", .path = path, .body = &body },
	    &j, NULL, &e);
	if (rc == -1)
		return cli_fail(c, &e, "approvals %s %" PRId64,
		    strcmp(verb, "deny") == 0 ? verb : "approve", id);
	if (rc == 0 && c->g.json)
		out_json(j);
	else if (rc == 0)
		approvals_print(c, j);
	json_free(j);
	return CLI_OK;
}

static int
approvals_answer(struct cli *c, const struct approvals_args *a, int argc,
    char **argv, const char *verb)
{
	struct err e = ERR_INIT;
	int rc = CLI_OK;

	if (a->for_ms != 0 &&
	    (a->for_ms < APPROVALS_FOR_MIN_MS ||
		a->for_ms > APPROVALS_FOR_MAX_MS))
		return cli_usage("approvals approve: --for: want a time of a "
				 "minute to a year");
	for (int i = 0; i < argc && rc == CLI_OK; i++) {
		int64_t id;

		if (num_i64(argv[i], 1, INT64_MAX, &id, &e) == -1)
			return cli_usage("approvals %s: %s", verb, e.msg);
		rc = approvals_one(c, id, verb, a->for_ms / 1000);
	}
	return rc;
}

static int
approvals_allow(struct cli *c, const void *args, int argc, char **argv)
{
	return approvals_answer(c, args, argc, argv, "allow");
}

static int
approvals_deny(struct cli *c, const void *args, int argc, char **argv)
{
	const struct approvals_args none = { .for_ms = 0 };

	(void)args;
	return approvals_answer(c, &none, argc, argv, "deny");
}

#define APPROVALS_ARG(field) offsetof(struct approvals_args, field)

static const struct command_option approvals_list_options[] = {
	{ 0, OPT_STR, "state", APPROVALS_ARG(state), "STATE",
	    "open (default), allowed, denied, expired or withdrawn" },
	{ 'a', OPT_FLAG, "all", APPROVALS_ARG(all), NULL, "in any state" },
	{ .name = NULL },
};

static const struct command_option approvals_allow_options[] = {
	{ 0, OPT_MS, "for", APPROVALS_ARG(for_ms), "TIME",
	    "how long it holds (1d): 30m, 2h, 7d" },
	{ .name = NULL },
};

const struct command cmd_approvals[] = {
	{ .name = "approvals list",
	    .group = "Runs and checks",
	    .summary = "what runs ask maintainers",
	    .usage = "[PROJECT]",
	    .max = 1,
	    .args_size = sizeof(struct approvals_args),
	    .options = approvals_list_options,
	    .run = approvals_list },
	{ .name = "approvals show",
	    .group = "Runs and checks",
	    .summary = "one of them, whole",
	    .usage = "ID",
	    .min = 1,
	    .max = 1,
	    .run = approvals_show },
	{ .name = "approvals approve",
	    .group = "Runs and checks",
	    .summary = "say yes, for a time",
	    .usage = "ID...",
	    .min = 1,
	    .max = COMMAND_MANY,
	    .args_size = sizeof(struct approvals_args),
	    .options = approvals_allow_options,
	    .run = approvals_allow },
	{ .name = "approvals deny",
	    .group = "Runs and checks",
	    .summary = "say no",
	    .usage = "ID...",
	    .min = 1,
	    .max = COMMAND_MANY,
	    .run = approvals_deny },
	{ .name = "approvals",
	    .group = "Runs and checks",
	    .summary = "the same as approvals list",
	    .usage = "[PROJECT]",
	    .max = 1,
	    .args_size = sizeof(struct approvals_args),
	    .options = approvals_list_options,
	    .run = approvals_list },
	{ .name = NULL },
};
