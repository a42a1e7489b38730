#include "cli/supervise.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/svclog.h"
#include "cli/svcstate.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"

enum {
	SUPERVISE_PAUSE_MIN_MS = 200,
	SUPERVISE_PAUSE_MAX_MS = 10 * 1000,
	SUPERVISE_SETTLED_MS = 10 * 1000, /* the pause starts small again */
	SUPERVISE_QUICK_MS = 2000,        /* ending so soon is a failed start */
	SUPERVISE_QUICK_MAX = 5,
	SUPERVISE_TRIES_MS = 30 * 1000, /* of a first start, slow ends too */
	SUPERVISE_PROBE_MS = 30,
	SUPERVISE_READY_MS = 60 * 1000,
	SUPERVISE_GRACE_MS = 20 * 1000,
	SUPERVISE_READ = 8 << 10
};

enum service_state {
	SERVICE_WAITING, /* for the one before it */
	SERVICE_STARTING,
	SERVICE_READY,
	SERVICE_PAUSED, /* before a restart */
	SERVICE_STOPPING,
	SERVICE_DOWN
};

static const char *const service_names[] = {
	[SERVICE_WAITING] = "waiting",
	[SERVICE_STARTING] = "starting",
	[SERVICE_READY] = "running",
	[SERVICE_PAUSED] = "restarting",
	[SERVICE_STOPPING] = "stopping",
	[SERVICE_DOWN] = "down",
};

struct service {
	struct supervisor *sup;
	const struct supervise_service *def;
	enum service_state state;
	struct child *child;
	pid_t pid;
	uint64_t start;
	int err_fd;
	struct watch *watch;
	struct svclog *log;
	struct timer *timer; /* restart, probe, or the grace of a stop */
	int64_t first_ms;    /* of the first start; 0: none yet */
	int64_t started_ms;
	int64_t pause_ms;
	int quick;
	int64_t restarts;
	bool probing;
};

struct supervisor {
	struct supervise_spec spec;
	struct service services[SVCSTATE_MAX];
	bool stopping, told_ready, ended;
	bool pending; /* the end is deferred */
	char *why;
};

static void supervise_on_advance(void *arg);
static void supervise_advance(struct supervisor *s);
static void supervise_fail(
    struct supervisor *s, const struct service *v, const char *what);

static void
supervise_publish(struct supervisor *s)
{
	struct svcstate all[SVCSTATE_MAX] = { 0 };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < s->spec.n; i++) {
		const struct service *v = &s->services[i];

		(void)snprintf(
		    all[i].name, sizeof(all[i].name), "%s", v->def->name);
		(void)snprintf(all[i].state, sizeof(all[i].state), "%s",
		    service_names[v->state]);
		all[i].pid = v->child != NULL ? v->pid : 0;
		all[i].start = v->child != NULL ? v->start : 0;
		all[i].restarts = v->restarts;
	}
	if (svcstate_write(s->spec.home, all, s->spec.n, &e) == -1)
		log_warn("up services-file error=%s", log_val(e.msg));
}

static void
service_set_state(struct service *v, enum service_state next, const char *why)
{
	static const unsigned allowed[] = {
		[SERVICE_WAITING] = 1u << SERVICE_STARTING |
		    1u << SERVICE_PAUSED | 1u << SERVICE_DOWN,
		[SERVICE_STARTING] = 1u << SERVICE_READY |
		    1u << SERVICE_PAUSED | 1u << SERVICE_STOPPING |
		    1u << SERVICE_DOWN,
		[SERVICE_READY] = 1u << SERVICE_PAUSED | 1u << SERVICE_STOPPING,
		[SERVICE_PAUSED] = 1u << SERVICE_STARTING | 1u << SERVICE_DOWN |
		    1u << SERVICE_PAUSED,
		[SERVICE_STOPPING] = 1u << SERVICE_DOWN,
		[SERVICE_DOWN] = 0,
	};

	if ((allowed[v->state] & 1u << next) == 0)
		die("up state service=%s from=%s to=%s", v->def->name,
		    service_names[v->state], service_names[next]);
	log_info("up set-state service=%s from=%s to=%s why=%s", v->def->name,
	    service_names[v->state], service_names[next], log_val(why));
	v->state = next;
	supervise_publish(v->sup);
}

static void
service_read_err(struct service *v)
{
	char buf[SUPERVISE_READ];
	ssize_t n = read(v->err_fd, buf, sizeof(buf));

	if (n > 0) {
		svclog_write(v->log, buf, (size_t)n);
		return;
	}
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	watch_free(v->watch);
	(void)close(v->err_fd);
	v->watch = NULL;
	v->err_fd = -1;
}

static void
service_on_err(int fd, int what, void *arg)
{
	(void)fd;
	(void)what;
	service_read_err(arg);
}

/* What is still in the pipe; a grandchild may hold its other end open. */
static void
service_close_err(struct service *v)
{
	for (int i = 0; i < 64 && v->err_fd != -1; i++) {
		char buf[SUPERVISE_READ];
		ssize_t n = read(v->err_fd, buf, sizeof(buf));

		if (n <= 0)
			break;
		svclog_write(v->log, buf, (size_t)n);
	}
	watch_free(v->watch);
	v->watch = NULL;
	if (v->err_fd != -1)
		(void)close(v->err_fd);
	v->err_fd = -1;
}

static void
service_pause(struct service *v, const char *why)
{
	service_set_state(v, SERVICE_PAUSED, why);
	timer_set(v->timer, v->pause_ms);
	v->pause_ms = v->pause_ms * 2 > SUPERVISE_PAUSE_MAX_MS
	    ? SUPERVISE_PAUSE_MAX_MS
	    : v->pause_ms * 2;
}

/* Who started all of it still waits, and should hear why. */
static bool
service_is_hopeless(const struct service *v)
{
	return !v->sup->told_ready && v->state == SERVICE_STARTING &&
	    clock_mono_ms() - v->first_ms > SUPERVISE_TRIES_MS;
}

static void
service_on_exit(const struct child_exit *x, void *arg)
{
	struct service *v = arg;
	int64_t lived = clock_mono_ms() - v->started_ms;
	char why[64];

	if (WIFEXITED(x->status))
		(void)snprintf(
		    why, sizeof(why), "exit %d", WEXITSTATUS(x->status));
	else
		(void)snprintf(why, sizeof(why), "killed by signal %d",
		    WTERMSIG(x->status));
	service_close_err(v);
	v->child = NULL;
	timer_cancel(v->timer);
	if (v->sup->stopping) {
		service_set_state(v, SERVICE_DOWN, why);
		supervise_advance(v->sup);
		return;
	}
	log_warn("up exited service=%s pid=%d why=%s lived_ms=%lld",
	    v->def->name, (int)v->pid, log_val(why), (long long)lived);
	v->quick = lived < SUPERVISE_QUICK_MS ? v->quick + 1 : 0;
	if (lived > SUPERVISE_SETTLED_MS)
		v->pause_ms = SUPERVISE_PAUSE_MIN_MS;
	if (v->quick >= SUPERVISE_QUICK_MAX || service_is_hopeless(v)) {
		service_set_state(v, SERVICE_PAUSED, "it does not stay up");
		supervise_fail(v->sup, v, why);
		return;
	}
	v->restarts++;
	service_pause(v, why);
}

/* The address of the last start must not pass for this one's.  The file stays:
 * it is the server's, which cannot make one in this folder. */
static void
service_clear(const struct service *v)
{
	AUTO_FREE char *addr = NULL;

	if (v->def->probe != PROBE_HTTP)
		return;
	addr = path_join(v->sup->spec.home, "run/cofferd.addr");
	/* The folder is not cofferd's, so the file stays. */
	if (truncate(addr, 0) == -1 && errno != ENOENT)
		log_warn("up clear file=%s why=%s", addr, strerror(errno));
}

static void
service_start(struct service *v)
{
	const struct child_spec spec = {
		.argv = v->def->argv,
		.envp = v->sup->spec.envp,
		.in = CHILD_NULL,
		.out = CHILD_NULL,
		.err = CHILD_PIPE,
		.on_exit = service_on_exit,
		.arg = v,
	};
	struct err e = ERR_INIT;

	service_clear(v);
	v->started_ms = clock_mono_ms();
	if (v->first_ms == 0)
		v->first_ms = v->started_ms;
	if (child_start(v->sup->spec.loop, &spec, &v->child, &e) == -1) {
		v->child = NULL;
		svclog_write(v->log, e.msg, strlen(e.msg));
		svclog_write(v->log, "\n", 1);
		if (++v->quick >= SUPERVISE_QUICK_MAX)
			supervise_fail(v->sup, v, e.msg);
		else
			service_pause(v, e.msg);
		return;
	}
	v->pid = child_pid(v->child);
	v->start = svcstate_start_of(v->pid);
	v->err_fd = child_take_err(v->child);
	v->watch = watch_new(v->sup->spec.loop, v->err_fd, service_on_err, v);
	watch_set(v->watch, WATCH_READ);
	service_set_state(v, SERVICE_STARTING, "start");
	timer_set(v->timer, SUPERVISE_PROBE_MS);
}

static void
service_on_probe(bool ready, void *arg)
{
	struct service *v = arg;

	v->probing = false;
	if (v->sup->stopping) {
		supervise_advance(v->sup);
		return;
	}
	if (v->state != SERVICE_STARTING)
		return;
	if (ready) {
		timer_cancel(v->timer);
		service_set_state(v, SERVICE_READY, "answers");
		supervise_advance(v->sup);
		return;
	}
	if (clock_mono_ms() - v->started_ms > SUPERVISE_READY_MS) {
		supervise_fail(v->sup, v, "it does not answer after 60 s");
		return;
	}
	timer_set(v->timer, SUPERVISE_PROBE_MS);
}

static void
service_on_timer(void *arg)
{
	struct service *v = arg;
	const struct supervise_spec *spec = &v->sup->spec;

	switch (v->state) {
	case SERVICE_PAUSED:
		if (!v->sup->stopping)
			service_start(v);
		return;
	case SERVICE_STARTING:
		if (v->probing)
			return;
		v->probing = true;
		probe_start(&(struct probe_spec){ .kind = v->def->probe,
		    .loop = spec->loop,
		    .net = spec->net,
		    .home = spec->home,
		    .fn = service_on_probe,
		    .arg = v });
		return;
	case SERVICE_STOPPING:
		log_warn("up kill service=%s pid=%d why=grace-over",
		    v->def->name, (int)v->pid);
		child_kill(v->child, SIGKILL);
		return;
	case SERVICE_WAITING:
	case SERVICE_READY:
	case SERVICE_DOWN:
		return;
	}
}

static void
supervise_end(void *arg)
{
	struct supervisor *s = arg;

	s->ended = true;
	s->spec.on_end(s->why, s->spec.arg);
}

/* One step back: the last that is not down.  True when all are, and no probe
 * is under way that would call back. */
static bool
supervise_step_down(struct supervisor *s)
{
	bool probing = false;

	for (size_t i = 0; i < s->spec.n; i++)
		probing |= s->services[i].probing;
	for (size_t i = s->spec.n; i-- > 0;) {
		struct service *v = &s->services[i];

		if (v->state == SERVICE_DOWN)
			continue;
		if (v->state == SERVICE_STOPPING)
			return false;
		timer_cancel(v->timer);
		if (v->child == NULL) {
			service_set_state(v, SERVICE_DOWN, "stop");
			continue;
		}
		service_set_state(v, SERVICE_STOPPING, "stop");
		child_kill(v->child, SIGTERM);
		timer_set(v->timer, SUPERVISE_GRACE_MS);
		return false;
	}
	return !probing;
}

static void
supervise_advance(struct supervisor *s)
{
	if (s->pending)
		return;
	if (s->stopping) {
		if (supervise_step_down(s)) {
			s->pending = true;
			loop_defer(s->spec.loop, supervise_end, s);
		}
		return;
	}
	for (size_t i = 0; i < s->spec.n; i++) {
		struct service *v = &s->services[i];

		if (v->state == SERVICE_WAITING) {
			service_start(v);
			return;
		}
		if (v->state != SERVICE_READY)
			return;
	}
	if (!s->told_ready) {
		s->told_ready = true;
		s->spec.on_ready(s->spec.arg);
	}
}

static void
supervise_fail(struct supervisor *s, const struct service *v, const char *what)
{
	if (s->why == NULL)
		s->why = xasprintf("%s cannot be kept running: %s; the end of "
				   "%s/log/%s.log:\n%s",
		    v->def->name, what, s->spec.home, v->def->name,
		    svclog_tail(v->log));
	log_error("up give-up service=%s why=%s", v->def->name, log_val(what));
	s->stopping = true;
	loop_defer(s->spec.loop, supervise_on_advance, s);
}

static void
supervise_on_advance(void *arg)
{
	supervise_advance(arg);
}

struct supervisor *
supervise_start(const struct supervise_spec *spec, struct err *e)
{
	struct supervisor *s = xcalloc(1, sizeof(*s));

	if (spec->n > SVCSTATE_MAX)
		die("up too-many-services n=%zu", spec->n);
	s->spec = *spec;
	for (size_t i = 0; i < spec->n; i++) {
		struct service *v = &s->services[i];
		AUTO_FREE char *path = xasprintf(
		    "%s/log/%s.log", spec->home, spec->services[i].name);

		v->sup = s;
		v->def = &spec->services[i];
		v->err_fd = -1;
		v->pause_ms = SUPERVISE_PAUSE_MIN_MS;
		v->timer = timer_new(spec->loop, service_on_timer, v);
		if ((v->log = svclog_open(path, SVCLOG_MAX, e)) == NULL) {
			supervise_free(s);
			return NULL;
		}
	}
	supervise_advance(s);
	return s;
}

void
supervise_stop(struct supervisor *s)
{
	if (s->ended || s->pending)
		return;
	if (!s->stopping) {
		s->stopping = true;
		supervise_advance(s);
		return;
	}
	for (size_t i = 0; i < s->spec.n; i++)
		if (s->services[i].child != NULL)
			child_kill(s->services[i].child, SIGKILL);
}

void
supervise_free(struct supervisor *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->spec.n; i++) {
		timer_free(s->services[i].timer);
		svclog_close(s->services[i].log);
	}
	free(s->why);
	free(s);
}
