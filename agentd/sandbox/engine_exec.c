#include "agentd/sandbox/engine_exec.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agentd/sandbox/bundle.h"
#include "agentd/sandbox/engine.h"
#include "agentd/sandbox/engine_create.h"
#include "agentd/sandbox/engine_stream.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/sock.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"
#include "lib/wire/json.h"

enum {
	EXEC_CHUNK = 8 << 10,
	EXEC_ASK_FIRST_MS = 10,
	EXEC_ASK_LAST_MS = 1000,
	EXEC_ID_MAX = 128,
	EXEC_CGROUP_MAX = 64 << 10,
	EXEC_ERROR_MAX = 200
};

struct driver_exec {
	struct driver_exec_spec spec;
	struct engine *engine;
	struct loop *loop;
	char id[EXEC_ID_MAX]; /* of the engine; "": not yet */
	struct engine_stream *stream;
	int fd; /* our end; the caller has the other */
	struct watch *watch;
	struct str out;            /* for the caller, who is slower */
	char said[EXEC_ERROR_MAX]; /* its stderr, where it has one */
	struct timer *timer;       /* asks how it ended */
	int64_t pause_ms;
	bool open;
	bool input_ended;
	bool told;
	int signal; /* to be sent when its process is known; 0: none */
};

static void
engine_exec_free(void *arg)
{
	struct driver_exec *x = arg;

	engine_stream_close(x->stream);
	watch_free(x->watch);
	timer_free(x->timer);
	if (x->fd != -1)
		(void)close(x->fd);
	str_release(&x->out);
	free(x);
}

static void
engine_exec_end(struct driver_exec *x, int status, const struct err *e)
{
	if (x->told)
		return;
	x->told = true;
	x->spec.on_exit(status, e, x->spec.arg);
	loop_defer(x->loop, engine_exec_free, x);
}

/* ---- between the caller and the engine ---- */

static void
engine_exec_interest(struct driver_exec *x)
{
	int what = 0;

	if (x->fd == -1)
		return;
	if (x->out.len > 0)
		what |= WATCH_WRITE;
	if (x->open && !x->input_ended && x->stream != NULL &&
	    !engine_stream_is_full(x->stream))
		what |= WATCH_READ;
	watch_set(x->watch, what);
}

static void
engine_exec_flush(struct driver_exec *x)
{
	while (x->out.len > 0) {
		ssize_t n = send(x->fd, x->out.p, x->out.len, MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			break;
		/* Nobody listens any more. */
		if (n == -1)
			str_reset(&x->out);
		else
			str_drop(&x->out, (size_t)n);
	}
	if (x->out.len == 0 && x->stream != NULL)
		engine_stream_resume(x->stream);
	/* The end of its output, when the engine told all of it. */
	if (x->out.len == 0 && x->stream == NULL && x->open)
		(void)shutdown(x->fd, SHUT_WR);
}

static void
engine_exec_on_bytes(int channel, struct view v, void *arg)
{
	struct driver_exec *x = arg;
	size_t n = v.len;

	if (channel == 2 && !x->spec.terminal) {
		size_t have = strlen(x->said);

		if (n > sizeof(x->said) - 1 - have)
			n = sizeof(x->said) - 1 - have;
		memcpy(x->said + have, v.p, n);
		x->said[have + n] = '\0';
		return;
	}
	str_addv(&x->out, v);
	engine_exec_flush(x);
	if (x->out.len > 0)
		engine_stream_pause(x->stream);
	engine_exec_interest(x);
}

static void
engine_exec_read(struct driver_exec *x)
{
	char buf[EXEC_CHUNK];
	ssize_t n = read(x->fd, buf, sizeof(buf));

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		engine_stream_write(x->stream, buf, (size_t)n);
		return;
	}
	x->input_ended = true;
	engine_stream_end_input(x->stream);
}

static void
engine_exec_on_ready(int fd, int what, void *arg)
{
	struct driver_exec *x = arg;

	(void)fd;
	if ((what & WATCH_WRITE) != 0)
		engine_exec_flush(x);
	if ((what & WATCH_READ) != 0 && x->stream != NULL && !x->input_ended)
		engine_exec_read(x);
	engine_exec_interest(x);
}

static void
engine_exec_on_drain(void *arg)
{
	engine_exec_interest(arg);
}

/* ---- its end ---- */

static void
engine_exec_on_asked(const struct engine_reply *r, void *arg)
{
	struct driver_exec *x = arg;
	int64_t code = json_i64_or(r->json, "ExitCode", -1);
	struct err e = ERR_INIT;

	if (r->e != NULL) {
		engine_exec_end(x, 255, r->e);
		return;
	}
	if (json_bool_or(r->json, "Running", false) || code < 0 ||
	    x->out.len > 0) {
		if (x->pause_ms < EXEC_ASK_LAST_MS)
			x->pause_ms *= 2;
		timer_set(x->timer, x->pause_ms);
		return;
	}
	if (code == 255 && x->said[0] != '\0')
		(void)err_set(&e, ERR_INTERNAL, "exec: %s", x->said);
	engine_exec_end(x, (int)code, e.code != ERR_NONE ? &e : NULL);
}

static void
engine_exec_ask(void *arg)
{
	struct driver_exec *x = arg;
	AUTO_FREE char *path = xasprintf("/exec/%s/json", x->id);

	(void)engine_ask(
	    x->engine, "GET", path, NULL, 0, engine_exec_on_asked, x);
}

static void
engine_exec_on_close(const struct err *e, void *arg)
{
	struct driver_exec *x = arg;

	x->stream = NULL;
	if (e != NULL) {
		engine_exec_end(x, 255, e);
		return;
	}
	engine_exec_flush(x);
	engine_exec_interest(x);
	x->pause_ms = EXEC_ASK_FIRST_MS;
	timer_set(x->timer, 0);
}

/* ---- its beginning ---- */

static void
engine_exec_on_resized(const struct engine_reply *r, void *arg)
{
	(void)r;
	(void)arg;
}

static void
engine_exec_send_size(struct driver_exec *x)
{
	AUTO_FREE char *path = xasprintf(
	    "/exec/%s/resize?h=%u&w=%u", x->id, x->spec.rows, x->spec.cols);

	if (x->spec.terminal && x->spec.rows > 0 && x->spec.cols > 0)
		(void)engine_ask(x->engine, "POST", path, NULL, 0,
		    engine_exec_on_resized, NULL);
}

static void
engine_exec_on_open(void *arg)
{
	struct driver_exec *x = arg;

	x->open = true;
	engine_exec_send_size(x);
	engine_exec_interest(x);
	if (x->signal != 0)
		engine_exec_kill(x, x->signal);
}

static int
engine_exec_start(struct driver_exec *x, struct err *e)
{
	AUTO_FREE char *path = xasprintf("/v1.41/exec/%s/start", x->id);
	AUTO_FREE char *body = xasprintf("{\"Detach\":false,\"Tty\":%s}",
	    x->spec.terminal ? "true" : "false");

	x->stream = engine_stream_start(x->loop,
	    &(struct engine_stream_spec){ .socket = engine_socket(x->engine),
		.path = path,
		.body = view_of(body),
		.raw = x->spec.terminal,
		.on_open = engine_exec_on_open,
		.on_bytes = engine_exec_on_bytes,
		.on_drain = engine_exec_on_drain,
		.on_close = engine_exec_on_close,
		.arg = x },
	    e);
	return x->stream == NULL ? -1 : 0;
}

static void
engine_exec_on_created(const struct engine_reply *r, void *arg)
{
	struct driver_exec *x = arg;
	const char *id = json_str_or(r->json, "Id", "");
	struct err e = ERR_INIT;

	if (r->e != NULL) {
		engine_exec_end(x, 255, r->e);
		return;
	}
	if (id[0] == '\0' || strlen(id) >= sizeof(x->id) ||
	    strspn(id, "0123456789abcdef") != strlen(id)) {
		(void)err_set(&e, ERR_PROTO, "the engine: an exec without id");
		engine_exec_end(x, 255, &e);
		return;
	}
	/* It was ended before it began. */
	if (x->signal == SIGKILL || x->signal == SIGHUP) {
		engine_exec_end(x, 128 + x->signal, NULL);
		return;
	}
	(void)snprintf(x->id, sizeof(x->id), "%s", id);
	if (engine_exec_start(x, &e) == -1)
		engine_exec_end(x, 255, &e);
}

static void
engine_exec_body(const struct sandbox_host *h,
    const struct driver_exec_spec *spec, struct str *out)
{
	const struct sandbox_spec *s = spec->like;
	uint32_t uid = engine_agent_uid(engine_facts(h->engine), s->uid_base);
	char user[32];
	struct jw w;

	(void)snprintf(user, sizeof(user), "%u:%u", uid, uid);
	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_bool(&w, "AttachStdin", true);
	jw_bool(&w, "AttachStdout", true);
	jw_bool(&w, "AttachStderr", true);
	jw_bool(&w, "Tty", spec->terminal);
	jw_bool(&w, "Privileged", false);
	jw_str(&w, "User", user);
	jw_str(&w, "WorkingDir", s->cwd != NULL ? s->cwd : "/home/agent");
	bundle_write_argv(&w, "Cmd", s);
	bundle_write_env(&w, "Env", s);
	jw_end(&w);
}

struct driver_exec *
engine_exec(const struct sandbox_host *h, const struct driver_exec_spec *spec,
    int *fd, struct err *e)
{
	AUTO_FREE char *path = xasprintf("/containers/%s/exec", spec->like->id);
	AUTO_STR struct str body = STR_INIT;
	struct driver_exec *x;
	int fds[2];

	if (spec_validate(spec->like, h->home, e) == -1 ||
	    sock_pair(fds, e) == -1)
		return NULL;
	x = xcalloc(1, sizeof(*x));
	x->spec = *spec;
	/* What they point to is the caller's. */
	x->spec.like = NULL;
	x->spec.dir = NULL;
	x->engine = h->engine;
	x->loop = h->loop;
	x->fd = fds[0];
	x->watch = watch_new(h->loop, x->fd, engine_exec_on_ready, x);
	x->timer = timer_new(h->loop, engine_exec_ask, x);
	engine_exec_body(h, spec, &body);
	(void)engine_ask(
	    h->engine, "POST", path, &body, 0, engine_exec_on_created, x);
	*fd = fds[1];
	return x;
}

/* ---- orders ---- */

void
engine_exec_resize(struct driver_exec *x, uint16_t cols, uint16_t rows)
{
	x->spec.cols = cols;
	x->spec.rows = rows;
	if (x->open && !x->told)
		engine_exec_send_size(x);
}

struct engine_exec_signal {
	int signal;
};

int
engine_exec_signal(int64_t pid, const char *container, int sig, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *path = xasprintf("/proc/%" PRId64 "/cgroup", pid);
	AUTO_STR struct str cgroup = STR_INIT;

	if (pid <= 1 || pid > INT32_MAX || strlen(container) != 64)
		return err_set(e, ERR_PROTO, "the engine: an exec without pid");
	/* First: what is looked at then is what gets it. */
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0U);
	if (fd == -1)
		return err_sys(e, ERR_NOTFOUND, "process %" PRId64, pid);
	if (path_read(path, EXEC_CGROUP_MAX, &cgroup, e) == -1)
		return -1;
	if (strstr(str_cstr(&cgroup), container) == NULL)
		return err_set(e, ERR_DENIED,
		    "process %" PRId64 " is in no cgroup of container %.12s: "
		    "has the engine other pids than this host?",
		    pid, container);
	if (syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0U) == -1)
		return err_sys(e, ERR_IO, "signal to process %" PRId64, pid);
	return 0;
}

struct engine_exec_order {
	int signal;
};

/* The engine has no call for it, but tells its process of this host. */
static void
engine_exec_on_pid(const struct engine_reply *r, void *arg)
{
	struct engine_exec_order *k = arg;
	struct err e = ERR_INIT;

	if (r->e == NULL && json_bool_or(r->json, "Running", false) &&
	    engine_exec_signal(json_i64_or(r->json, "Pid", 0),
		json_str_or(r->json, "ContainerID", ""), k->signal, &e) == -1 &&
	    e.code != ERR_NOTFOUND)
		log_warn(
		    "engine exec signal=%d why=%s", k->signal, log_val(e.msg));
	free(k);
}

void
engine_exec_kill(struct driver_exec *x, int sig)
{
	AUTO_FREE char *path = xasprintf("/exec/%s/json", x->id);
	struct engine_exec_order *k;

	x->signal = sig;
	if (!x->open || x->told)
		return;
	k = xcalloc(1, sizeof(*k));
	k->signal = sig;
	(void)engine_ask(
	    x->engine, "GET", path, NULL, 0, engine_exec_on_pid, k);
}
