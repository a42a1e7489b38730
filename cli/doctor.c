#include "cli/doctor.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/confcheck.h"
#include "cli/layout.h"
#include "cli/probe.h"
#include "cli/program.h"
#include "cli/remote.h"
#include "cli/sandbox_use.h"
#include "cli/svcstate.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	DOCTOR_PROBE_MS = 180 * 1000,
	DOCTOR_OTHERS = 077 /* bits that a secret must not have */
};

static const uint64_t doctor_disk_low = UINT64_C(5) << 30;
static const uint64_t doctor_disk_none = UINT64_C(512) << 20;

void
doctor_add(struct doctor *d, enum doctor_state state, const char *name,
    const char *fix, const char *what, ...)
{
	struct doctor_row *r = &d->rows[d->n];
	AUTO_STR struct str text = STR_INIT;
	va_list ap;

	if (d->n == DOCTOR_ROWS_MAX)
		die("doctor too-many rows=%zu", d->n);
	d->n++;
	va_start(ap, what);
	str_vaddf(&text, what, ap);
	va_end(ap);
	r->state = state;
	r->group = d->group;
	r->name = name;
	r->what = xstrdup(str_cstr(&text));
	r->fix = fix == NULL ? NULL : xstrdup(fix);
}

void
doctor_release(struct doctor *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->rows[i].what);
		free(d->rows[i].fix);
	}
	d->n = 0;
}

const char *
doctor_word(enum doctor_state state)
{
	static const char *const words[DOCTOR_STATES] = {
		[DOCTOR_OK] = "ok",
		[DOCTOR_NONE] = "skipped",
		[DOCTOR_WARN] = "warning",
		[DOCTOR_FAIL] = "failed",
	};

	return words[state];
}

static void
doctor_secret(struct doctor *d)
{
	AUTO_FREE char *path = path_join(d->c->home, "secrets/admin.token");
	AUTO_FREE char *fix = xasprintf("chmod 600 %s", path);
	struct stat st;

	if (lstat(path, &st) == -1)
		doctor_add(d, DOCTOR_FAIL, "token",
		    "run this as the user who ran `coffer setup`",
		    "%s cannot be looked at", path);
	else if (!S_ISREG(st.st_mode) || (st.st_mode & DOCTOR_OTHERS) != 0)
		doctor_add(d, DOCTOR_FAIL, "token", fix,
		    "%s may be read by others (mode %o)", path,
		    (unsigned)(st.st_mode & ALLPERMS));
	else
		doctor_add(d, DOCTOR_OK, "token", NULL, "its owner's alone");
}

static void
doctor_disk(struct doctor *d)
{
	struct statvfs v;
	uint64_t bytes;
	char text[32];

	if (statvfs(d->c->home, &v) == -1)
		return;
	bytes = (uint64_t)v.f_bavail * v.f_frsize;
	(void)sandbox_use_size((int64_t)bytes, text);
	doctor_add(d,
	    bytes < doctor_disk_none      ? DOCTOR_FAIL
		: bytes < doctor_disk_low ? DOCTOR_WARN
					  : DOCTOR_OK,
	    "disk",
	    bytes < doctor_disk_low
		? "make room where HOME is, or move it to a larger disk"
		: NULL,
	    "%s free at %s", text, d->c->home);
}

static void
doctor_conf(struct doctor *d)
{
	for (size_t i = 0; confcheck_sections[i].section != NULL; i++) {
		struct err e = ERR_INIT;

		if (confcheck_home(
			d->c, &confcheck_sections[i], d->c->home, &e) == 0)
			continue;
		doctor_add(d, DOCTOR_FAIL, "settings",
		    "coffer config edit; `coffer config check` looks again",
		    "[%s]: %s", confcheck_sections[i].section, e.msg);
		return;
	}
	doctor_add(d, DOCTOR_OK, "settings", NULL,
	    "every program takes its part of coffer.conf");
}

void
doctor_home(struct doctor *d)
{
	AUTO_FREE char *fix = xasprintf(
	    "coffer --home %s setup", d->c->home_word);

	d->group = "home";
	if (!layout_is_ready(d->c->home)) {
		doctor_add(d, DOCTOR_FAIL, "home", fix, "%s is not set up",
		    d->c->home);
		return;
	}
	doctor_add(d, DOCTOR_OK, "home", NULL, "%s", d->c->home);
	doctor_secret(d);
	doctor_disk(d);
	doctor_conf(d);
}

static void
doctor_api(struct doctor *d)
{
	struct err e = ERR_INIT;
	struct json *j = NULL;
	AUTO_FREE char *up = xasprintf(
	    "coffer --home %s up -d", d->c->home_word);

	if (remote_get(d->c, "/api/v1/user", &j, &e) == 0)
		doctor_add(d, DOCTOR_OK, "cofferd", NULL,
		    "answers at %s, to %s", d->c->url,
		    json_str_or(j, "login", "?"));
	else if (cli_exit_of(&e) == CLI_UNREACHABLE)
		doctor_add(d, DOCTOR_FAIL, "cofferd", up,
		    "nobody answers at %s", d->c->url);
	else
		doctor_add(d, DOCTOR_FAIL, "cofferd",
		    "set COFFER_TOKEN, or --home to the place that "
		    "`coffer setup` made",
		    "%s refuses the token of %s: %s", d->c->url,
		    d->c->token == NULL ? "nobody" : d->c->token_at, e.msg);
	json_free(j);
}

static void
doctor_supervised(struct doctor *d)
{
	struct svcstate s[SVCSTATE_MAX];
	size_t n = svcstate_read(d->c->home, s);

	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *fix = xasprintf("coffer logs %.32s", s[i].name);
		bool up_now = svcstate_alive(&s[i]);

		if (!up_now || s[i].restarts > 0)
			doctor_add(d, up_now ? DOCTOR_WARN : DOCTOR_FAIL,
			    "supervisor", fix,
			    "%.32s is %s, was started again %" PRId64 " times",
			    s[i].name, up_now ? "up" : "down", s[i].restarts);
		else
			doctor_add(d, DOCTOR_OK, "supervisor", NULL,
			    "%.32s is up", s[i].name);
	}
}

/* By systemd or docker-compose; what they know is theirs to tell. */
static void
doctor_elsewhere(struct doctor *d)
{
	static const struct {
		const char *name;
		enum probe_kind probe;
	} rows[] = { { "router", PROBE_ROUTER }, { "gateway", PROBE_GATEWAY },
		{ "agentd", PROBE_AGENTD }, { "runner", PROBE_RUNNER } };

	doctor_add(d, DOCTOR_OK, "supervisor", NULL,
	    "cofferd runs, and not by `coffer up`");
	for (size_t i = 0; geteuid() == 0 && i < sizeof(rows) / sizeof(rows[0]);
	     i++) {
		AUTO_FREE char *fix = xasprintf(
		    "systemctl status coffer-%s, or docker-compose ps",
		    rows[i].name);

		if (probe_now(d->c, rows[i].probe))
			doctor_add(d, DOCTOR_OK, "supervisor", NULL, "%s is up",
			    rows[i].name);
		else
			doctor_add(d, DOCTOR_WARN, "supervisor", fix,
			    "%s is down", rows[i].name);
	}
}

void
doctor_service(struct doctor *d)
{
	AUTO_FREE char *up = xasprintf(
	    "coffer --home %s up -d", d->c->home_word);

	d->group = "service";
	if (svcstate_holder(d->c->home) != 0)
		doctor_supervised(d);
	else if (probe_now(d->c, PROBE_HTTP))
		doctor_elsewhere(d);
	else
		doctor_add(d, DOCTOR_WARN, "supervisor", up,
		    "`coffer up` does not run for %s", d->c->home);
	doctor_api(d);
}

/* The last line that is not empty. */
static struct view
doctor_last(const struct str *s)
{
	struct view v = view_trim(str_view(s));
	const char *nl = v.len == 0 ? NULL : memrchr(v.p, '\n', v.len);

	return nl == NULL ? v : view_from(v, (size_t)(nl + 1 - v.p));
}

static void
doctor_sandbox_run(struct doctor *d, const char *dir)
{
	const char *const argv[] = { "/proc/self/exe", "--home", d->c->home,
		"run", "start", "--repo", dir, "--wall", "60s", "--", "sh",
		"-c", "test $(id -u) -ne 0 && test ! -e /root/.ssh", NULL };
	const struct program_spec spec = { .argv = argv,
		.limit_ms = DOCTOR_PROBE_MS };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct err e = ERR_INIT;
	struct view last;

	if (program_run(d->c, &spec, &r, &e) == -1) {
		doctor_add(d, DOCTOR_FAIL, "sandbox", "coffer logs agentd",
		    "%s", e.msg);
	} else if (r.code == 0) {
		doctor_add(d, DOCTOR_OK, "sandbox", NULL,
		    "a command ran in one, and nothing of it is left");
	} else {
		last = doctor_last(&r.err);
		doctor_add(d, DOCTOR_FAIL, "sandbox", "coffer logs agentd",
		    "a command in one ended with %d: %.*s", r.code,
		    (int)(last.len > 300 ? 300 : last.len), last.p);
	}
	program_result_release(&r);
}

void
doctor_sandbox(struct doctor *d)
{
	char dir[] = "/tmp/coffer-doctor.XXXXXX";
	AUTO_FREE char *sock = path_join(d->c->home, "run/agentd.sock");
	AUTO_FREE char *file = NULL;
	struct err e = ERR_INIT;

	d->group = "sandbox";
	for (size_t i = 0; i < d->n; i++) {
		if (strcmp(d->rows[i].name, "cofferd") == 0 &&
		    d->rows[i].state != DOCTOR_OK) {
			doctor_add(d, DOCTOR_NONE, "sandbox", NULL,
			    "not tried: cofferd does not answer");
			return;
		}
	}
	if (access(sock, F_OK) == -1) {
		doctor_add(d, DOCTOR_NONE, "sandbox",
		    "`coffer up` as root starts what makes sandboxes",
		    "not tried: no agentd here");
		return;
	}
	if (mkdtemp(dir) == NULL) {
		doctor_add(d, DOCTOR_FAIL, "sandbox",
		    "make room in /tmp, and let everybody write there",
		    "no folder can be made in /tmp");
		return;
	}
	file = path_join(dir, "README");
	if (path_replace(file, "doctor\n", strlen("doctor\n"), 0644, &e) == -1)
		doctor_add(d, DOCTOR_FAIL, "sandbox", NULL, "%s", e.msg);
	else
		doctor_sandbox_run(d, dir);
	if (path_rmtree(dir, &e) == -1)
		cli_note("doctor: %s stays: %s", dir, e.msg);
}
