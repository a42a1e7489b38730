#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agentd/sandbox/engine_places.h"
#include "agentd/sandbox/engine_shim_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

enum {
	ESHIM_DRAIN_MS = 2000,
	ESHIM_REMOVE_MS = 200,
	ESHIM_REMOVE_TRIES = 25
};

/* Below every hierarchy the same: that of the processes' number, or v2's. */
static char *
engine_shim_cgroup(pid_t pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/cgroup", (int)pid);
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct view rest;
	struct view line;
	char *found = NULL;

	if (path_read(path, 64 << 10, &text, &e) == -1 || text.len == 0)
		return NULL;
	rest = str_view(&text);
	while (view_split(&rest, '\n', &line)) {
		AUTO_FREE char *z = view_dup(line);
		const char *p = strstr(z, ":pids:/");
		bool v2 = strncmp(z, "0::/", 4) == 0;

		if (p == NULL && !(v2 && found == NULL))
			continue;
		p = v2 ? z + 4 : p + 7;
		/* The root of a hierarchy is everybody's. */
		if (*p == '\0')
			continue;
		free(found);
		found = xstrdup(p);
	}
	return found;
}

void
engine_shim_learn_pid(struct engine_shim *s, const struct json *state)
{
	AUTO_FREE char *path = path_join(s->dir, "pid");
	AUTO_FREE char *file = xasprintf("%s.cgroup", s->conf.places);
	char text[24];
	struct err e = ERR_INIT;
	int64_t pid = json_i64_or(state, "Pid", 0);

	if (s->pid != 0 || pid <= 1 || pid > INT32_MAX)
		return;
	s->pid = (pid_t)pid;
	s->cgroup = engine_shim_cgroup(s->pid);
	if (s->cgroup != NULL) {
		(void)path_write_atomic(
		    file, s->cgroup, strlen(s->cgroup), 0600, &e);
		engine_shim_watch_oom(s);
	}
	(void)snprintf(text, sizeof(text), "%" PRId64, pid);
	(void)path_write_atomic(path, text, strlen(text), 0600, &e);
}

/* ---- the end ---- */

static void engine_shim_remove(void *arg);

static void
engine_shim_on_removed(const struct engine_reply *r, void *arg)
{
	struct engine_shim *s = arg;

	/* Podman may be at it itself. */
	if (r->e != NULL && r->status != 404 &&
	    s->tries++ < ESHIM_REMOVE_TRIES) {
		timer_set(s->drain, ESHIM_REMOVE_MS);
		return;
	}
	loop_stop(s->loop);
}

static void
engine_shim_remove(void *arg)
{
	struct engine_shim *s = arg;
	AUTO_FREE char *path = engine_shim_path(s, "?force=1&v=1");
	struct err bad = ERR_INIT;

	s->phase = ESHIM_ENDING;
	engine_stream_close(s->stream);
	s->stream = NULL;
	(void)engine_places_unmount(s->conf.places, &bad);
	(void)engine_ask(
	    s->engine, "DELETE", path, NULL, 0, engine_shim_on_removed, s);
}

void
engine_shim_on_drained(void *arg)
{
	engine_shim_remove(arg);
}

void
engine_shim_failed(struct engine_shim *s, const struct err *e)
{
	if (s->phase == ESHIM_ENDING)
		return;
	s->x.exit_code = -1;
	s->x.ended_at = clock_now_ms();
	if (s->x.error[0] == '\0')
		(void)snprintf(s->x.error, sizeof(s->x.error), "%s", e->msg);
	engine_shim_remove(s);
}

static void
engine_shim_on_ended(const struct engine_reply *r, void *arg)
{
	struct engine_shim *s = arg;
	const struct json *state = json_get(r->json, "State");
	const char *why = json_str_or(state, "Error", "");

	s->x.oom |= json_bool_or(state, "OOMKilled", false);
	if (s->x.error[0] == '\0')
		(void)snprintf(s->x.error, sizeof(s->x.error), "%s", why);
	/* An engine tells a signal like a shell; which it was is known of ours
	 * and of the kernel's. */
	if (s->x.exit_code == 128 + SIGKILL && (s->killed || s->x.oom) &&
	    !s->conf.init) {
		s->x.exit_code = -1;
		s->x.signal = SIGKILL;
	} else if (s->x.exit_code == 128 + SIGTERM && s->termed &&
	    !s->conf.init) {
		s->x.exit_code = -1;
		s->x.signal = SIGTERM;
	}
	if (s->phase == ESHIM_DRAINING)
		timer_set(s->drain, s->stream == NULL ? 0 : ESHIM_DRAIN_MS);
}

void
engine_shim_ended(struct engine_shim *s, int code)
{
	AUTO_FREE char *path = engine_shim_path(s, "/json");

	s->phase = ESHIM_DRAINING;
	s->x.ended_at = clock_now_ms();
	s->x.exit_code = code >= 0 && code <= 255 ? code : 255;
	s->x.oom |= s->cgroup != NULL && cgroup_was_oom(s->cgroup);
	timer_cancel(s->wall);
	timer_cancel(s->kill);
	(void)engine_ask(
	    s->engine, "GET", path, NULL, 0, engine_shim_on_ended, s);
}

/* ---- signals ---- */

static void
engine_shim_kill(struct engine_shim *s)
{
	s->killed = true;
	if (s->cgroup != NULL) {
		(void)cgroup_signal(s->cgroup, SIGKILL);
		cgroup_thaw(s->cgroup);
	}
	if (s->pid > 0)
		(void)kill(s->pid, SIGKILL);
	timer_set(s->kill, SHIM_GRACE_MS); /* and again */
}

void
engine_shim_on_kill(void *arg)
{
	struct engine_shim *s = arg;

	if (s->phase == ESHIM_RUNNING)
		engine_shim_kill(s);
}

static void
engine_shim_term(struct engine_shim *s)
{
	int n = s->cgroup == NULL ? 0 : cgroup_signal(s->cgroup, SIGTERM);

	s->termed = true;
	timer_set(s->kill, SHIM_GRACE_MS);
	if (n <= 1 && s->pid > 0 && !shim_init_catches_term(s->pid))
		engine_shim_kill(s);
}

static void
engine_shim_on_thawed(const struct engine_reply *r, void *arg)
{
	struct engine_shim *s = arg;

	(void)r;
	if (s->phase != ESHIM_RUNNING)
		return;
	if (s->killing)
		engine_shim_kill(s);
	else if (!s->termed)
		engine_shim_term(s);
}

void
engine_shim_stop(struct engine_shim *s, bool now)
{
	AUTO_FREE char *path = engine_shim_path(s, "/unpause");

	s->stopping = true;
	s->killing |= now;
	if (s->phase == ESHIM_ATTACHING || s->phase == ESHIM_WAITING) {
		s->x.signal = SIGKILL;
		s->x.ended_at = clock_now_ms();
		engine_shim_remove(s);
	}
	if (s->phase != ESHIM_RUNNING)
		return;
	/* A frozen one takes no signal; one that is not says so. */
	(void)engine_ask(
	    s->engine, "POST", path, NULL, 0, engine_shim_on_thawed, s);
}
