#include "cli/oneshot.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/oneshot_box.h"
#include "cli/out.h"
#include "cli/program.h"
#include "cli/remote.h"
#include "cli/snapshot.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "lib/io/loop.h"
#include "lib/wire/json.h"

enum {
	ONESHOT_NAME_MAX = 32,
	ONESHOT_SCRIPT_MAX = 4096, /* one word of an agent_command */
	ONESHOT_CHANGED_MAX = 160,
	ONESHOT_WALL_MIN_S = 10, /* that a project can have */
	ONESHOT_MARK = 6,
	ONESHOT_LEASE_S = 600,
	ONESHOT_LEASE_EVERY_MS = 20 * 1000
};

struct oneshot {
	struct cli *c;
	const struct oneshot_spec *spec;
	struct snapshot before;
	char full[TARGET_FULL_MAX];
	bool made;       /* the project is there */
	bool stop;       /* a signal came */
	int64_t said_ms; /* that the project is wanted */
	struct json *row, *verified;
	struct ask_patch patch;
	char changed[ONESHOT_CHANGED_MAX]; /* in the folder; "": nothing */
	char after[SHA256_HEX];
};

static void
oneshot_on_signal(void *arg)
{
	struct oneshot *o = arg;

	o->stop = true;
}

static int
oneshot_signals(struct oneshot *o, struct err *e)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };
	struct loop *l = remote_loop(o->c, e);

	for (size_t i = 0; l != NULL && i < sizeof(sigs) / sizeof(sigs[0]); i++)
		if (loop_on_signal(l, sigs[i], oneshot_on_signal, o, e) == -1)
			return -1;
	return l == NULL ? -1 : 0;
}

/* ---- the project ---- */

static void
oneshot_quote(struct str *out, const char *word)
{
	str_addc(out, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			str_add(out, "'\\''");
		else
			str_addc(out, *word);
	}
	str_addc(out, '\'');
}

/* A program that says nothing did its work when its status says so. */
static int
oneshot_script(struct str *out, int argc, char **argv, struct err *e)
{
	for (int i = 0; i < argc; i++) {
		oneshot_quote(out, argv[i]);
		str_addc(out, ' ');
	}
	str_add(out,
	    "</dev/null\nrc=$?\n"
	    "[ -s \"$COFFER_OUT\" ] || "
	    "echo \"It ended with status $rc.\" >\"$COFFER_OUT\"\n"
	    "exit $rc\n");
	return str_ok(out)
	    ? 0
	    : err_set(e, ERR_LIMIT,
		  "the command is over %d bytes: put it into a file of the "
		  "folder",
		  (int)ONESHOT_SCRIPT_MAX);
}

/* The run has its own; the project's is not to be less. */
static uint64_t
oneshot_wall(const struct oneshot_spec *s)
{
	uint64_t n = (uint64_t)((s->wall_ms + 999) / 1000);

	return n == 0 || n > ONESHOT_WALL_MIN_S ? n : ONESHOT_WALL_MIN_S;
}

/* An agent has to reach its model, by the gateway, and nothing else. */
static const char *
oneshot_network(const struct oneshot_spec *s)
{
	if (s->network != NULL)
		return s->network;
	return s->agent != NULL ? "none" : "off";
}

static void
oneshot_settings(const struct oneshot *o, struct jw *w, const char *script)
{
	const struct oneshot_spec *s = o->spec;
	const struct {
		const char *key;
		uint64_t n;
	} numbers[] = { { "memory", s->memory }, { "cpus", s->cpus },
		{ "pids", s->pids }, { "disk", s->disk },
		{ "wall_s", oneshot_wall(s) } };

	jw_object(w, "settings");
	/* The clone comes by this way; the agent's own is the run's. */
	jw_str(w, "network",
	    strcmp(oneshot_network(s), "off") == 0 ? "none"
						   : oneshot_network(s));
	jw_i64(w, "max_retries", 0);
	jw_str(w, "agent", script != NULL ? "command" : s->agent);
	jw_array(w, "agent_command");
	if (script != NULL) {
		jw_str(w, NULL, "/bin/sh");
		jw_str(w, NULL, "-c");
		jw_str(w, NULL, script);
	}
	jw_end(w);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].n != 0)
			jw_u64(w, numbers[i].key, numbers[i].n);
	jw_end(w);
}

static int
oneshot_set(struct oneshot *o, const char *script, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = xasprintf("/api/coffer/v1/projects/%s", o->full);
	const struct remote_call call = {
		.method = "PATCH", .path = path, .body = &body
	};
	struct json *j = NULL;
	struct jw w;
	int rc;

	jw_init(&w, &body);
	jw_object(&w, NULL);
	oneshot_settings(o, &w, script);
	jw_end(&w);
	rc = remote_send(o->c, &call, &j, NULL, e);
	json_free(j);
	return rc == -1 ? err_wrap(e, "settings") : 0;
}

static int
oneshot_make(struct oneshot *o, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	char mark[2 * ONESHOT_MARK + 1], name[ONESHOT_NAME_MAX];
	const struct remote_call call = {
		.method = "POST", .path = "/api/v1/user/repos", .body = &body
	};
	struct json *j = NULL;
	struct jw w;

	rnd_hex(mark, ONESHOT_MARK);
	(void)snprintf(name, sizeof(name), "oneshot-%s", mark);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "name", name);
	jw_str(&w, "default_branch", "main");
	jw_bool(&w, "private", true);
	jw_str(&w, "description", "A one-shot run; it can be destroyed.");
	jw_i64(&w, "lease_s", o->spec->keep ? 0 : ONESHOT_LEASE_S);
	jw_end(&w);
	if (remote_send(o->c, &call, &j, NULL, e) == -1)
		return err_wrap(e, "throw-away project");
	(void)snprintf(
	    o->full, sizeof(o->full), "%s", json_str_or(j, "full_name", ""));
	json_free(j);
	o->made = true;
	o->said_ms = clock_mono_ms();
	return 0;
}

/* It is still wanted: cofferd removes it when nobody says so any more. */
static void
oneshot_want(void *arg)
{
	struct oneshot *o = arg;
	AUTO_FREE char *path = NULL;
	AUTO_STR struct str body = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j = NULL;

	if (o->spec->keep ||
	    clock_mono_ms() - o->said_ms < ONESHOT_LEASE_EVERY_MS)
		return;
	path = xasprintf("/api/coffer/v1/projects/%s/lease", o->full);
	str_addf(&body, "{\"seconds\":%d}", (int)ONESHOT_LEASE_S);
	if (remote_send(o->c,
		&(struct remote_call){
		    .method = "PUT", .path = path, .body = &body },
		&j, NULL, &e) == 0)
		o->said_ms = clock_mono_ms();
	json_free(j);
}

static void
oneshot_remove(struct oneshot *o)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s?force=true", o->full);
	const struct remote_call call = { .method = "DELETE", .path = path };
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int64_t away = 0;
	int rc;

	if (!o->made)
		return;
	if (o->spec->keep) {
		cli_note("the project stays: coffer destroy %s", o->full);
		return;
	}
	do
		rc = remote_send(o->c, &call, &j, NULL, &e);
	while (rc == -1 && ask_is_away(&e, &away));
	if (rc == -1)
		cli_note("coffer: the project stays behind: %s (coffer destroy "
			 "%s)",
		    e.msg, o->full);
	json_free(j);
}

/* ---- the copy ---- */

/* Git sees bytes on its input and a repository that it made itself. */
static int
oneshot_push_in(
    struct oneshot *o, struct fetch_job *j, int *lock, struct err *e)
{
	static const char *const init[] = { "init", "--quiet", "--bare",
		"--template=", NULL };
	static const char *const import[] = { "fast-import", "--quiet",
		"--done", "--date-format=raw", NULL };
	AUTO_FREE char *url = xasprintf("%s/%s.git", o->c->url, o->full);
	const char *const push[] = { "push", "--quiet", "--no-verify", url,
		"refs/heads/main", NULL };
	const struct view none = { .len = 0 };

	if ((j->git = program_find("git", e)) == NULL ||
	    (j->box = oneshot_box_make(lock, e)) == NULL ||
	    fetch_git_box(j, init, none, false, e) == -1 ||
	    fetch_git_box(j, import, str_view(&o->before.stream), false, e) ==
		-1)
		return -1;
	if (fetch_git_box(j, push, none, true, e) == 0)
		return 0;
	/* Once more, if cofferd was started again meanwhile. */
	if (!ask_is_back(o->c))
		return -1;
	*e = ERR_INIT;
	return fetch_git_box(j, push, none, true, e);
}

static int
oneshot_push(struct oneshot *o, struct err *e)
{
	struct fetch_job j = { .c = o->c };
	AUTO_CLOSE int lock = -1;
	int rc = oneshot_push_in(o, &j, &lock, e);

	fetch_remove_box(&j);
	free(j.box);
	free(j.git);
	str_release(&o->before.stream);
	o->before.stream = STR_INIT;
	return rc == -1 ? err_wrap(e, "the copy") : 0;
}

static int
oneshot_look(struct oneshot *o, struct err *e)
{
	const struct snapshot_spec spec = {
		.dir = o->spec->dir, .copy = true, .all = o->spec->all
	};

	if (snapshot_take(&spec, &o->before, e) == -1)
		return -1;
	if (o->before.files == 0)
		return err_set(e, ERR_INVALID, "there is nothing to copy%s",
		    o->spec->all ? ""
				 : " (--all takes what git does not know)");
	if (o->before.left_out > 0 && o->spec->all)
		cli_note("only folders in the copy: %" PRIu64
			 " other repositories inside it",
		    o->before.left_out);
	else if (o->before.left_out > 0)
		cli_note("left out: %" PRIu64 " submodules and other "
			 "repositories inside it (--all takes their files)",
		    o->before.left_out);
	cli_note("%" PRIu64 " files, %" PRIu64 " KiB", o->before.files,
	    (o->before.bytes + 1023) / 1024);
	return 0;
}

/* Is the folder as it was? */
static int
oneshot_look_again(struct oneshot *o, struct err *e)
{
	const struct snapshot_spec spec = { .dir = o->spec->dir };
	struct snapshot now = SNAPSHOT_INIT;
	int rc = snapshot_take(&spec, &now, e);

	if (rc == 0) {
		memcpy(o->after, now.print, sizeof(o->after));
		if (strcmp(now.print, o->before.print) != 0)
			snapshot_changed(
			    &o->before, &now, o->changed, sizeof(o->changed));
	}
	snapshot_release(&now);
	return rc;
}

/* ---- the runs ---- */

static bool
oneshot_on_log(struct view chunk, void *arg)
{
	(void)arg;
	out_bytes(stderr, chunk.p, chunk.len);
	return true;
}

static void
oneshot_log(struct oneshot *o, const struct json *row)
{
	AUTO_FREE char *path = xasprintf("/api/coffer/v1/runs/%" PRId64
					 "/log?offset=0",
	    json_i64_or(row, "id", 0));
	const struct remote_text text = { .path = path, .fn = oneshot_on_log };
	struct err e = ERR_INIT;

	if (!o->c->g.json && remote_text(o->c, &text, &e) == -1)
		(void)cli_fail(o->c, &e, "its output");
}

static int
oneshot_ask(struct oneshot *o, const struct ask *a, struct json **out,
    const char *what, struct err *e)
{
	const struct ask_watch watch = {
		.stop = &o->stop, .turn = oneshot_want, .arg = o
	};
	struct json *row = NULL;
	int rc;

	oneshot_want(o);
	if (o->stop)
		return err_set(e, ERR_INTERNAL, "ended by a signal");
	rc = ask_start(o->c, o->full, a, &row, e);
	if (rc == 0)
		rc = ask_wait(o->c, row, &watch, 0, out, e);
	json_free(row);
	if (rc != 0)
		return -1;
	oneshot_log(o, *out);
	if (!o->c->g.json)
		ask_tell(o->c, what, *out);
	return 0;
}

static int
oneshot_first(struct oneshot *o, struct err *e)
{
	const struct oneshot_spec *s = o->spec;
	AUTO_STR struct str script = STR_INIT_MAX(ONESHOT_SCRIPT_MAX);
	AUTO_STR struct str task = STR_INIT;
	struct ask a = { .access = "write",
		.network = oneshot_network(s),
		.budget = s->budget,
		.wall_ms = s->wall_ms,
		.env = s->env };

	for (int i = 0; i < s->argc; i++)
		str_addf(&task, "%s%s", i == 0 ? "" : " ", s->argv[i]);
	a.task = str_cstr(&task);
	if (s->agent == NULL &&
	    oneshot_script(&script, s->argc, s->argv, e) == -1)
		return -1;
	if (oneshot_set(o, s->agent == NULL ? str_cstr(&script) : NULL, e) ==
		-1 ||
	    oneshot_ask(o, &a, &o->row, "run", e) == -1)
		return -1;
	return ask_patch(o->c, o->row, NULL, &o->patch, e);
}

/* In a container of its own, on what the run left. */
static int
oneshot_verify(struct oneshot *o, struct err *e)
{
	const struct oneshot_spec *s = o->spec;
	AUTO_STR struct str script = STR_INIT_MAX(ONESHOT_SCRIPT_MAX);
	char sh[] = "/bin/sh", flag[] = "-c";
	AUTO_FREE char *text = xstrdup(s->verify);
	char *argv[] = { sh, flag, text };
	struct ask a = { .task = s->verify,
		.access = "scratch",
		.agent = "command",
		.network = "off",
		.wall_ms = s->wall_ms,
		.env = s->env };

	/* Without a change there is no branch of its own. */
	if (o->patch.text.len > 0)
		a.base = json_str_or(o->row, "branch", NULL);
	if (oneshot_script(&script, 3, argv, e) == -1 ||
	    oneshot_set(o, str_cstr(&script), e) == -1)
		return -1;
	return oneshot_ask(o, &a, &o->verified, "verification", e);
}

static int
oneshot_work(struct oneshot *o, struct err *e)
{
	if (oneshot_make(o, e) == -1 || oneshot_push(o, e) == -1 ||
	    oneshot_first(o, e) == -1)
		return -1;
	if (o->spec->verify == NULL || ask_exit(o->row) != CLI_OK)
		return 0;
	return oneshot_verify(o, e);
}

/* ---- what came of it ---- */

static void
oneshot_json_run(struct jw *w, const char *key, const struct json *row)
{
	AUTO_STR struct str text = STR_INIT;

	if (row == NULL) {
		jw_null(w, key);
		return;
	}
	json_print(row, &text);
	jw_raw(w, key, str_view(&text));
}

static void
oneshot_json(const struct oneshot *o, int code)
{
	AUTO_STR struct str out = STR_INIT_MAX(STR_MAX_DEFAULT);
	struct jw w;

	jw_init(&w, &out);
	jw_object(&w, NULL);
	jw_i64(&w, "exit", code);
	oneshot_json_run(&w, "run", o->row);
	oneshot_json_run(&w, "verification", o->verified);
	jw_object(&w, "source");
	jw_u64(&w, "files", o->before.files);
	jw_u64(&w, "bytes", o->before.bytes);
	jw_str(&w, "before", o->before.print);
	jw_str(&w, "after", o->after);
	jw_str(&w, "changed", o->changed[0] == '\0' ? NULL : o->changed);
	jw_end(&w);
	jw_object(&w, "patch");
	jw_u64(&w, "bytes", o->patch.text.len);
	jw_bool(&w, "whole", !o->patch.masked);
	jw_str(&w, "file", o->spec->output);
	jw_end(&w);
	jw_end(&w);
	out_json_line(&out);
}

static int
oneshot_code(const struct oneshot *o)
{
	int code = ask_exit(o->row);

	if (code != CLI_OK || o->verified == NULL)
		return code;
	code = ask_exit(o->verified);
	return code == CLI_RUN_FAILED ? CLI_VERIFY_FAILED : code;
}

/* The patch, whatever the run came to: it is what there is to look at. */
static int
oneshot_put(struct oneshot *o, struct err *e)
{
	const char *file = o->spec->output;

	if (o->row != NULL && o->spec->record != NULL) {
		str_release(&o->patch.text);
		if (ask_patch(o->c, o->row, o->spec->record, &o->patch, e) ==
		    -1)
			return -1;
	}
	if (o->row == NULL || (file == NULL && o->c->g.json))
		return 0;
	return ask_patch_put(o->c, &o->patch, file == NULL ? "-" : file, e);
}

static int
oneshot_end(struct oneshot *o, int rc, struct err *e)
{
	struct err late = ERR_INIT;
	bool same;
	int code;

	code = rc == -1 ? cli_fail(o->c, e, "run start") : oneshot_code(o);
	/* Before anything is written: that may be into the folder, too. */
	same = oneshot_look_again(o, &late) == 0 && o->changed[0] == '\0';
	if (!same)
		cli_note("coffer: %s was only to be read, and is not as it "
			 "was: %s",
		    o->spec->dir,
		    o->changed[0] != '\0' ? o->changed : late.msg);
	late = ERR_INIT;
	if (oneshot_put(o, &late) == -1)
		code = cli_fail(o->c, &late, "the patch");
	if (!same)
		code = CLI_SOURCE_CHANGED;
	if (o->c->g.json)
		oneshot_json(o, code);
	return code;
}

static int
oneshot_dry(const struct oneshot *o)
{
	const struct oneshot_spec *s = o->spec;

	(void)printf("would make a project, copy %" PRIu64
		     " files of %s into it, run %s there (network %s), and "
		     "destroy it\n",
	    o->before.files, s->dir, s->agent != NULL ? s->agent : s->argv[0],
	    oneshot_network(s));
	return CLI_OK;
}

int
oneshot_run(struct cli *c, const struct oneshot_spec *spec)
{
	struct oneshot o = { .c = c, .spec = spec, .before = SNAPSHOT_INIT };
	struct err e = ERR_INIT;
	int code;

	if (oneshot_signals(&o, &e) == -1 || oneshot_look(&o, &e) == -1) {
		code = cli_fail(c, &e, "run start --repo %s", spec->dir);
	} else if (c->g.dry_run) {
		code = oneshot_dry(&o);
	} else {
		int rc = oneshot_work(&o, &e);

		code = oneshot_end(&o, rc, &e);
		oneshot_remove(&o);
	}
	snapshot_release(&o.before);
	str_release(&o.patch.text);
	json_free(o.row);
	json_free(o.verified);
	return code;
}
