#include "cli/ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/out.h"
#include "cli/record.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "lib/wire/json.h"

enum {
	ASK_KEY = 16,        /* bytes */
	ASK_SLICE_MS = 1000, /* between two looks at a signal */
	ASK_CANCEL_MS = 60 * 1000,
	ASK_AWAY_MS = 60 * 1000, /* that cofferd may be away */
	ASK_PATCH_MAX = 64 << 20
};

static int
ask_env(struct jw *w, const struct opt_list *names, struct err *e)
{
	if (names == NULL || names->n == 0)
		return 0;
	jw_object(w, "env");
	for (int i = 0; i < names->n; i++) {
		const char *value = getenv(names->v[i]);

		if (value == NULL)
			return err_set(e, ERR_INVALID,
			    "--env %.64s: it is not set here", names->v[i]);
		jw_str(w, names->v[i], value);
	}
	jw_end(w);
	return 0;
}

static int
ask_body(const struct ask *a, struct str *out, struct err *e)
{
	const struct {
		const char *key, *text;
	} texts[] = { { "task", a->task }, { "command", a->command },
		{ "access", a->access }, { "agent", a->agent },
		{ "network", a->network }, { "base", a->base },
		{ "key", a->key } };
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].text != NULL)
			jw_str(&w, texts[i].key, texts[i].text);
	if (a->wall_ms > 0)
		jw_i64(&w, "wall_s", (a->wall_ms + 999) / 1000);
	if (a->budget > 0)
		jw_i64(&w, "budget", a->budget);
	if (ask_env(&w, a->env, e) == -1)
		return -1;
	jw_end(&w);
	return str_ok(out) ? 0 : err_set(e, ERR_LIMIT, "it is too much text");
}

bool
ask_is_away(const struct err *e, int64_t *since)
{
	const struct timespec pause = { .tv_nsec = 200 * 1000 * 1000 };

	if (cli_exit_of(e) != CLI_UNREACHABLE)
		return false;
	if (*since == 0)
		*since = clock_mono_ms();
	if (clock_mono_ms() - *since > ASK_AWAY_MS)
		return false;
	(void)nanosleep(&pause, NULL);
	return true;
}

int
ask_start(struct cli *c, const char *full, const struct ask *a,
    struct json **row, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s/runs", full);
	const struct remote_call call = { .method = "POST",
		.path = path,
		.body = &body,
		.secret = a->env != NULL && a->env->n > 0 };
	char key[2 * ASK_KEY + 1];
	struct ask once = *a;
	int64_t away = 0;
	int rc;

	*row = NULL;
	rnd_hex(key, ASK_KEY);
	if (once.key == NULL)
		once.key = key;
	if (ask_body(&once, &body, e) == -1)
		return -1;
	while ((rc = remote_send(c, &call, row, NULL, e)) == -1 &&
	    ask_is_away(e, &away))
		*e = ERR_INIT;
	explicit_bzero(body.p, body.len);
	return rc;
}

static bool
ask_is_over(const struct json *row)
{
	static const char *const ends[] = { "done", "failed", "cancelled",
		"timed_out", "budget" };
	const char *state = json_str_or(row, "state", "");

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(ends[i], state) == 0)
			return true;
	return false;
}

static bool
ask_on_event(const struct json *ev, void *arg)
{
	const int64_t *id = arg;
	const struct json *data = json_get(ev, "data");

	return strcmp(json_str_or(ev, "kind", ""), "run.updated") == 0 &&
	    json_i64_or(data, "run", 0) == *id && ask_is_over(data);
}

static void
ask_cancel(struct cli *c, int64_t id)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/runs/%" PRId64 "/cancel", id);
	const struct remote_call call = { .method = "POST", .path = path };
	struct err e = ERR_INIT;
	struct json *j = NULL;

	cli_note("run %" PRId64 " is being cancelled", id);
	if (remote_send(c, &call, &j, NULL, &e) == -1)
		(void)cli_fail(c, &e, "cancel run %" PRId64, id);
	json_free(j);
}

static int
ask_get(struct cli *c, const char *path, struct json **out, struct err *e)
{
	int64_t away = 0;

	while (remote_get(c, path, out, e) == -1) {
		if (!ask_is_away(e, &away))
			return -1;
		*e = ERR_INIT;
	}
	return 0;
}

bool
ask_is_back(struct cli *c)
{
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int rc = ask_get(c, "/api/v1/version", &j, &e);

	json_free(j);
	return rc == 0;
}

int
ask_wait(struct cli *c, const struct json *row, const struct ask_watch *w,
    int64_t limit_ms, struct json **out, struct err *e)
{
	int64_t id = json_i64_or(row, "id", 0);
	int64_t end = limit_ms == 0 ? INT64_MAX : clock_mono_ms() + limit_ms;
	AUTO_FREE char *path = xasprintf("/api/coffer/v1/runs/%" PRId64, id);
	struct follow f = { .project = json_i64_or(
				json_get(row, "project"), "id", 0),
		.after = json_i64_or(row, "event", 0),
		.limit_ms = ASK_SLICE_MS,
		.fn = ask_on_event,
		.arg = &id };
	int64_t away = 0;
	bool told = false;

	while (follow_events(c, &f, e) == -1) {
		if (e->code == ERR_TIMEOUT)
			away = 0;
		else if (!ask_is_away(e, &away))
			return -1;
		if (clock_mono_ms() >= end)
			return err_set(e, ERR_TIMEOUT,
			    "run %" PRId64 " still goes on", id);
		*e = ERR_INIT;
		if (w != NULL)
			w->turn(w->arg);
		if (w != NULL && *w->stop && !told) {
			told = true;
			ask_cancel(c, id);
			end = clock_mono_ms() + ASK_CANCEL_MS;
		}
	}
	return ask_get(c, path, out, e);
}

int
ask_exit(const struct json *row)
{
	const char *state = json_str_or(row, "state", "");

	if (strcmp(state, "done") == 0)
		return CLI_OK;
	if (strcmp(state, "timed_out") == 0)
		return CLI_TIMEOUT;
	return strcmp(state, "failed") == 0 || strcmp(state, "budget") == 0
	    ? CLI_RUN_FAILED
	    : CLI_FAILED;
}

void
ask_tell(const struct cli *c, const char *what, const struct json *row)
{
	const char *why = json_str_or(row, "why", "");
	const char *state = json_str_or(row, "state", "-");

	(void)fprintf(
	    stderr, "%s %" PRId64 ": ", what, json_i64_or(row, "id", 0));
	out_paint(c, stderr, out_state_colour(state), state);
	if (why[0] != '\0') {
		(void)fprintf(stderr, ": ");
		out_text(stderr, why);
	}
	(void)fprintf(stderr, "\n");
}

static void
ask_patch_flaws(const struct record *r, struct ask_patch *out)
{
	const struct json *files = json_get(r->manifest, "files");

	for (const struct json *j = json_first(files); j != NULL;
	     j = json_next(j))
		if (strcmp(json_str_or(j, "name", ""), "patch.diff") == 0)
			out->masked = json_bool_or(j, "cut", false) ||
			    json_i64_or(j, "masked", 0) > 0;
}

int
ask_patch(struct cli *c, const struct json *row, const char *file,
    struct ask_patch *out, struct err *e)
{
	AUTO_FREE char *id = xasprintf("%" PRId64, json_i64_or(row, "id", 0));
	const struct ustar_file *f;
	struct record r;
	int rc;

	*out = (struct ask_patch){ .text = STR_INIT_MAX(ASK_PATCH_MAX) };
	rc = record_load(c, id, &r, e);
	if (rc == 0) {
		f = record_file(&r, "patch.diff");
		if (f != NULL)
			str_addv(&out->text, f->bytes);
		ask_patch_flaws(&r, out);
		if (file != NULL)
			rc = path_write_atomic(
			    file, r.tar.p, r.tar.len, 0600, e);
	}
	record_release(&r);
	if (rc == -1)
		return err_wrap(e, "record of run %s", id);
	return str_ok(&out->text)
	    ? 0
	    : err_set(e, ERR_LIMIT, "the patch is too large");
}

int
ask_patch_put(
    struct cli *c, const struct ask_patch *p, const char *file, struct err *e)
{
	if (p->masked)
		cli_note("coffer: what looks like a secret is masked in the "
			 "patch, or it is cut off: it does not apply as it is");
	if (strcmp(file, "-") != 0)
		return path_write_atomic(
		    file, str_cstr(&p->text), p->text.len, 0600, e);
	return out_log(str_view(&p->text), c)
	    ? 0
	    : err_set(e, ERR_IO, "standard output is gone");
}
