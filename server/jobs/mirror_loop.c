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
#include "server/jobs/mirror_host.h"
#include "server/jobs/mirror_polls.h"
#include "server/service/svc_mirror.h"
#include "server/service/svc_refs.h"
#include "server/store/db.h"
#include "server/store/projects.h"
#include "server/store/seed.h"
#include "server/store/users.h"

enum {
	MIRRORLOOP_AT_ONCE = 16,
	MIRRORLOOP_LOOK_MS = 60 * 1000, /* at least so often */
	MIRRORLOOP_SOON_MS = 20,
	MIRRORLOOP_PAGE = 500,
	MIRRORLOOP_RATE_SPREAD_MS = 10 * 1000,
	MIRRORLOOP_OWN_S = 5, /* after a failure of this machine, not upstream's
			       */
	MIRRORLOOP_SLOW_MS = 3 * 1000, /* then a job gives its place away */
	MIRRORLOOP_SLOW_TIMES = 4,     /* at_once: so many of those */
	MIRRORLOOP_CLOCK_MS = 5 * 1000 /* that the clock may be set back */
};

struct mirror_wait {
	TAILQ_ENTRY(mirror_wait) link;
	uint64_t handle;
	mirror_loop_done_fn *done;
	void *arg;
};
TAILQ_HEAD(mirror_waits, mirror_wait);

/* A project. */
struct mirror_entry {
	TAILQ_ENTRY(mirror_entry) link; /* of wanted */
	struct mirror_loop *l;
	struct mirror_host *host;
	int64_t project;
	int64_t next_at;
	bool paused;
	bool running;
	bool slow;        /* it runs beside those that count */
	int64_t began_at; /* monotonic */
	bool wanted;
	bool gone;                /* mirror_loop_forget, while it runs */
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
	struct mirror_polls *polls;
	struct mirror_hosts *hosts;
	struct map *entries;
	struct mirror_wanted wanted;
	unsigned running; /* and not slow */
	unsigned slow;
	uint64_t last_handle;
	int64_t actor; /* the user agentd */
	int64_t clock; /* of the wall before the monotonic one */
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
	l->polls = mirror_polls_new(spec->loop, spec->db);
	l->hosts = mirror_hosts_new(spec->per_host);
	l->entries = map_new();
	l->clock = clock_now_ms() - clock_mono_ms();
	TAILQ_INIT(&l->wanted);
	return l;
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
	x->host = mirror_host_get(l->hosts, "");
	TAILQ_INIT(&x->now);
	TAILQ_INIT(&x->next);
	(void)map_put_u64(l->entries, (uint64_t)project, x);
	return x;
}

static void
mirrorloop_set_host(struct mirror_entry *x, const char *upstream)
{
	char host[SVC_MIRROR_HOST_MAX + 1];

	svc_mirror_host(upstream, host);
	x->host = mirror_host_get(x->l->hosts, host);
}

static void
mirrorloop_load(struct mirror_loop *l, const struct project_turn *turn)
{
	struct mirror_entry *x = mirrorloop_entry(l, turn->id);

	mirrorloop_set_host(x, turn->upstream);
	x->next_at = turn->next_at;
	x->paused = turn->state == MIRROR_PAUSED;
	if (turn->kind == MIRROR_FAIL_RATE)
		mirror_host_wait(x->host, turn->next_at);
}

int
mirror_loop_start(struct mirror_loop *l, struct err *e)
{
	struct project_turn *v;
	struct user u;
	int64_t after = 0;
	size_t n = 0;
	int rc = 0;

	if (users_by_name(db_reader(l->spec.db), SEED_AGENTD, &u, e) == -1)
		return err_wrap(e, "mirror loop");
	l->actor = u.id;
	v = xcalloc(MIRRORLOOP_PAGE, sizeof(*v));
	do {
		rc = projects_schedule(
		    db_reader(l->spec.db), after, v, MIRRORLOOP_PAGE, &n, e);
		for (size_t i = 0; i < n; i++) {
			if (rc == 0)
				mirrorloop_load(l, &v[i]);
			after = v[i].id;
			free(v[i].upstream);
		}
	} while (rc == 0 && n == MIRRORLOOP_PAGE);
	free(v);
	if (rc == -1)
		return err_wrap(e, "mirror loop");
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
	mirror_hosts_free(l->hosts);
	timer_free(l->timer);
	mirror_polls_free(l->polls);
	free(l);
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
	struct mirror_entry *x = mirrorloop_entry(l, project);
	struct project p = { .id = 0 };
	struct err ignored = ERR_INIT;

	svc_mirror_unknow(l->spec.mirror, project);
	if (!x->running &&
	    projects_by_id(db_reader(l->spec.db), project, &p, &ignored) == 0) {
		mirrorloop_set_host(x, p.upstream);
		project_release(&p);
	}
	mirrorloop_want(x);
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
mirror_loop_stop(struct mirror_loop *l)
{
	struct err e = ERR_INIT;
	size_t cursor = 0;
	void *value;

	l->started = false;
	timer_cancel(l->timer);
	(void)err_set(&e, ERR_BUSY, "cofferd is stopping");
	while (map_next(l->entries, &cursor, NULL, &value)) {
		struct mirror_entry *x = value;

		mirrorloop_tell(&x->now, &e);
		mirrorloop_tell(&x->next, &e);
	}
}

static void
mirrorloop_drop(struct mirror_entry *x)
{
	(void)map_del_u64(x->l->entries, (uint64_t)x->project);
	mirrorloop_entry_free(x);
}

void
mirror_loop_forget(struct mirror_loop *l, int64_t project)
{
	struct mirror_entry *x = map_get_u64(l->entries, (uint64_t)project);

	svc_mirror_unknow(l->spec.mirror, project);
	svc_mirror_cancel(l->spec.mirror, project);
	if (x == NULL)
		return;
	if (x->wanted) {
		x->wanted = false;
		TAILQ_REMOVE(&l->wanted, x, link);
	}
	/* What runs ends by itself and finds no project. */
	x->gone = true;
	if (!x->running) {
		mirrorloop_tell(&x->next, NULL);
		mirrorloop_drop(x);
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
	if (x->slow)
		l->slow--;
	else
		l->running--;
	TAILQ_CONCAT(&told, &x->now, link);
	if (x->gone && !x->wanted) {
		TAILQ_CONCAT(&told, &x->next, link);
		mirrorloop_drop(x);
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
	jw_str(&w, "kind", mirror_fail_name(x->state.kind));
	jw_str(&w, "state", mirror_status_name(x->state.state));
	if (x->state.next_at != 0)
		jw_time(&w, "next_at", x->state.next_at);
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

/* When it is tried again, 0: when somebody says so. */
static int64_t
mirrorloop_again(const struct mirror_entry *x, const struct svc_mirror_end *end,
    int64_t interval_s)
{
	uint64_t roll = rnd_below(UINT32_MAX);

	switch (mirror_fail_policy(end->kind)) {
	case MIRROR_PAUSE:
		return 0;
	case MIRROR_WAIT:
		if (end->until > x->at)
			return end->until +
			    (int64_t)(roll % MIRRORLOOP_RATE_SPREAD_MS);
		break;
	case MIRROR_BACK_OFF:
	default:
		break;
	}
	/* Such as the lock of a fetch that outlived a killed cofferd. */
	if (end->kind == MIRROR_FAIL_INTERNAL && interval_s > MIRRORLOOP_OWN_S)
		interval_s = MIRRORLOOP_OWN_S;
	return mirror_plan_next(x->at, interval_s, x->state.failures, roll);
}

/* One notice for a failure that goes on, not one for each try. */
static void
mirrorloop_failed(struct mirror_entry *x, const struct svc_mirror_end *end)
{
	struct mirror_loop *l = x->l;
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;

	x->fail = *end->fail;
	log_warn("mirror failed project=%" PRId64 " kind=%s err=%s", x->project,
	    mirror_fail_name(end->kind), log_val(end->fail->msg));
	if (projects_by_id(db_reader(l->spec.db), x->project, &p, &e) == -1) {
		x->gone = true;
		mirrorloop_over(x);
		return;
	}
	free(x->state.last_error);
	x->at = clock_now_ms();
	x->actor = l->actor;
	x->state = p.mirror;
	x->state.kind = end->kind;
	x->state.attempt_at = x->at;
	x->state.failures = p.mirror.failures + 1;
	x->state.next_at = mirrorloop_again(x, end, p.settings.interval_s);
	x->state.state = x->state.next_at == 0 ? MIRROR_PAUSED : MIRROR_FAILED;
	x->tell = p.mirror.state != x->state.state ||
	    p.mirror.kind != end->kind;
	x->state.last_error = xstrdup(end->fail->msg);
	x->paused = x->state.next_at == 0;
	x->next_at = x->state.next_at;
	project_release(&p);
	x->writing = true;
	db_write(
	    l->spec.db, mirrorloop_failed_job, mirrorloop_on_failed_written, x);
}

static int
mirrorloop_polled_job(struct txn *t, void *arg, struct err *e)
{
	const struct mirror_entry *x = arg;

	return projects_set_polled(t, x->project, x->at, x->next_at, e);
}

static void
mirrorloop_on_synced(const struct svc_mirror_end *end, void *arg)
{
	struct mirror_entry *x = arg;

	x->at = clock_now_ms();
	mirror_host_end(x->host, end->kind, end->until, x->at);
	if (end->fail != NULL) {
		mirrorloop_failed(x, end);
		return;
	}
	x->fail = ERR_INIT;
	x->paused = false;
	x->next_at = end->next_at;
	if (end->changed > 0)
		log_info("mirror synced project=%" PRId64 " refs=%u changed=%u",
		    x->project, end->refs, end->changed);
	/* Who waits sees the new time in the project. */
	if (end->quiet && !TAILQ_EMPTY(&x->now)) {
		x->writing = true;
		db_write(x->l->spec.db, mirrorloop_polled_job,
		    mirrorloop_on_failed_written, x);
		return;
	}
	if (end->quiet)
		mirror_polls_add(x->l->polls, x->project, x->at, x->next_at);
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
mirrorloop_sync(struct mirror_entry *x)
{
	svc_mirror_sync(x->l->spec.mirror, x->project, !TAILQ_EMPTY(&x->now),
	    mirrorloop_on_synced, x);
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
	mirrorloop_sync(x);
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
	x->slow = false;
	x->began_at = clock_mono_ms();
	l->running++;
	mirror_host_begin(x->host);
	TAILQ_CONCAT(&x->now, &x->next, link);
	if (!fresh) {
		mirrorloop_sync(x);
		return;
	}
	x->writing = true;
	db_write(l->spec.db, mirrorloop_syncing_job, mirrorloop_on_syncing, x);
}

/* The host has asked for a pause: whoever waits is told so, not asked again. */
static bool
mirrorloop_refuse(struct mirror_entry *x, int64_t now)
{
	int64_t until = mirror_host_rate_until(x->host, now);
	struct mirror_waits told = TAILQ_HEAD_INITIALIZER(told);
	char when[CLOCK_TEXT_MAX];
	struct err e = ERR_INIT;

	if (until == 0)
		return false;
	(void)err_set(&e, ERR_LIMIT,
	    "upstream's host wants to be asked not before %s: %s",
	    clock_rfc3339(until, when), mirror_fail_advice(MIRROR_FAIL_RATE));
	TAILQ_CONCAT(&told, &x->next, link);
	x->paused = false;
	if (x->next_at < until)
		x->next_at = until;
	mirrorloop_tell(&told, &e);
	return true;
}

/* Those that somebody asked for, in order; one that runs waits its turn. */
static void
mirrorloop_run_wanted(struct mirror_loop *l, int64_t now)
{
	struct mirror_entry *x, *next;

	TAILQ_FOREACH_SAFE(x, &l->wanted, link, next)
	{
		bool late = mirror_host_rate_until(x->host, now) != 0;

		if (l->running >= l->spec.at_once)
			return;
		if (x->running ||
		    (!late && !mirror_host_may(x->host, true, now)))
			continue;
		x->wanted = false;
		TAILQ_REMOVE(&l->wanted, x, link);
		if (!mirrorloop_refuse(x, now))
			mirrorloop_run(x);
	}
}

/* The one that is due longest of those whose host may be asked; when there is
 * none, *next_at is when there will be. */
static struct mirror_entry *
mirrorloop_due(struct mirror_loop *l, int64_t now, int64_t *next_at)
{
	struct mirror_entry *found = NULL;
	size_t cursor = 0;
	void *value;

	*next_at = now + MIRRORLOOP_LOOK_MS;
	while (map_next(l->entries, &cursor, NULL, &value)) {
		struct mirror_entry *x = value;
		int64_t at = x->next_at;
		int64_t until = mirror_host_until(x->host, now);

		if (x->running || x->wanted || x->paused || x->gone || at == 0)
			continue;
		if (until > at)
			at = until;
		if (at > now) {
			if (at < *next_at)
				*next_at = at;
		} else if ((found == NULL || at < found->next_at) &&
		    mirror_host_may(x->host, false, now)) {
			found = x;
		}
	}
	return found;
}

/* A clock that is set back by an hour does not stop polls for an hour. */
static void
mirrorloop_clock(struct mirror_loop *l, int64_t now)
{
	int64_t clock = now - clock_mono_ms();
	int64_t back = l->clock - clock;
	size_t cursor = 0;
	void *value;

	if (back >= 0 && back < MIRRORLOOP_CLOCK_MS)
		return;
	l->clock = clock;
	if (back < 0)
		return;
	log_warn("mirror clock-set-back ms=%" PRId64, back);
	while (map_next(l->entries, &cursor, NULL, &value)) {
		struct mirror_entry *x = value;

		if (x->next_at > back)
			x->next_at -= back;
	}
	mirror_hosts_back(l->hosts, back);
}

/* Hosts that accept and never answer, more than at_once of them, do not keep
 * the others waiting. */
static void
mirrorloop_part(struct mirror_loop *l)
{
	int64_t now = clock_mono_ms();
	size_t cursor = 0;
	void *value;

	while (l->running >= l->spec.at_once &&
	    l->slow < l->spec.at_once * MIRRORLOOP_SLOW_TIMES &&
	    map_next(l->entries, &cursor, NULL, &value)) {
		struct mirror_entry *x = value;

		if (!x->running || x->slow ||
		    now - x->began_at < MIRRORLOOP_SLOW_MS)
			continue;
		x->slow = true;
		l->slow++;
		l->running--;
	}
}

static void
mirrorloop_look(void *arg)
{
	struct mirror_loop *l = arg;
	int64_t now = clock_now_ms(), next_at, wait;
	struct mirror_entry *x;

	mirrorloop_clock(l, now);
	mirrorloop_part(l);
	mirrorloop_run_wanted(l, now);
	while (l->running < l->spec.at_once) {
		x = mirrorloop_due(l, now, &next_at);
		if (x != NULL) {
			mirrorloop_run(x);
			continue;
		}
		wait = next_at - now;
		timer_set(l->timer,
		    wait < MIRRORLOOP_SOON_MS ? MIRRORLOOP_SOON_MS : wait);
		return;
	}
	/* An end of a job looks again, or one that goes on. */
	timer_set(l->timer, MIRRORLOOP_SLOW_MS / 3);
}
