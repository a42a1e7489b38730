/* cmd_settings: what a project is set to, and changes to it. */
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
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

static void
settings_show(const struct cli *c, const struct json *settings)
{
	struct out_table *t = out_table_new(2);

	out_cell(t, "SETTING");
	out_cell(t, "VALUE");
	for (const struct json *v = json_first(settings); v != NULL;
	     v = json_next(v)) {
		AUTO_STR struct str text = STR_INIT;

		if (json_is_string(v))
			str_add(&text, json_string(v));
		else
			json_print(v, &text);
		out_cell(t, json_key(v));
		out_cell(t, str_cstr(&text));
	}
	out_table_print(t, c);
}

/* VALUE as the setting's own type wants it; the server judges it. */
static int
settings_put(
    struct jw *w, const struct json *settings, const char *pair, struct err *e)
{
	const char *eq = strchr(pair, '=');
	AUTO_FREE char *name = eq == NULL
	    ? NULL
	    : view_dup((struct view){ .p = pair, .len = (size_t)(eq - pair) });
	const struct json *now;
	uint64_t n;
	int64_t ms;

	if (name == NULL)
		return err_set(e, ERR_INVALID, "want NAME=VALUE: %s", pair);
	now = json_get(settings, name);
	if (now == NULL)
		return err_set(e, ERR_INVALID,
		    "no such setting: %s; `coffer settings PROJECT` lists "
		    "them",
		    name);
	eq++;
	if (json_is_string(now)) {
		jw_str(w, name, eq);
	} else if (json_is_array(now)) {
		struct json *list = json_parse(view_of(eq), 0, e);

		if (list == NULL)
			return err_wrap(e, "%s: want a JSON array", name);
		json_free(list);
		jw_raw(w, name, view_of(eq));
	} else if (view_ends(view_of(name), "_s") &&
	    strspn(eq, "0123456789") != strlen(eq)) {
		if (num_duration_ms(eq, 1000, INT64_MAX, &ms, e) == -1)
			return err_wrap(e, "%s", name);
		jw_i64(w, name, ms / 1000);
	} else if (json_integer(now, -1) >= 0) {
		if (num_size(eq, 0, INT64_MAX, &n, e) == -1)
			return err_wrap(e, "%s", name);
		jw_u64(w, name, n);
	} else {
		if (strcmp(eq, "true") != 0 && strcmp(eq, "false") != 0)
			return err_set(
			    e, ERR_INVALID, "%s: want true or false", name);
		jw_bool(w, name, eq[0] == 't');
	}
	return 0;
}

static int
settings_change(struct cli *c, const struct json *p, int n, char **pairs,
    struct json **out, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s", json_str_or(p, "full_name", ""));
	struct jw w;

	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_object(&w, "settings");
	for (int i = 0; i < n; i++)
		if (settings_put(&w, json_get(p, "settings"), pairs[i], e) ==
		    -1)
			return -1;
	jw_end(&w);
	jw_end(&w);
	return remote_send(c,
	    &(struct remote_call){
		.method = "PATCH", .path = path, .body = &body },
	    out, NULL, e);
}

static int
settings_run(struct cli *c, const void *args, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct json *p, *now = NULL;
	const struct json *settings;
	int rc = 0;

	(void)args;
	for (int i = 1; i < argc; i++) {
		if (strchr(argv[i], '=') != NULL)
			continue;
		return cli_usage("settings: want NAME=VALUE, such as "
				 "interval_s=5m, not %s",
		    argv[i]);
	}
	if ((p = target_load(c, argv[0], &e)) == NULL)
		return cli_fail(c, &e, "settings %s", argv[0]);
	if (argc > 1)
		rc = settings_change(c, p, argc - 1, argv + 1, &now, &e);
	settings = json_get(now != NULL ? now : p, "settings");
	if (rc == -1) {
		rc = cli_fail(c, &e, "settings %s", argv[0]);
	} else if (rc == 0) {
		if (c->g.json)
			out_json(settings);
		else
			settings_show(c, settings);
	} else {
		rc = CLI_OK;
	}
	json_free(now);
	json_free(p);
	return rc;
}

const struct command cmd_settings[] = {
	{ .name = "settings",
	    .group = "Projects",
	    .summary = "show or change what a project is set to",
	    .usage = "PROJECT [NAME=VALUE ...]",
	    .min = 1,
	    .max = COMMAND_MANY,
	    .run = settings_run,
	    .more = "Sizes may end in k, M or G, times (_s) in s, m, h or d; "
		    "agent_command\nis a JSON array.\nhold=true: upstream "
		    "moves branches forward only; "
		    "the rest of what\nit does waits (coffer sync PROJECT "
		    "--accept REF).\napprovals, current and conversations "
		    "decide what may be merged: an admin of\nthe project "
		    "changes them.\n" },
	{ .name = NULL },
};
