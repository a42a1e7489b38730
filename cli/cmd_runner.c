#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"

#define RUNNER_PATH "/api/coffer/v1/ci/runners"

enum {
	RUNNER_LABELS_MAX = 2000 /* bytes of --labels */
};

struct runner_args {
	const char *labels;
	uint64_t slots;
	int64_t valid_ms;
};

static void
runner_labels(const struct json *r, struct str *out)
{
	const struct json *l = json_get(r, "labels");

	for (const struct json *x = json_first(l); x != NULL;
	     x = json_next(x)) {
		if (out->len > 0)
			str_addc(out, ',');
		str_add(out, json_string(x) != NULL ? json_string(x) : "");
	}
}

static int
runner_list(struct cli *c, const void *args, int argc, char **argv)
{
	static const char *const head[] = { "runner", "state", "running",
		"slots", "network", "labels", "version" };
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct out_table *t;

	(void)args;
	(void)argc;
	(void)argv;
	if (remote_get(c, RUNNER_PATH, &j, &e) == -1)
		return cli_fail(c, &e, "runner list");
	if (c->g.json) {
		out_json(j);
		json_free(j);
		return CLI_OK;
	}
	t = out_table_new(7);
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		out_cell(t, head[i]);
	for (const struct json *r = json_first(j); r != NULL;
	     r = json_next(r)) {
		AUTO_STR struct str labels = STR_INIT;

		runner_labels(r, &labels);
		out_cell(t, json_str_or(r, "name", ""));
		out_cell(t, json_str_or(r, "state", ""));
		out_cellf(t, "%" PRId64, json_i64_or(r, "running", 0));
		out_cellf(t, "%" PRId64, json_i64_or(r, "slots", 0));
		out_cell(t, json_bool_or(r, "network", true) ? "yes" : "no");
		out_cell(t, str_cstr(&labels));
		out_cell(t, json_str_or(r, "version", ""));
	}
	out_table_print(t, c);
	json_free(j);
	return CLI_OK;
}

static void
runner_body(const struct runner_args *a, struct jw *w)
{
	if (a->labels != NULL) {
		struct view rest = view_of(a->labels), word;

		jw_array(w, "labels");
		while (view_split(&rest, ',', &word))
			if (view_trim(word).len > 0)
				jw_view(w, NULL, view_trim(word));
		jw_end(w);
	}
	if (a->slots > 0)
		jw_u64(w, "slots", a->slots);
}

static int
runner_add(struct cli *c, const void *args, int argc, char **argv)
{
	const struct runner_args *a = args;
	AUTO_STR struct str body = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct jw w;
	int rc;

	(void)argc;
	if (a->labels != NULL && strlen(a->labels) > RUNNER_LABELS_MAX)
		return cli_usage("runner add: --labels is too long");
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "name", argv[0]);
	runner_body(a, &w);
	if (a->valid_ms > 0)
		jw_i64(&w, "valid_s", (a->valid_ms + 999) / 1000);
	jw_end(&w);
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "POST", .path = RUNNER_PATH, .body = &body },
	    &j, NULL, &e);
	if (rc == -1)
		return cli_fail(c, &e, "runner add %s", argv[0]);
	if (rc == 0 && c->g.json) {
		out_json(j);
	} else if (rc == 0) {
		cli_note("on the runner's host, as root, by %s: coffer-runner "
			 "--register URL TOKEN; this is TOKEN, good once:",
		    json_str_or(j, "expires_at", ""));
		out_text(stdout, json_str_or(j, "token", ""));
		(void)printf("\n");
	}
	json_free(j);
	return CLI_OK;
}

/* A runner's path by its name or id. */
static char *
runner_path(struct cli *c, const char *name, struct err *e)
{
	struct json *j = NULL;
	char *path = NULL;
	int64_t id = 0;

	if (remote_get(c, RUNNER_PATH, &j, e) == -1)
		return NULL;
	for (const struct json *r = json_first(j); r != NULL && id == 0;
	     r = json_next(r)) {
		if (strcmp(json_str_or(r, "name", ""), name) == 0)
			id = json_i64_or(r, "id", 0);
	}
	json_free(j);
	if (id > 0)
		path = xasprintf(RUNNER_PATH "/%" PRId64, id);
	else
		(void)err_set(e, ERR_NOTFOUND,
		    "there is no runner %s (coffer runner list)", name);
	return path;
}

static int
runner_send(struct cli *c, const char *verb, const char *name,
    const char *method, const struct str *body)
{
	struct err e = ERR_INIT;
	AUTO_FREE char *path = runner_path(c, name, &e);
	struct json *j = NULL;
	int rc;

	if (path == NULL)
		return cli_fail(c, &e, "runner %s %s", verb, name);
	rc = remote_send(c,
	    &(struct remote_call){
		.method = method, .path = path, .body = body },
	    &j, NULL, &e);
	if (rc == 0 && c->g.json && j != NULL)
		out_json(j);
	else if (rc == 0 && c->g.json)
		(void)printf("{\"removed\":true}\n");
	json_free(j);
	if (rc == -1)
		return cli_fail(c, &e, "runner %s %s", verb, name);
	return CLI_OK;
}

static int
runner_pause(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_STR struct str body = STR_INIT;

	(void)args;
	(void)argc;
	str_add(&body, "{\"paused\":true}");
	return runner_send(c, "pause", argv[0], "PATCH", &body);
}

static int
runner_resume(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_STR struct str body = STR_INIT;

	(void)args;
	(void)argc;
	str_add(&body, "{\"paused\":false}");
	return runner_send(c, "resume", argv[0], "PATCH", &body);
}

static int
runner_set(struct cli *c, const void *args, int argc, char **argv)
{
	const struct runner_args *a = args;
	AUTO_STR struct str body = STR_INIT;
	struct jw w;

	(void)argc;
	if (a->labels == NULL && a->slots == 0)
		return cli_usage("runner set: nothing to set");
	jw_init(&w, &body);
	jw_object(&w, NULL);
	runner_body(a, &w);
	jw_end(&w);
	return runner_send(c, "set", argv[0], "PATCH", &body);
}

static int
runner_remove(struct cli *c, const void *args, int argc, char **argv)
{
	(void)args;
	(void)argc;
	return runner_send(c, "remove", argv[0], "DELETE", NULL);
}

#define RUNNER_LABELS                                                       \
	{                                                                   \
		0, OPT_STR, "labels", offsetof(struct runner_args, labels), \
		    "A,B", "what a check may ask of its runner"             \
	}
#define RUNNER_SLOTS                                                           \
	{                                                                      \
		0, OPT_U64, "slots", offsetof(struct runner_args, slots), "N", \
		    "jobs at a time (1)"                                       \
	}

static const struct command_option runner_add_options[] = {
	RUNNER_LABELS,
	RUNNER_SLOTS,
	{ 0, OPT_MS, "valid", offsetof(struct runner_args, valid_ms), "TIME",
	    "how long the invitation is good (1h)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option runner_set_options[] = {
	RUNNER_LABELS,
	RUNNER_SLOTS,
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_runner[] = {
	{ .name = "runner list",
	    .group = "Runs and checks",
	    .summary = "who runs checks, and what they do now",
	    .usage = "",
	    .run = runner_list },
	{ .name = "runner add",
	    .group = "Runs and checks",
	    .summary = "invite a runner: its token is good once",
	    .usage = "NAME [--labels A,B] [--slots N] [--valid TIME]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct runner_args),
	    .options = runner_add_options,
	    .run = runner_add },
	{ .name = "runner set",
	    .group = "Runs and checks",
	    .summary = "change a runner's labels or slots",
	    .usage = "NAME [--labels A,B] [--slots N]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct runner_args),
	    .options = runner_set_options,
	    .run = runner_set },
	{ .name = "runner pause",
	    .group = "Runs and checks",
	    .summary = "give a runner no more jobs",
	    .usage = "NAME",
	    .min = 1,
	    .max = 1,
	    .run = runner_pause },
	{ .name = "runner resume",
	    .group = "Runs and checks",
	    .summary = "give it jobs again",
	    .usage = "NAME",
	    .min = 1,
	    .max = 1,
	    .run = runner_resume },
	{ .name = "runner remove",
	    .group = "Runs and checks",
	    .summary = "its token is bad from now on, its jobs are queued",
	    .usage = "NAME",
	    .min = 1,
	    .max = 1,
	    .run = runner_remove },
	{ .name = NULL },
};
