#include "agentd/run/objcache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "agentd/run/reap.h"
#include "agentd/sandbox/objects.h"
#include "agentd/sandbox/sandbox.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"

enum {
	OBJCACHE_SOON_MS = 300,        /* several branches move at once */
	OBJCACHE_TURN_MS = 200,        /* one at a time in the background */
	OBJCACHE_SWEEP_MS = 60 * 1000, /* an old one waits for a run's end */
	OBJCACHE_LOOK_MS = 60 * 60 * 1000,
	OBJCACHE_RETRY_MIN_MS = 5000,
	OBJCACHE_RETRY_MAX_MS = 10 * 60 * 1000,
	OBJCACHE_WALL_MS = 60 * 60 * 1000,
	OBJCACHE_FREE_MIB = 512, /* less on the disk: nothing is begun */
	OBJCACHE_OUTPUT_MAX = 1 << 20
};

struct objcache_waiter {
	TAILQ_ENTRY(objcache_waiter) link;
	sandbox_done_fn *done;
	void *arg;
};

TAILQ_HEAD(objcache_waiters, objcache_waiter);

struct objcache {
	struct objcaches *all;
	int64_t id;
	struct timer *timer;
	struct shim_watch *watch;
	bool busy;    /* its container is on its way */
	bool again;   /* something changed meanwhile */
	bool renew;   /* the current one is no good */
	bool stopped; /* it was told to end */
	bool done_ok; /* how the last one ended, while it is removed */
	int64_t retry_ms;
	int64_t next_ms; /* after this one */
	int64_t due_ms;  /* monotonic, of the timer */
	struct objcache_waiters waiters;
};

struct objcaches {
	const struct sandbox_host *host;
	const struct driver *driver;
	struct projects *projects;
	struct sandboxes *sandboxes;
	struct map *by_id;
	bool open;
	unsigned busy;
	struct objcache_waiters ready; /* answered in the next turn */
	struct timer *turn;
};

static void
objcache_set(struct objcache *x, int64_t ms)
{
	x->due_ms = clock_mono_ms() + ms;
	timer_set(x->timer, ms);
}

static char *
objcache_dir(const struct objcache *x)
{
	return xasprintf(
	    "%s/sandboxes/%" PRId64 "/cache", x->all->host->home, x->id);
}

static bool
objcache_is_there(const struct objcache *x)
{
	AUTO_FREE char *dir = objects_dir(x->all->host, x->id);
	AUTO_FREE char *current = path_join(dir, "current");
	struct stat st;

	return lstat(current, &st) == 0;
}

/* It failed a moment ago: the next try comes by itself. */
static bool
objcache_pauses(const struct objcache *x)
{
	return x->retry_ms > OBJCACHE_RETRY_MIN_MS && !x->busy &&
	    timer_pending(x->timer);
}

static void
objcache_answer(struct objcache_waiters *list, const struct err *e)
{
	struct objcache_waiter *w;

	while ((w = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, w, link);
		w->done(e, w->arg);
		free(w);
	}
}

static void
objcache_free(struct objcache *x)
{
	struct objcache_waiter *w;

	while ((w = TAILQ_FIRST(&x->waiters)) != NULL) {
		TAILQ_REMOVE(&x->waiters, w, link);
		free(w);
	}
	shim_watch_close(x->watch);
	timer_free(x->timer);
	free(x);
}

/* The container is gone. */
static void
objcache_over(struct objcache *x, const struct err *e)
{
	struct objcaches *all = x->all;

	x->busy = false;
	all->busy--;
	if (e == NULL) {
		x->retry_ms = OBJCACHE_RETRY_MIN_MS;
		x->renew = false;
	} else if (x->stopped) {
		x->next_ms = OBJCACHE_LOOK_MS;
	} else {
		log_warn("objcache failed project=%" PRId64 " why=%s", x->id,
		    log_val(e->msg));
		x->next_ms = x->retry_ms;
		x->retry_ms *= 2;
		if (x->retry_ms > OBJCACHE_RETRY_MAX_MS)
			x->retry_ms = OBJCACHE_RETRY_MAX_MS;
	}
	if (x->again && e == NULL)
		x->next_ms = OBJCACHE_SOON_MS;
	x->again = false;
	objcache_set(x, x->next_ms);
	objcache_answer(&x->waiters, e);
	projects_release(all->projects, x->id);
}

/* Its record is of no use, and has a token in it. */
static void
objcache_on_removed(const struct err *fail, void *arg)
{
	struct objcache *x = arg;
	AUTO_FREE char *dir = objcache_dir(x);
	struct err e = ERR_INIT;

	if (fail == NULL && path_rmtree(dir, &e) == -1)
		fail = &e;
	if (fail != NULL)
		log_warn("objcache clean project=%" PRId64 " why=%s", x->id,
		    log_val(fail->msg));
	e = ERR_INIT;
	if (!x->done_ok)
		(void)err_set(&e, ERR_INTERNAL,
		    "the project's objects could not be fetched");
	objcache_over(x, x->done_ok ? NULL : &e);
}

static void
objcache_remove(struct objcache *x)
{
	AUTO_FREE char *dir = objcache_dir(x);
	char id[HOST_NAME_MAX];

	host_cache_id(x->all->host, x->id, id);
	x->all->driver->destroy(x->all->host, id, dir, objcache_on_removed, x);
}

/* What it said, for the log; the end of it tells the cause. */
static void
objcache_log(const struct objcache *x, const struct shim_exit *end)
{
	AUTO_FREE char *dir = objcache_dir(x);
	AUTO_FREE char *path = path_join(dir, "out.log");
	AUTO_STR struct str text = STR_INIT;
	struct view tail;
	struct err e = ERR_INIT;

	(void)path_read(path, OBJCACHE_OUTPUT_MAX, &text, &e);
	tail = view_trim(str_view(&text));
	if (tail.len > 300)
		tail = view_from(tail, tail.len - 300);
	log_warn("objcache end project=%" PRId64 " status=%d timed_out=%d "
		 "oom=%d lost=%d error=%s",
	    x->id, end->exit_code, end->timed_out, end->oom, end->lost,
	    log_val(end->error));
	if (tail.len > 0) {
		AUTO_FREE char *said = view_dup(tail);

		log_warn("objcache said project=%" PRId64 " text=%s", x->id,
		    log_val(said));
	}
}

static void
objcache_on_exit(const struct shim_exit *end, void *arg)
{
	struct objcache *x = arg;
	const bool left = end->exit_code == OBJCACHE_OLD_LEFT;

	x->watch = NULL;
	x->done_ok = !end->lost && !end->timed_out && !end->oom &&
	    !end->stopped && end->signal == 0 && end->error[0] == '\0' &&
	    (end->exit_code == 0 || left);
	x->next_ms = left ? OBJCACHE_SWEEP_MS : OBJCACHE_LOOK_MS;
	if (x->done_ok)
		log_info("objcache fresh project=%" PRId64 " ms=%lld old=%d",
		    x->id, (long long)(end->ended_at - end->started_at), left);
	else if (!x->stopped)
		objcache_log(x, end);
	objcache_remove(x);
}

static void
objcache_on_started(const struct err *fail, void *arg)
{
	struct objcache *x = arg;
	AUTO_FREE char *dir = objcache_dir(x);
	struct err e = ERR_INIT;
	const struct shim_watch_spec spec = {
		.dir = dir,
		.from = UINT64_MAX >> 1,
		.on_exit = objcache_on_exit,
		.arg = x,
	};

	if (fail == NULL) {
		x->watch = shim_watch_open(x->all->host->loop, &spec, &e);
		if (x->watch == NULL)
			fail = &e;
	}
	if (fail != NULL) {
		log_warn("objcache start project=%" PRId64 " why=%s", x->id,
		    log_val(fail->msg));
		objcache_remove(x);
		return;
	}
	if (x->stopped)
		(void)x->all->driver->kill(dir, true, &e);
}

static void
objcache_launch(
    struct objcache *x, const struct project *p, bool sweep, const char *dir)
{
	AUTO_FREE char *objects = objects_dir(x->all->host, x->id);
	AUTO_FREE char *url = xasprintf("http://coffer/%s.git", p->full_name);
	char id[HOST_NAME_MAX], netns[HOST_NAME_MAX];
	const struct spec_mount mounts[] = {
		{ .source = objects, .target = "/work/template" },
	};
	const struct spec_file files[] = {
		{ .path = "/etc/gitconfig",
		    .text = sandbox_gitconfig(x->all->sandboxes, x->id) },
	};
	const struct spec_pair env[] = {
		{ "COFFER_URL", url },
		{ "COFFER_SWEEP", sweep ? "1" : "" },
		{ "COFFER_ANEW", x->renew ? "1" : "" },
		{ "GIT_TERMINAL_PROMPT", "0" },
	};
	/* Somebody waits, or nobody does. */
	const char *const argv[] = { "/usr/bin/nice", "-n",
		TAILQ_EMPTY(&x->waiters) ? "15" : "0", "/bin/sh", "-euc",
		objcache_script, NULL };
	struct sandbox_spec spec = {
		.id = id,
		.mounts = mounts,
		.n_mounts = 1,
		.files = files,
		.n_files = 1,
		.env = env,
		.n_env = sizeof(env) / sizeof(env[0]),
		.argv = argv,
		.cwd = "/work/template",
		.hostname = "sandbox",
		.uid_base = host_project_uid_base(x->id),
		.runtime = sandbox_runtime(x->all->sandboxes, x->id),
		.limits = p->limits,
		.net = SPEC_NET_JOIN,
		.netns = netns,
	};

	host_cache_id(x->all->host, x->id, id);
	host_project_netns(x->all->host, x->id, netns);
	spec.limits.wall_ms = OBJCACHE_WALL_MS;
	spec.limits.output = OBJCACHE_OUTPUT_MAX;
	x->all->driver->start(x->all->host, &spec, dir, objcache_on_started, x);
}

static int
objcache_check_disk(const struct objcache *x, struct err *e)
{
	AUTO_FREE char *dir = objects_dir(x->all->host, x->id);
	struct statvfs v;

	if (objects_make(x->all->host, x->id, e) == -1)
		return -1;
	if (statvfs(dir, &v) == -1)
		return err_sys(e, ERR_IO, "%s", dir);
	if ((uint64_t)v.f_bavail * v.f_frsize >> 20 < OBJCACHE_FREE_MIB)
		return err_set(e, ERR_LIMIT,
		    "%s: less than %d MiB are free on its disk", dir,
		    OBJCACHE_FREE_MIB);
	return 0;
}

static void
objcache_start(struct objcache *x)
{
	struct objcaches *all = x->all;
	const struct project *p = projects_find(all->projects, x->id);
	const bool sweep = !projects_held(all->projects, x->id);
	AUTO_FREE char *dir = objcache_dir(x);
	struct err e = ERR_INIT;

	x->busy = true;
	x->again = x->stopped = x->done_ok = false;
	x->next_ms = OBJCACHE_LOOK_MS;
	all->busy++;
	projects_hold(all->projects, x->id);
	if (objcache_check_disk(x, &e) == -1 || path_rmtree(dir, &e) == -1) {
		objcache_over(x, &e);
		return;
	}
	objcache_launch(x, p, sweep, dir);
}

/* Nothing of it is to be done: it is gone, or its sandbox does not run. */
static bool
objcache_is_idle(struct objcache *x)
{
	struct objcaches *all = x->all;
	const struct project *p = projects_find(all->projects, x->id);
	struct err e = ERR_INIT;

	if (p != NULL && p->want == PROJECT_WANT_RUNNING &&
	    sandbox_state(all->sandboxes, x->id) == SANDBOX_RUNNING)
		return false;
	(void)err_set(&e, ERR_NOTFOUND, "the sandbox does not run");
	objcache_answer(&x->waiters, &e);
	if (p == NULL) {
		(void)map_del_u64(all->by_id, (uint64_t)x->id);
		objcache_free(x);
	}
	return true;
}

static void
objcache_on_time(void *arg)
{
	struct objcache *x = arg;

	if (!x->all->open || x->busy || objcache_is_idle(x))
		return;
	if (x->all->busy > 0 && TAILQ_EMPTY(&x->waiters))
		objcache_set(x, OBJCACHE_TURN_MS);
	else
		objcache_start(x);
}

static struct objcache *
objcaches_get(struct objcaches *c, int64_t project)
{
	struct objcache *x = map_get_u64(c->by_id, (uint64_t)project);

	if (x != NULL)
		return x;
	x = xcalloc(1, sizeof(*x));
	x->all = c;
	x->id = project;
	x->retry_ms = OBJCACHE_RETRY_MIN_MS;
	x->timer = timer_new(c->host->loop, objcache_on_time, x);
	TAILQ_INIT(&x->waiters);
	(void)map_put_u64(c->by_id, (uint64_t)project, x);
	return x;
}

/* Never later than what was asked for before; what fails keeps its pause. */
static void
objcache_soon(struct objcache *x, int64_t ms)
{
	if (x->busy)
		x->again = true;
	else if (!objcache_pauses(x) &&
	    (!timer_pending(x->timer) || x->due_ms > clock_mono_ms() + ms))
		objcache_set(x, ms);
}

void
objcaches_want(struct objcaches *c, int64_t project)
{
	if (project < 1 || projects_find(c->projects, project) == NULL)
		return;
	objcache_soon(objcaches_get(c, project), OBJCACHE_SOON_MS);
}

void
objcaches_renew(struct objcaches *c, int64_t project)
{
	struct objcache *x = objcaches_get(c, project);

	log_warn("objcache renew project=%" PRId64, project);
	x->renew = true;
	objcache_soon(x, OBJCACHE_SOON_MS);
}

static void
objcaches_on_turn(void *arg)
{
	struct objcaches *c = arg;

	objcache_answer(&c->ready, NULL);
}

void
objcaches_when_ready(
    struct objcaches *c, int64_t project, sandbox_done_fn *done, void *arg)
{
	struct objcache *x = objcaches_get(c, project);
	struct objcache_waiter *w = xcalloc(1, sizeof(*w));

	w->done = done;
	w->arg = arg;
	if (objcache_is_there(x) || objcache_pauses(x)) {
		TAILQ_INSERT_TAIL(&c->ready, w, link);
		timer_set(c->turn, 0);
		return;
	}
	TAILQ_INSERT_TAIL(&x->waiters, w, link);
	if (!x->busy)
		objcache_set(x, 0);
}

static void
objcaches_forget_in(struct objcache_waiters *list, const void *arg)
{
	struct objcache_waiter *w, *next;

	TAILQ_FOREACH_SAFE(w, list, link, next)
	{
		if (w->arg != arg)
			continue;
		TAILQ_REMOVE(list, w, link);
		free(w);
	}
}

void
objcaches_forget(struct objcaches *c, const void *arg)
{
	struct objcache *x;
	size_t cursor = 0;
	void *value;

	objcaches_forget_in(&c->ready, arg);
	while (map_next(c->by_id, &cursor, NULL, &value)) {
		x = value;
		objcaches_forget_in(&x->waiters, arg);
	}
}

void
objcaches_stop(struct objcaches *c, int64_t project)
{
	struct objcache *x = map_get_u64(c->by_id, (uint64_t)project);
	AUTO_FREE char *dir = NULL;
	struct err e = ERR_INIT;

	if (x == NULL || !x->busy || x->stopped)
		return;
	x->stopped = true;
	dir = objcache_dir(x);
	if (x->watch != NULL && c->driver->kill(dir, true, &e) == -1)
		log_warn("objcache stop project=%" PRId64 " why=%s", project,
		    log_val(e.msg));
}

static void
objcaches_name(const struct sandbox_host *h, int64_t id, const char *phase,
    char out[HOST_NAME_MAX])
{
	(void)phase;
	host_cache_id(h, id, out);
}

void
objcaches_adopt(struct objcaches *c, sandbox_done_fn *done, void *arg)
{
	static const char *const phases[] = { "cache", NULL };
	AUTO_FREE char *root = path_join(c->host->home, "sandboxes");
	const struct reap_spec spec = {
		.host = c->host,
		.driver = c->driver,
		.root = root,
		.phases = phases,
		.name = objcaches_name,
		.done = done,
		.arg = arg,
	};

	reap_start(&spec);
}

void
objcaches_open(struct objcaches *c)
{
	struct objcache *x;
	size_t cursor = 0;
	void *value;

	c->open = true;
	while (map_next(c->by_id, &cursor, NULL, &value)) {
		x = value;
		objcache_set(x, 0);
	}
}

struct objcaches *
objcaches_new(const struct sandbox_host *h, const struct driver *driver,
    struct projects *projects)
{
	struct objcaches *c = xcalloc(1, sizeof(*c));

	c->host = h;
	c->driver = driver;
	c->projects = projects;
	c->by_id = map_new();
	c->turn = timer_new(h->loop, objcaches_on_turn, c);
	TAILQ_INIT(&c->ready);
	return c;
}

void
objcaches_set_sandboxes(struct objcaches *c, struct sandboxes *m)
{
	c->sandboxes = m;
}

void
objcaches_free(struct objcaches *c)
{
	struct objcache_waiter *w;
	size_t cursor = 0;
	void *value;

	if (c == NULL)
		return;
	while (map_next(c->by_id, &cursor, NULL, &value))
		objcache_free(value);
	while ((w = TAILQ_FIRST(&c->ready)) != NULL) {
		TAILQ_REMOVE(&c->ready, w, link);
		free(w);
	}
	timer_free(c->turn);
	map_free(c->by_id);
	free(c);
}
