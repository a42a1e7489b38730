#include "agentd/sandbox/shim_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/watch.h"

enum {
	SHIM_WATCH_CHUNK = 64 << 10,
	SHIM_WATCH_EXIT_MAX = 32 << 10
};

struct shim_watch {
	struct loop *loop;
	struct shim_watch_spec spec;
	char *dir;
	int alive; /* -1 after end of file */
	int log;   /* -1 until the shim has made it */
	uint64_t offset;
	struct watch *watch;
	char *buf;
	bool running; /* told */
	bool turning; /* shim_watch_turn is deferred */
	bool closed;
};

static void shim_watch_turn(void *arg);

static void
shim_watch_defer(struct shim_watch *w)
{
	if (w->turning)
		return;
	w->turning = true;
	loop_defer(w->loop, shim_watch_turn, w);
}

static void
shim_watch_release(struct shim_watch *w)
{
	watch_free(w->watch);
	if (w->alive != -1)
		(void)close(w->alive);
	if (w->log != -1)
		(void)close(w->log);
	free(w->buf);
	free(w->dir);
	free(w);
}

static void
shim_watch_look_running(struct shim_watch *w)
{
	AUTO_FREE char *path = NULL;

	if (w->running || w->spec.on_running == NULL)
		return;
	path = path_join(w->dir, "started");
	if (access(path, F_OK) == -1)
		return;
	w->running = true;
	w->spec.on_running(w->spec.arg);
}

/* One chunk; true when there may be more. */
static bool
shim_watch_read(struct shim_watch *w)
{
	AUTO_FREE char *path = NULL;
	ssize_t n;

	if (w->log == -1) {
		path = path_join(w->dir, "out.log");
		w->log = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (w->log == -1)
		return false;
	n = pread(w->log, w->buf, SHIM_WATCH_CHUNK, (off_t)w->offset);
	if (n <= 0)
		return false;
	w->offset += (uint64_t)n;
	if (w->spec.on_output != NULL)
		w->spec.on_output(
		    (struct view){ .p = w->buf, .len = (size_t)n },
		    w->offset - (uint64_t)n, w->spec.arg);
	return true;
}

static void
shim_watch_exit(struct shim_watch *w)
{
	AUTO_FREE char *path = path_join(w->dir, "exit.json");
	AUTO_STR struct str text = STR_INIT;
	struct shim_exit x = { .exit_code = -1 };
	struct err e = ERR_INIT;

	if (path_read(path, SHIM_WATCH_EXIT_MAX, &text, &e) == -1 ||
	    shim_exit_parse(str_view(&text), &x, &e) == -1) {
		x = (struct shim_exit){ .exit_code = -1, .lost = true };
		(void)snprintf(x.error, sizeof(x.error),
		    "the sandbox ended without a trace: %.180s", e.msg);
	}
	w->closed = true;
	w->spec.on_exit(&x, w->spec.arg);
}

static void
shim_watch_turn(void *arg)
{
	struct shim_watch *w = arg;
	bool more;

	w->turning = false;
	if (!w->closed)
		shim_watch_look_running(w);
	if (!w->closed) {
		more = shim_watch_read(w);
		if (w->closed) {
			/* by on_output */
		} else if (more) {
			shim_watch_defer(w);
			return;
		} else if (w->alive == -1) {
			shim_watch_exit(w);
		}
	}
	if (w->closed)
		shim_watch_release(w);
}

static void
shim_watch_on_alive(int fd, int what, void *arg)
{
	struct shim_watch *w = arg;
	char sink[512];
	ssize_t n = read(fd, sink, sizeof(sink));

	(void)what;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		watch_free(w->watch);
		w->watch = NULL;
		(void)close(w->alive);
		w->alive = -1;
	}
	shim_watch_defer(w);
}

struct shim_watch *
shim_watch_open(
    struct loop *l, const struct shim_watch_spec *spec, struct err *e)
{
	AUTO_FREE char *path = path_join(spec->dir, "alive");
	struct shim_watch *w;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

	if (fd == -1 && errno != ENOENT) {
		(void)err_sys(e, ERR_IO, "%s", path);
		return NULL;
	}
	if (fd == -1 && access(spec->dir, F_OK) == -1) {
		(void)err_set(
		    e, ERR_NOTFOUND, "%s is no sandbox's folder", spec->dir);
		return NULL;
	}
	w = xcalloc(1, sizeof(*w));
	w->loop = l;
	w->spec = *spec;
	w->dir = xstrdup(spec->dir);
	w->spec.dir = w->dir;
	w->alive = fd;
	w->log = -1;
	w->offset = spec->from;
	w->buf = xmalloc(SHIM_WATCH_CHUNK);
	if (fd != -1) {
		w->watch = watch_new(l, fd, shim_watch_on_alive, w);
		watch_set(w->watch, WATCH_READ);
		/* Nobody ever opened the other end: no event would come. */
		shim_watch_on_alive(fd, WATCH_READ, w);
	}
	shim_watch_defer(w);
	return w;
}

void
shim_watch_close(struct shim_watch *w)
{
	if (w == NULL || w->closed)
		return;
	w->closed = true;
	watch_free(w->watch);
	w->watch = NULL;
	shim_watch_defer(w);
}

static int
shim_open_ctl(const char *dir)
{
	AUTO_FREE char *path = path_join(dir, "ctl");

	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
}

/* A FIFO without a reader cannot be opened for writing: ENXIO. */
bool
shim_alive(const char *dir)
{
	AUTO_CLOSE int fd = shim_open_ctl(dir);

	return fd != -1;
}

int
shim_send(const char *dir, enum shim_order order, struct err *e)
{
	AUTO_CLOSE int fd = shim_open_ctl(dir);
	const char byte = (char)order;

	if (fd == -1)
		return err_set(
		    e, ERR_NOTFOUND, "no sandbox is running in %s", dir);
	if (write(fd, &byte, 1) != 1)
		return err_sys(e, ERR_IO, "order to the shim");
	return 0;
}
