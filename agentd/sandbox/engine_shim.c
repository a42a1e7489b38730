#include "agentd/sandbox/engine_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/engine_places.h"
#include "agentd/sandbox/engine_shim_priv.h"
#include "agentd/sandbox/spec.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"
#include "lib/wire/json.h"

enum {
	ESHIM_RETRY_MS = 500,
	ESHIM_GONE_MS = 60 * 1000, /* for the engine to come back */
	ESHIM_CHUNK = 8 << 10
};

char *
engine_shim_path(const struct engine_shim *s, const char *verb)
{
	return xasprintf("/containers/%s%s", s->conf.container, verb);
}

/* ---- its streams ---- */

static struct shim_log
engine_shim_log(const struct engine_shim *s, int i)
{
	return (struct shim_log){ .file = s->files[i],
		.alive = s->alive,
		.limit = s->conf.limit,
		.tail = s->conf.tail };
}

static void
engine_shim_on_bytes(int channel, struct view v, void *arg)
{
	struct engine_shim *s = arg;
	int i = channel == 2 && s->conf.split ? 1 : 0;
	const struct shim_log log = engine_shim_log(s, i);

	shim_keep(&log, v, &s->kept[i], &s->x);
}

static void
engine_shim_feed(void *arg)
{
	struct engine_shim *s = arg;

	while (s->in != -1 && s->phase == ESHIM_RUNNING && s->stream != NULL &&
	    !engine_stream_is_full(s->stream)) {
		char buf[ESHIM_CHUNK];
		ssize_t n = read(s->in, buf, sizeof(buf));

		if (n > 0) {
			engine_stream_write(s->stream, buf, (size_t)n);
			continue;
		}
		(void)close(s->in);
		s->in = -1;
		engine_stream_end_input(s->stream);
	}
}

/* ---- it runs ---- */

static void
engine_shim_on_waited(const struct engine_reply *r, void *arg)
{
	struct engine_shim *s = arg;

	s->wait = NULL;
	if (s->phase != ESHIM_RUNNING)
		return;
	if (r->e == NULL && r->json != NULL)
		engine_shim_ended(
		    s, (int)json_i64_or(r->json, "StatusCode", 255));
	else
		timer_set(s->retry, ESHIM_RETRY_MS);
}

static void
engine_shim_wait(struct engine_shim *s)
{
	AUTO_FREE char *path = engine_shim_path(s, "/wait");

	s->wait = engine_ask(
	    s->engine, "POST", path, NULL, -1, engine_shim_on_waited, s);
}

static void
engine_shim_on_started(const struct engine_reply *r, void *arg)
{
	struct engine_shim *s = arg;
	const struct json *state = json_get(r->json, "State");
	struct err bad = ERR_INIT;

	if (s->phase != ESHIM_STARTING)
		return;
	if (r->e != NULL) {
		engine_shim_failed(s, r->e);
		return;
	}
	/* Its mounts are its own by now. */
	(void)engine_places_unmount(s->conf.places, &bad);
	engine_shim_learn_pid(s, state);
	s->phase = ESHIM_RUNNING;
	s->x.started_at = clock_now_ms();
	if (s->conf.wall_ms > 0)
		timer_set(s->wall, s->conf.wall_ms);
	else
		timer_cancel(s->wall);
	shim_mark_started(s->dir, s->alive);
	engine_shim_feed(s);
	engine_shim_wait(s);
	if (s->stopping)
		engine_shim_stop(s, s->killing);
}

static void
engine_shim_on_start(const struct engine_reply *r, void *arg)
{
	struct engine_shim *s = arg;
	AUTO_FREE char *path = engine_shim_path(s, "/json");

	if (s->phase != ESHIM_STARTING)
		return;
	if (r->e != NULL)
		engine_shim_failed(s, r->e);
	else
		(void)engine_ask(
		    s->engine, "GET", path, NULL, 0, engine_shim_on_started, s);
}

static void
engine_shim_begin(struct engine_shim *s)
{
	AUTO_FREE char *path = engine_shim_path(s, "/start");

	if (!s->go || s->phase != ESHIM_WAITING)
		return;
	s->phase = ESHIM_STARTING;
	(void)engine_ask(
	    s->engine, "POST", path, NULL, 0, engine_shim_on_start, s);
}

/* It was made by the attach, and its first process waits with the streams:
 * they become the agent's, so that /dev/stdout can be opened there. */
static void
engine_shim_on_made(const struct engine_reply *r, void *arg)
{
	struct engine_shim *s = arg;
	int64_t pid = json_i64_or(json_get(r->json, "State"), "Pid", 0);

	for (int fd = 0; r->e == NULL && pid > 1 && fd < 3; fd++) {
		AUTO_FREE char *path = xasprintf(
		    "/proc/%lld/fd/%d", (long long)pid, fd);
		struct stat st;

		if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode) &&
		    chown(path, s->conf.owner, s->conf.owner) == -1)
			log_warn("engine shim stream fd=%d reason=%s", fd,
			    strerror(errno));
	}
	engine_shim_learn_pid(s, json_get(r->json, "State"));
	if (s->phase == ESHIM_ATTACHING)
		s->phase = ESHIM_WAITING;
	engine_shim_begin(s);
}

static void
engine_shim_on_open(void *arg)
{
	struct engine_shim *s = arg;
	AUTO_FREE char *path = NULL;

	if (s->phase == ESHIM_ATTACHING && s->conf.owner != 0) {
		path = engine_shim_path(s, "/json");
		(void)engine_ask(
		    s->engine, "GET", path, NULL, 0, engine_shim_on_made, s);
		return;
	}
	if (s->phase == ESHIM_ATTACHING)
		s->phase = ESHIM_WAITING;
	engine_shim_begin(s);
}

static void
engine_shim_on_close(const struct err *e, void *arg)
{
	struct engine_shim *s = arg;

	s->stream = NULL;
	if (e != NULL && s->phase == ESHIM_ATTACHING)
		engine_shim_failed(s, e);
	else if (s->phase == ESHIM_DRAINING)
		timer_set(s->drain, 0);
}

static void
engine_shim_attach(struct engine_shim *s)
{
	AUTO_FREE char *path = xasprintf(
	    "/v1.41/containers/%s/attach?stream=1&stdout=1&stderr=1%s",
	    s->conf.container, s->in != -1 ? "&stdin=1" : "");
	struct err e = ERR_INIT;

	s->stream = engine_stream_start(s->loop,
	    &(struct engine_stream_spec){ .socket = s->conf.socket,
		.path = path,
		.on_open = engine_shim_on_open,
		.on_bytes = engine_shim_on_bytes,
		.on_drain = engine_shim_feed,
		.on_close = engine_shim_on_close,
		.arg = s },
	    &e);
	if (s->stream == NULL && s->phase == ESHIM_ATTACHING)
		engine_shim_failed(s, &e);
}

/* ---- the engine went away ---- */

static void
engine_shim_absent(struct engine_shim *s, const struct err *e)
{
	int64_t now = clock_mono_ms();
	struct err told = *e;

	if (s->pid > 0 && kill(s->pid, 0) == 0)
		s->gone_at = 0;
	else if (s->gone_at == 0)
		s->gone_at = now;
	if (s->gone_at == 0 || now - s->gone_at < ESHIM_GONE_MS) {
		timer_set(s->retry, ESHIM_RETRY_MS);
		return;
	}
	(void)err_wrap(&told, "engine-down");
	engine_shim_failed(s, &told);
}

static void
engine_shim_on_back(const struct engine_reply *r, void *arg)
{
	struct engine_shim *s = arg;
	const struct json *state = json_get(r->json, "State");

	if (s->phase != ESHIM_RUNNING)
		return;
	if (r->status == 0) {
		s->lost = true;
		engine_shim_absent(s, r->e);
	} else if (r->e != NULL) {
		engine_shim_failed(s, r->e);
	} else if (json_bool_or(state, "Running", false)) {
		s->gone_at = 0;
		if (s->stream == NULL)
			engine_shim_attach(s);
		engine_shim_wait(s);
	} else {
		if (s->lost && !s->stopping)
			(void)snprintf(s->x.error, sizeof(s->x.error),
			    "engine-down: the engine was stopped, and the "
			    "container with it");
		engine_shim_ended(s, (int)json_i64_or(state, "ExitCode", 255));
	}
}

static void
engine_shim_retry(void *arg)
{
	struct engine_shim *s = arg;
	AUTO_FREE char *path = engine_shim_path(s, "/json");

	(void)engine_ask(
	    s->engine, "GET", path, NULL, 0, engine_shim_on_back, s);
}

/* ---- orders ---- */

static void
engine_shim_on_order(int fd, int what, void *arg)
{
	struct engine_shim *s = arg;
	char order;

	(void)what;
	while (read(fd, &order, 1) == 1) {
		if (order == SHIM_GO) {
			s->go = true;
			engine_shim_begin(s);
		}
		if (order != SHIM_STOP && order != SHIM_KILL)
			continue;
		s->x.stopped = true;
		engine_shim_stop(s, order == SHIM_KILL);
	}
}

static void
engine_shim_on_term(void *arg)
{
	struct engine_shim *s = arg;

	s->x.stopped = true;
	engine_shim_stop(s, false);
}

static void
engine_shim_on_wall(void *arg)
{
	struct engine_shim *s = arg;

	s->x.timed_out = true;
	engine_shim_stop(s, false);
}

/* ---- the program ---- */

static int
engine_shim_load(struct engine_shim *s, struct err *e)
{
	AUTO_FREE char *done = path_join(s->dir, "exit.json");

	if (access(done, F_OK) == 0)
		return err_set(e, ERR_EXISTS, "%s is there already", done);
	if (engine_conf_load(s->dir, &s->conf, e) == -1)
		return -1;
	return shim_open_orders(s->dir, &s->alive, &s->ctl, e);
}

static int
engine_shim_make(struct engine_shim *s, struct err *e)
{
	s->files[0] = shim_open_log(s->dir, "out.log", e);
	if (s->files[0] == -1)
		return -1;
	if (s->conf.split) {
		s->files[1] = shim_open_log(s->dir, "err.log", e);
		if (s->files[1] == -1)
			return -1;
	}
	s->loop = loop_new(e);
	if (s->loop == NULL)
		return -1;
	s->engine = engine_new(s->loop, s->conf.socket, NULL, e);
	if (s->engine == NULL ||
	    loop_on_signal(s->loop, SIGTERM, engine_shim_on_term, s, e) == -1)
		return -1;
	s->wall = timer_new(s->loop, engine_shim_on_wall, s);
	s->kill = timer_new(s->loop, engine_shim_on_kill, s);
	s->drain = timer_new(s->loop, engine_shim_on_drained, s);
	s->retry = timer_new(s->loop, engine_shim_retry, s);
	s->ctl_watch = watch_new(s->loop, s->ctl, engine_shim_on_order, s);
	watch_set(s->ctl_watch, WATCH_READ);
	if (s->conf.stdin_path != NULL) {
		s->in = shim_open_stdin(s->conf.stdin_path, e);
		if (s->in == -1)
			return -1;
	}
	return 0;
}

static int
engine_shim_leave(struct engine_shim *s)
{
	AUTO_FREE char *path = path_join(s->dir, "exit.json");
	AUTO_FREE char *cgroup = xasprintf("%s.cgroup", s->conf.places);
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	(void)unlink(cgroup);
	for (int i = 0; i < 2; i++) {
		const struct shim_log log = engine_shim_log(s, i);

		shim_keep_end(&log, &s->kept[i], &s->x);
		if (s->kept[i].bytes > 0)
			(void)fsync(s->files[i]);
	}
	shim_exit_write(&s->x, &text);
	if (path_write_atomic(path, text.p, text.len, 0600, &e) == -1)
		return 1;
	return 0;
}

static int
engine_shim_stay(struct engine_shim *s)
{
	struct err e = ERR_INIT;

	shim_detach("coffer-eshim");
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	s->go = !s->conf.hold;
	if (engine_shim_make(s, &e) == -1) {
		if (s->engine == NULL) {
			(void)snprintf(
			    s->x.error, sizeof(s->x.error), "%s", e.msg);
			s->x.ended_at = clock_now_ms();
			return engine_shim_leave(s);
		}
		engine_shim_failed(s, &e);
	} else {
		if (s->conf.hold)
			timer_set(s->wall, SHIM_HOLD_MS);
		engine_shim_attach(s);
	}
	if (loop_run(s->loop, &e) == -1)
		(void)snprintf(s->x.error, sizeof(s->x.error), "%s", e.msg);
	return engine_shim_leave(s);
}

int
engine_shim_main(const char *dir)
{
	struct engine_shim s = {
		.dir = dir,
		.alive = -1,
		.ctl = -1,
		.files = { -1, -1 },
		.in = -1,
		.oom = -1,
		.x = { .exit_code = -1 },
	};
	struct err e = ERR_INIT;
	pid_t pid;
	int r;

	r = engine_shim_load(&s, &e);
	pid = r == -1 ? -1 : fork();
	if (r == 0 && pid == -1)
		r = err_sys(&e, ERR_IO, "fork");
	if (r == -1)
		(void)fprintf(stderr, "shim: %s\n", e.msg);
	else if (pid == 0)
		return engine_shim_stay(&s);
	engine_conf_release(&s.conf);
	return r == 0 ? 0 : 1;
}
