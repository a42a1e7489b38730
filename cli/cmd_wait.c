#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct wait_args {
	struct opt_list kinds;
	const char *item;
	uint64_t after;
	int64_t timeout_ms;
	bool follow;
};

struct wait_want {
	const struct cli *c;
	const struct wait_args *a;
	int64_t item; /* 0: any */
};

static bool
wait_matches(const struct wait_want *w, const struct json *ev)
{
	const char *kind = json_str_or(ev, "kind", "");
	bool kind_ok = w->a->kinds.n == 0;

	for (int i = 0; i < w->a->kinds.n; i++)
		if (strcmp(w->a->kinds.v[i], kind) == 0)
			kind_ok = true;
	return kind_ok &&
	    (w->item == 0 || json_i64_or(ev, "item", 0) == w->item);
}

static bool
wait_on_event(const struct json *ev, void *arg)
{
	if (!wait_matches(arg, ev))
		return false;
	out_json(ev);
	return true;
}

static void
wait_print(const struct cli *c, const struct json *ev)
{
	AUTO_STR struct str data = STR_INIT;
	const char *kind = json_str_or(ev, "kind", "?");
	int64_t item = json_i64_or(ev, "item", 0);

	if (c->g.json) {
		out_json(ev);
		return;
	}
	if (json_get(ev, "data") != NULL)
		json_print(json_get(ev, "data"), &data);
	(void)printf("%" PRId64 " ", json_i64_or(ev, "seq", 0));
	out_text(stdout, json_str_or(ev, "at", "-"));
	(void)printf(" ");
	out_paint(c, stdout, OUT_BOLD, kind);
	(void)printf(" ");
	out_text(
	    stdout, json_str_or(json_get(ev, "project"), "full_name", "-"));
	if (item != 0)
		(void)printf("#%" PRId64, item);
	(void)printf(" by ");
	out_text(stdout, json_str_or(json_get(ev, "actor"), "login", "-"));
	(void)printf(" ");
	out_text(stdout, str_cstr(&data));
	(void)printf("\n");
}

static bool
wait_on_line(const struct json *ev, void *arg)
{
	const struct wait_want *w = arg;

	if (wait_matches(w, ev)) {
		wait_print(w->c, ev);
		(void)fflush(stdout);
	}
	return false;
}

static int
wait_follow(struct cli *c, const struct wait_args *a, const char *project,
    struct follow *f)
{
	struct wait_want w = { .c = c, .a = a };
	struct err e = ERR_INIT;
	struct json *p;

	if (a->after > INT64_MAX)
		return cli_usage("--after is too large");
	if (a->item != NULL && target_item(a->item, &w.item, &e) == -1)
		return cli_usage("%s", e.msg);
	if (project != NULL) {
		if ((p = target_load(c, project, &e)) == NULL)
			return cli_fail(c, &e, "%s", project);
		f->project = json_i64_or(p, "id", 0);
		json_free(p);
	}
	f->after = (int64_t)a->after;
	/* cppcheck-suppress autoVariables ; follow_events returns first */
	f->arg = &w;
	if (follow_events(c, f, &e) == -1)
		return cli_fail(c, &e, "events");
	return CLI_OK;
}

static int
wait_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct wait_args *a = args;
	struct follow f = { .fn = wait_on_event, .limit_ms = a->timeout_ms };

	(void)argc;
	if (a->kinds.n == 0)
		return cli_usage("wait: --event KIND is missing");
	return wait_follow(c, a, argv[0], &f);
}

static int
wait_events(struct cli *c, const void *args, int argc, char **argv)
{
	const struct wait_args *a = args;
	struct follow f = { .fn = wait_on_line, .once = !a->follow };

	return wait_follow(c, a, argc > 0 ? argv[0] : NULL, &f);
}

#define WAIT(field) offsetof(struct wait_args, field)

static const struct command_option wait_options[] = {
	{ 'e', OPT_LIST, "event", WAIT(kinds), "KIND",
	    "such as pull.opened; may be repeated" },
	{ 'i', OPT_STR, "item", WAIT(item), "N",
	    "of this issue or pull request only" },
	{ 0, OPT_U64, "after", WAIT(after), "SEQ",
	    "later than this event (default: any, also a past one)" },
	{ 't', OPT_MS, "timeout", WAIT(timeout_ms), "TIME",
	    "give up, exit code 124" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option wait_events_options[] = {
	{ 'f', OPT_FLAG, "follow", WAIT(follow), NULL,
	    "go on with what happens next" },
	{ 'e', OPT_LIST, "event", WAIT(kinds), "KIND",
	    "only these; may be repeated" },
	{ 'i', OPT_STR, "item", WAIT(item), "N",
	    "of this issue or pull request only" },
	{ 0, OPT_U64, "after", WAIT(after), "SEQ", "later than this event" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_wait[] = {
	{ .name = "events",
	    .group = "Work",
	    .summary = "what happened, one line each",
	    .usage = "[PROJECT] [-f]",
	    .max = 1,
	    .args_size = sizeof(struct wait_args),
	    .options = wait_events_options,
	    .run = wait_events },
	{ .name = "wait",
	    .group = "Work",
	    .summary = "wait for an event and print it as JSON",
	    .usage = "PROJECT --event KIND [--item N] [--timeout TIME]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct wait_args),
	    .options = wait_options,
	    .run = wait_run },
	{ .name = NULL },
};
