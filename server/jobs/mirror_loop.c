#include "server/jobs/mirror_loop.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"
#include "server/domain/mirror_plan.h"
#include "server/service/svc_mirror.h"
#include "server/service/svc_refs.h"
#include "server/store/db.h"
#include "server/store/projects.h"
#include "server/store/seed.h"
#include "server/store/users.h"

enum {
	MIRRORLOOP_AT_ONCE = 4,
	MIRRORLOOP_DUE_MAX = 64,
	MIRRORLOOP_LOOK_MS = 60 * 1000, /* at least so often */
	MIRRORLOOP_SOON_MS = 20
};

struct mirror_wait {
	TAILQ_ENTRY(mirror_wait) link;
	uint64_t handle;
	mirror_loop_done_fn *done;
	void *arg;
};
TAILQ_HEAD(mirror_waits, mirror_wait);

/* A project that is wanted or running. */
struct mirror_entry {
	TAILQ_ENTRY(mirror_entry) link; /* of wanted */
	struct mirror_loop *l;
	int64_t project;
	bool running;
	bool wanted;
	struct mirror_waits now;  /* for the job that runs */
	struct mirror_waits next; /* for the one after */
	struct err fail;          /* of the job, while its state is written */
	struct mirror_state state;
	bool tell; /* the failure is news */
	int64_t at;
	int64_t actor;
	bool writing; /* the database has it */
	bool closed;  /* mirror_loop_free came meanwhile */
};
TAILQ_HEAD(mirror_wanted, mirror_entry);

struct mirror_loop {
	struct mirror_loop_spec spec;
	struct timer *timer;
	struct map *entries;
	struct mirror_wanted wanted;
	unsigned running;
	uint64_t last_handle;
	int64_t actor; /* the user agentd */
	bool started;
};

static void mirrorloop_look(void *arg);

struct mirror_loop *
mirror_loop_new(const struct mirror_loop_spec *spec)
{
	struct mirror_loop *l = xcalloc(1, sizeof(*l));

	l->spec = *spec;
	if (l->spec.at_once == 0)
		l->spec.at_once = MIRRORLOOP_AT_ONCE;
	l->timer = timer_new(spec->loop, mirrorloop_look, l);
	l->entries = map_new();
	TAILQ_INIT(&l->wanted);
	return l;
}

int
mirror_loop_start(struct mirror_loop *l, struct err *e)
{
	struct user u;

	if (users_by_name(db_reader(l->spec.db), SEED_AGENTD, &u, e) == -1)
		return err_wrap(e, "mirror loop");
	l->actor = u.id;
	l->started = true;
	timer_set(l->timer, MIRRORLOOP_SOON_MS);
	return 0;
}

static void
mirrorloop_soon(struct mirror_loop *l)
{
	if (l->started)
		timer_set(l->timer, MIRRORLOOP_SOON_MS);
}

static void
mirrorloop_drop_waits(struct mirror_waits *w)
{
	struct mirror_wait *x;

	while ((x = TAILQ_FIRST(w)) != NULL) {
		TAILQ_REMOVE(w, x, link);
		free(x);
	}
}

static void
mirrorloop_entry_free(struct mirror_entry *x)
{
	mirrorloop_drop_waits(&x->now);
	mirrorloop_drop_waits(&x->next);
	/* The database answers yet; then it is freed. */
	x->closed = x->writing;
	if (x->writing)
		return;
	free(x->state.last_error);
	free(x);
}

/* A write is over.  False: so is the loop. */
static bool
mirrorloop_written(struct mirror_entry *x)
{
	x->writing = false;
	if (!x->closed)
		return true;
	free(x->state.last_error);
	free(x);
	return false;
}

void
mirror_loop_free(struct mirror_loop *l)
{
	size_t cursor = 0;
	void *value;

	if (l == NULL)
		return;
	while (map_next(l->entries, &cursor, NULL, &value))
		mirrorloop_entry_free(value);
	map_free(l->entries);
	timer_free(l->timer);
	free(l);
}

static struct mirror_entry *
mirrorloop_entry(struct mirror_loop *l, int64_t project)
{
	struct mirror_entry *x = map_get_u64(l->entries, (uint64_t)project);

	if (x != NULL)
		return x;
	x = xcalloc(1, sizeof(*x));
	x->l = l;
	x->project = project;
	TAILQ_INIT(&x->now);
	TAILQ_INIT(&x->next);
	(void)map_put_u64(l->entries, (uint64_t)project, x);
	return x;
}

static void
mirrorloop_want(struct mirror_entry *x)
{
	if (x->wanted)
		return;
	x->wanted = true;
	TAILQ_INSERT_TAIL(&x->l->wanted, x, link);
	mirrorloop_soon(x->l);
}

uint64_t
mirror_loop_sync_now(struct mirror_loop *l, int64_t project,
    mirror_loop_done_fn *done, void *arg)
{
	struct mirror_entry *x = mirrorloop_entry(l, project);
	struct mirror_wait *w;

	mirrorloop_want(x);
	if (done == NULL)
		return 0;
	w = xcalloc(1, sizeof(*w));
	w->handle = ++l->last_handle;
	w->done = done;
	w->arg = arg;
	TAILQ_INSERT_TAIL(&x->next, w, link);
	return w->handle;
}

void
mirror_loop_wake(struct mirror_loop *l, int64_t project)
{
	mirrorloop_want(mirrorloop_entry(l, project));
}

static bool
mirrorloop_cancel(struct mirror_waits *list, uint64_t handle)
{
	struct mirror_wait *w;

	TAILQ_FOREACH(w, list, link)
	{
		/* cppcheck-suppress uninitvar */
		if (w->handle != handle)
			continue;
		TAILQ_REMOVE(list, w, link);
		free(w);
		return true;
	}
	return false;
}

void
mirror_loop_cancel_wait(struct mirror_loop *l, uint64_t handle)
{
	size_t cursor = 0;
	void *value;

	while (map_next(l->entries, &cursor, NULL, &value)) {
		struct mirror_entry *x = value;

		if (mirrorloop_cancel(&x->now, handle) ||
		    mirrorloop_cancel(&x->next, handle))
			return;
	}
}

static void
mirrorloop_tell(struct mirror_waits *list, const struct err *fail)
{
	struct mirror_wait *w;

	while ((w = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, w, link);
		w->done(fail, w->arg);
		free(w);
	}
}

void
mirror_loop_forget(struct mirror_loop *l, int64_t project)
{
	struct mirror_entry *x = map_get_u64(l->entries, (uint64_t)project);

	/* What runs ends by itself and finds no project. */
	if (x != NULL && x->wanted) {
		x->wanted = false;
		TAILQ_REMOVE(&l->wanted, x, link);
	}
}

/* The job and its rows are over: who waited is told. */
static void
mirrorloop_over(struct mirror_entry *x)
{
	struct mirror_loop *l = x->l;
	struct mirror_waits told = TAILQ_HEAD_INITIALIZER(told);
	struct err fail = x->fail;

	x->running = false;
	l->running--;
	TAILQ_CONCAT(&told, &x->now, link);
	if (!x->wanted) {
		(void)map_del_u64(l->entries, (uint64_t)x->project);
		mirrorloop_entry_free(x);
	}
	mirrorloop_tell(&told, fail.code != ERR_NONE ? &fail : NULL);
	mirrorloop_soon(l);
}

static int
mirrorloop_failed_job(struct txn *t, void *arg, struct err *e)
{
	const struct mirror_entry *x = arg;
	const struct svc_refs who = {
		.project = x->project, .actor = x->actor, .now = x->at
	};
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	if (projects_set_mirror(t, x->project, &x->state, e) == -1)
		return -1;
	if (!x->tell)
		return 0;
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "error", x->state.last_error);
	jw_end(&w);
	return svc_refs_event(t, &who, "mirror.failed", str_cstr(&data), e);
}

static void
mirrorloop_on_failed_written(const struct err *fail, void *arg)
{
	struct mirror_entry *x = arg;

	if (!mirrorloop_written(x))
		return;
	if (fail != NULL && fail->code != ERR_NOTFOUND)
		log_error("mirror state-write project=%" PRId64 " err=%s",
		    x->project, log_val(fail->msg));
	mirrorloop_over(x);
}

/* One notice for a failure that goes on, not one for each try. */
static void
mirrorloop_failed(struct mirror_entry *x, const struct svc_mirror_end *end)
{
	struct mirror_loop *l = x->l;
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;
	enum mirror_status next = end->auth || end->permanent ? MIRROR_PAUSED
							      : MIRROR_FAILED;

	x->fail = *end->fail;
	log_warn("mirror failed project=%" PRId64 " err=%s", x->project,
	    log_val(end->fail->msg));
	if (projects_by_id(db_reader(l->spec.db), x->project, &p, &e) == -1) {
		mirrorloop_over(x);
		return;
	}
	free(x->state.last_error);
	x->at = clock_now_ms();
	x->actor = l->actor;
	x->state = p.mirror;
	x->state.state = next;
	x->state.failures = p.mirror.failures + 1;
	x->state.attempt_at = x->at;
	x->state.next_at = next == MIRROR_PAUSED
	    ? 0
	    : mirror_plan_next(x->at, p.settings.interval_s, x->state.failures,
		  rnd_below(UINT32_MAX));
	x->tell = p.mirror.state != next || p.mirror.last_error == NULL ||
	    strcmp(p.mirror.last_error, end->fail->msg) != 0;
	x->state.last_error = xstrdup(end->fail->msg);
	project_release(&p);
	db_write(
	    l->spec.db, mirrorloop_failed_job, mirrorloop_on_failed_written, x);
}

static void
mirrorloop_on_synced(const struct svc_mirror_end *end, void *arg)
{
	struct mirror_entry *x = arg;

	if (end->fail != NULL) {
		mirrorloop_failed(x, end);
		return;
	}
	x->fail = ERR_INIT;
	if (end->changed > 0)
		log_info("mirror synced project=%" PRId64 " refs=%u changed=%u",
		    x->project, end->refs, end->changed);
	mirrorloop_over(x);
}

static int
mirrorloop_syncing_job(struct txn *t, void *arg, struct err *e)
{
	const struct mirror_entry *x = arg;

	/* Only the first one is shown as such: a poll is over in a blink. */
	if (projects_move_mirror(
		t, x->project, MIRROR_NEW, MIRROR_SYNCING, e) == -1 &&
	    e->code != ERR_BUSY)
		return -1;
	return 0;
}

static void
mirrorloop_on_syncing(const struct err *fail, void *arg)
{
	struct mirror_entry *x = arg;

	if (!mirrorloop_written(x))
		return;
	if (fail != NULL)
		log_warn("mirror state-write project=%" PRId64 " err=%s",
		    x->project, log_val(fail->msg));
	svc_mirror_sync(x->l->spec.mirror, x->project, mirrorloop_on_synced, x);
}

static void
mirrorloop_run(struct mirror_entry *x)
{
	struct mirror_loop *l = x->l;
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;
	bool fresh = false;

	if (projects_by_id(db_reader(l->spec.db), x->project, &p, &e) == 0) {
		fresh = p.mirror.state == MIRROR_NEW;
		project_release(&p);
	}
	x->running = true;
	l->running++;
	TAILQ_CONCAT(&x->now, &x->next, link);
	if (!fresh) {
		svc_mirror_sync(
		    l->spec.mirror, x->project, mirrorloop_on_synced, x);
		return;
	}
	x->writing = true;
	db_write(l->spec.db, mirrorloop_syncing_job, mirrorloop_on_syncing, x);
}

/* Those that somebody asked for, in order; one that runs waits its turn. */
static void
mirrorloop_run_wanted(struct mirror_loop *l)
{
	struct mirror_entry *x, *next;

	TAILQ_FOREACH_SAFE(x, &l->wanted, link, next)
	{
		if (l->running >= l->spec.at_once)
			return;
		if (x->running)
			continue;
		x->wanted = false;
		TAILQ_REMOVE(&l->wanted, x, link);
		mirrorloop_run(x);
	}
}

static void
mirrorloop_look(void *arg)
{
	struct mirror_loop *l = arg;
	int64_t ids[MIRRORLOOP_DUE_MAX], next_at = 0, wait;
	int64_t now = clock_now_ms();
	struct err e = ERR_INIT;
	size_t n = 0;

	mirrorloop_run_wanted(l);
	if (projects_due(db_reader(l->spec.db), now, ids, MIRRORLOOP_DUE_MAX,
		&n, &next_at, &e) == -1) {
		log_error("mirror due err=%s", log_val(e.msg));
		n = 0;
	}
	for (size_t i = 0; i < n && l->running < l->spec.at_once; i++)
		if (map_get_u64(l->entries, (uint64_t)ids[i]) == NULL)
			mirrorloop_run(mirrorloop_entry(l, ids[i]));
	/* An end of a job looks again at once. */
	wait = next_at > now ? next_at - now : MIRRORLOOP_LOOK_MS;
	if (wait > MIRRORLOOP_LOOK_MS)
		wait = MIRRORLOOP_LOOK_MS;
	if (wait < MIRRORLOOP_SOON_MS)
		wait = MIRRORLOOP_SOON_MS;
	timer_set(l->timer, wait);
}
