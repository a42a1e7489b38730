#include "server/jobs/hook_loop.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"
#include "server/git/git_pool.h"
#include "server/jobs/hook_priv.h"
#include "server/store/deliveries.h"
#include "server/store/events.h"
#include "server/store/projects.h"

enum {
	HOOKLOOP_EVENTS = 16,        /* read at once: they have texts */
	HOOKLOOP_IDLE_MS = 1000,     /* after which the cursor is written */
	HOOKLOOP_AGAIN_MS = 1000,    /* after a failure that may pass */
	HOOKLOOP_TRIES = 5,          /* of one event, in 150 s */
	HOOKLOOP_EXPIRE_MS = 3600000 /* how often what waits is looked at */
};

/* What is written, and what must know of it. */
struct hook_write {
	struct hook_loop *l;
	struct hook_batch *batch;
	struct hook_batch_end end;
};

/* The event that is worked on. */
struct hook_work {
	const struct event *ev;
	struct json *data;
	struct project project;
	struct hook_list hooks;
	struct hook_say says[HOOK_TYPES_MAX];
	size_t n;
};

enum hook_open {
	HOOK_OPEN_NOBODY, /* is told of it */
	HOOK_OPEN_TELLS,
	HOOK_OPEN_FAILED
};

struct hook_loop {
	struct hook_loop_spec spec;
	struct hook_send *send;
	struct timer *timer;
	struct timer *expire;
	int64_t cursor; /* read up to there */
	int64_t saved;  /* the one on disk, as far as is known */
	int64_t last;   /* the newest event */
	bool started, stopped;
	bool busy; /* a git call or a write runs */
	/* The hook that is read for, id 0: all that follow the cursor. */
	struct hook only;
	bool follows; /* whose turn it was: theirs */
	int64_t next; /* when one that is behind goes on, 0: none */
	struct event_list list;
	size_t i;
	struct hook_work work;
	struct hook_batch *batch;
};

static void hookloop_turn(void *arg);
static void hookloop_expire(void *arg);
static void hookloop_on_room(void *arg);

struct hook_loop *
hook_loop_new(const struct hook_loop_spec *spec)
{
	struct hook_loop *l = xcalloc(1, sizeof(*l));

	l->spec = *spec;
	l->send = hook_send_new(spec, hookloop_on_room, l);
	l->timer = timer_new(spec->svc->loop, hookloop_turn, l);
	l->expire = timer_new(spec->svc->loop, hookloop_expire, l);
	return l;
}

static void
hookloop_work_clear(struct hook_work *w)
{
	json_free(w->data);
	project_release(&w->project);
	hook_list_release(&w->hooks);
	*w = (struct hook_work){ .ev = NULL };
}

void
hook_loop_free(struct hook_loop *l)
{
	if (l == NULL)
		return;
	hook_send_free(l->send);
	hookloop_work_clear(&l->work);
	hook_batch_free(l->batch);
	hook_release(&l->only);
	event_list_release(&l->list);
	timer_free(l->timer);
	timer_free(l->expire);
	free(l);
}

void
hook_loop_stop(struct hook_loop *l)
{
	l->stopped = true;
	timer_cancel(l->timer);
	timer_cancel(l->expire);
	hook_send_stop(l->send);
}

void
hook_loop_start(struct hook_loop *l)
{
	struct err e = ERR_INIT;

	if (hooks_cursor(db_reader(l->spec.svc->db), &l->cursor, &e) == -1) {
		log_error("hook cursor err=%s", log_val(e.msg));
		return;
	}
	l->saved = l->cursor;
	l->started = true;
	timer_set(l->timer, 0);
	timer_set(l->expire, HOOKLOOP_AGAIN_MS);
	hook_send_pump(l->send);
}

void
hook_loop_on_commit(struct hook_loop *l, int64_t last_seq)
{
	if (last_seq <= l->last)
		return;
	l->last = last_seq;
	if (l->started && !l->stopped && !l->busy)
		timer_set(l->timer, 0);
}

void
hook_loop_wake(struct hook_loop *l)
{
	if (l->started && !l->stopped)
		hook_send_pump(l->send);
}

static int
hookloop_expire_job(struct txn *t, void *arg, struct err *e)
{
	const int64_t *now = arg;
	bool any;

	if (hooks_delete_orphans(t, e) == -1 ||
	    deliveries_expire(t, *now - HOOK_WAIT_MAX_AGE, *now, e) == -1)
		return -1;
	return hooks_behind_room(t, 0, *now, &any, e);
}

static void
hookloop_expired(const struct err *fail, void *arg)
{
	if (fail != NULL)
		log_error("hook expire err=%s", log_val(fail->msg));
	free(arg);
}

static void
hookloop_expire(void *arg)
{
	struct hook_loop *l = arg;
	int64_t *now = xmalloc(sizeof(*now));

	*now = l->spec.svc->now();
	db_write(l->spec.svc->db, hookloop_expire_job, hookloop_expired, now);
	timer_set(l->expire, HOOKLOOP_EXPIRE_MS);
}

static struct hook_batch *
hookloop_batch(struct hook_loop *l)
{
	if (l->batch == NULL)
		l->batch = hook_batch_new();
	return l->batch;
}

static int
hookloop_job(struct txn *t, void *arg, struct err *e)
{
	const struct hook_write *w = arg;

	return hook_batch_write(t, w->batch, e);
}

static void
hookloop_written(const struct err *fail, void *arg)
{
	struct hook_write *w = arg;
	struct hook_loop *l = w->l;
	bool all = w->end.only == 0;

	l->busy = false;
	if (fail != NULL) {
		/* Nothing is written: from what is on disk once more. */
		log_error("hook rows err=%s", log_val(fail->msg));
		if (all)
			l->cursor = l->saved;
	} else if (all || w->end.caught_up) {
		l->saved = w->end.until;
	}
	hook_batch_free(w->batch);
	free(w);
	if (l->stopped)
		return;
	timer_set(l->timer, fail != NULL ? HOOKLOOP_AGAIN_MS : 0);
	if (fail == NULL)
		hook_send_pump(l->send);
}

/* Takes the batch. */
static void
hookloop_write(struct hook_loop *l, int64_t until)
{
	struct hook_write *w = xcalloc(1, sizeof(*w));

	w->l = l;
	w->batch = hookloop_batch(l);
	w->end = (struct hook_batch_end){ .only = l->only.id,
		.behind = l->only.behind,
		.until = until,
		.caught_up = l->only.id != 0 && until >= l->cursor,
		.now = l->spec.svc->now() };
	hook_batch_set_end(w->batch, &w->end);
	l->batch = NULL;
	if (l->only.id == 0)
		l->cursor = until;
	l->busy = true;
	db_write(l->spec.svc->db, hookloop_job, hookloop_written, w);
}

static void
hookloop_fact(const struct event *ev, const struct json *d, struct hook_fact *f)
{
	*f = (struct hook_fact){ .kind = ev->kind,
		.is_pull = ev->is_pull,
		.ref = json_str_or(d, "ref", NULL),
		.old = json_str_or(d, "old", NULL),
		.now = json_str_or(d, "new", NULL),
		.verdict = json_str_or(d, "verdict", NULL),
		.cleared = json_bool_or(d, "cleared", false) };
}

/* Is the hook told that? */
static bool
hookloop_tells(const struct hook_work *w, const struct hook *h, size_t i)
{
	const char *ref = json_str_or(w->data, "ref", "");
	enum hook_type t = w->says[i].type;

	if (!hook_wants(h, t))
		return false;
	return (t != HOOK_PUSH && t != HOOK_CREATE && t != HOOK_DELETE) ||
	    hook_rule_branch(h->branch_filter, ref);
}

static bool
hookloop_anyone(const struct hook_work *w, size_t i)
{
	for (size_t k = 0; k < w->hooks.n; k++)
		if (hookloop_tells(w, &w->hooks.at[k], i))
			return true;
	return false;
}

/* One that is behind is not told what is too old: `deliveries` expire, too. */
static bool
hookloop_too_old(const struct hook_loop *l, const struct event *ev)
{
	return l->only.id != 0 &&
	    ev->at < l->spec.svc->now() - HOOK_WAIT_MAX_AGE;
}

/* Fills l->work for the event. */
static enum hook_open
hookloop_open(struct hook_loop *l, const struct event *ev)
{
	struct txn *t = db_reader(l->spec.svc->db);
	struct hook_work *w = &l->work;
	struct hook_say says[HOOK_TYPES_MAX];
	struct err e = ERR_INIT;
	struct hook_fact f = { .kind = ev->kind };
	size_t n;

	w->ev = ev;
	if (ev->project_id == 0 || hookloop_too_old(l, ev))
		return HOOK_OPEN_NOBODY;
	w->data = json_parse(view_of(ev->data), 0, &e);
	hookloop_fact(ev, w->data, &f);
	n = hook_rule_says(&f, says);
	if (n == 0)
		return HOOK_OPEN_NOBODY;
	if (hooks_for_event(
		t, ev->project_id, ev->seq, l->only.id, &w->hooks, &e) == -1)
		goto fail;
	for (size_t i = 0; i < n; i++) {
		w->says[w->n] = says[i];
		if (hookloop_anyone(w, w->n))
			w->n++;
	}
	if (w->n == 0)
		return HOOK_OPEN_NOBODY;
	if (projects_by_id(t, ev->project_id, &w->project, &e) == 0)
		return HOOK_OPEN_TELLS;
	if (e.code == ERR_NOTFOUND)
		return HOOK_OPEN_NOBODY;
fail:
	log_error("hook event=%" PRId64 " err=%s", ev->seq, log_val(e.msg));
	return HOOK_OPEN_FAILED;
}

/* The hooks that are told says[i], or with i = w->n anything; owned. */
static int64_t *
hookloop_ids(const struct hook_work *w, size_t i, size_t *n)
{
	int64_t *ids = xcalloc(w->hooks.n + 1, sizeof(*ids));

	*n = 0;
	for (size_t k = 0; k < w->hooks.n; k++) {
		const struct hook *h = &w->hooks.at[k];
		bool tells = false;

		for (size_t j = 0; j < w->n; j++)
			tells = tells ||
			    ((i == j || i == w->n) && hookloop_tells(w, h, j));
		if (tells)
			ids[(*n)++] = h->id;
	}
	return ids;
}

/* How often the event could not be told already. */
static int64_t
hookloop_tries(const struct hook_loop *l)
{
	return l->work.ev->seq == l->only.behind ? l->only.behind_tries : 0;
}

/* The event is told later; those whom it does not concern go on. */
static void
hookloop_late(struct hook_loop *l)
{
	AUTO_FREE int64_t *ids = NULL;
	size_t n;

	ids = hookloop_ids(&l->work, l->work.n, &n);
	hook_batch_late(
	    hookloop_batch(l), l->work.ev->seq, hookloop_tries(l), ids, n);
}

/* 1 a payload, 0 there is nothing to tell, -1. */
static int
hookloop_payload(
    struct hook_loop *l, const struct hook_payload *p, struct str *text)
{
	struct err e = ERR_INIT;

	if (l->spec.payload(db_reader(l->spec.svc->db), p, text, &e) == 0)
		return 1;
	if (e.code == ERR_NOTFOUND) {
		log_info("hook skips event=%" PRId64 " reason=%s",
		    p->event->seq, log_val(e.msg));
		return 0;
	}
	log_error("hook payload event=%" PRId64 " err=%s", p->event->seq,
	    log_val(e.msg));
	return e.code == ERR_LIMIT || hookloop_tries(l) >= HOOKLOOP_TRIES ? 0
									  : -1;
}

/* The rows of the event that is open: all of them, or it is told later. */
static void
hookloop_make(struct hook_loop *l, const struct json *git)
{
	const struct hook_work *w = &l->work;
	struct hook_payload p[HOOK_TYPES_MAX];
	struct str texts[HOOK_TYPES_MAX] = { STR_INIT };
	int rc[HOOK_TYPES_MAX] = { 0 };
	bool late = false;

	for (size_t i = 0; i < w->n && !late; i++) {
		p[i] = (struct hook_payload){ .url = l->spec.svc->public_url,
			.event = w->ev,
			.data = w->data,
			.say = &w->says[i],
			.project = &w->project,
			.git = svc_hook_needs_git(w->says[i].type) ? git
								   : NULL };
		texts[i] = STR_INIT;
		rc[i] = hookloop_payload(l, &p[i], &texts[i]);
		late = rc[i] == -1;
	}
	for (size_t i = 0; i < w->n && !late; i++) {
		AUTO_FREE int64_t *ids = NULL;
		size_t n;

		ids = hookloop_ids(w, i, &n);
		if (rc[i] == 1)
			hook_batch_tell(hookloop_batch(l), &p[i],
			    str_steal(&texts[i]), ids, n);
	}
	for (size_t i = 0; i < w->n; i++)
		str_release(&texts[i]);
	if (late)
		hookloop_late(l);
}

static void hookloop_step(struct hook_loop *l);

static void
hookloop_on_git(const struct git_result *r, void *arg)
{
	struct hook_loop *l = arg;
	bool late;

	if (l->stopped)
		return;
	late = r->fail != NULL && r->fail->code != ERR_NOTFOUND &&
	    hookloop_tries(l) < HOOKLOOP_TRIES;
	if (r->fail != NULL)
		log_warn("hook git event=%" PRId64 " reason=%s",
		    l->work.ev->seq, log_val(r->fail->msg));
	l->busy = false;
	if (late)
		hookloop_late(l);
	else
		hookloop_make(l, r->fail == NULL ? r->j : NULL);
	hookloop_work_clear(&l->work);
	l->i++;
	hookloop_step(l);
}

/* What a branch had before, or what the default branch has: told already. */
static void
hookloop_hide(const struct hook_work *w, const char *hide[2])
{
	const char *old = json_str_or(w->data, "old", SHA_ZERO);
	const char *ref = json_str_or(w->data, "ref", "");
	const char *main_branch = w->project.default_branch;

	hide[0] = hide[1] = NULL;
	if (strcmp(old, SHA_ZERO) != 0)
		hide[0] = old;
	else if (main_branch[0] != '\0' &&
	    (strncmp(ref, "refs/heads/", 11) != 0 ||
		strcmp(ref + 11, main_branch) != 0))
		hide[0] = main_branch;
}

/* True: a call runs. */
static bool
hookloop_ask_git(struct hook_loop *l)
{
	const struct hook_work *w = &l->work;
	const char *hide[2] = { NULL, NULL };
	uint32_t limit = 0;
	const char *rev;
	bool needs = false;

	for (size_t i = 0; i < w->n; i++)
		needs = needs || svc_hook_needs_git(w->says[i].type);
	rev = json_str_or(w->data, "sha", NULL);
	if (strcmp(w->ev->kind, "branch.updated") == 0) {
		const char *ref = json_str_or(w->data, "ref", "");

		rev = json_str_or(w->data, "new", NULL);
		if (strncmp(ref, "refs/heads/", 11) == 0)
			limit = HOOK_COMMITS_MAX;
		hookloop_hide(w, hide);
	} else {
		hide[0] = rev;
	}
	if (limit == 0)
		hide[0] = rev; /* a tag or a verdict brings no commit */
	if (!needs || rev == NULL || strcmp(rev, SHA_ZERO) == 0)
		return false;
	l->busy = true;
	gitpool_pushed(l->spec.svc->git, w->project.id, rev, hide, limit,
	    hookloop_on_git, l);
	return true;
}

static void
hookloop_created(struct hook_loop *l, const struct event *ev)
{
	if (l->only.id == 0 && strcmp(ev->kind, "project.created") == 0)
		hook_batch_created(hookloop_batch(l), ev->project_id);
}

static bool
hookloop_due(const struct hook_loop *l)
{
	return l->batch != NULL && hook_batch_full(l->batch);
}

/* What was read was worked on, up to `until`. */
static void
hookloop_read(struct hook_loop *l, int64_t until, bool failed)
{
	event_list_release(&l->list);
	if (l->batch != NULL || l->only.id != 0) {
		hookloop_write(l, until);
	} else {
		l->cursor = until;
		timer_set(l->timer,
		    failed                    ? HOOKLOOP_AGAIN_MS
			: l->cursor < l->last ? 0
					      : HOOKLOOP_IDLE_MS);
	}
}

/* One event after the other, until one needs git or a write is due. */
static void
hookloop_step(struct hook_loop *l)
{
	int64_t until = l->list.last;
	bool failed = false;

	while (l->i < l->list.n && !failed && !hookloop_due(l)) {
		const struct event *ev = &l->list.at[l->i];
		enum hook_open open = hookloop_open(l, ev);

		failed = open == HOOK_OPEN_FAILED;
		if (open == HOOK_OPEN_TELLS) {
			if (hookloop_ask_git(l))
				return;
			hookloop_make(l, NULL);
		}
		if (failed && l->only.id != 0)
			hook_batch_late(hookloop_batch(l), ev->seq,
			    hookloop_tries(l), &l->only.id, 1);
		hookloop_work_clear(&l->work);
		if (failed)
			break;
		hookloop_created(l, ev);
		l->i++;
	}
	if (l->i < l->list.n)
		until = l->list.at[l->i].seq - 1;
	hookloop_read(l, until, failed);
}

/* Nobody reads: the stream is passed by. */
static bool
hookloop_nobody(struct hook_loop *l, struct err *e)
{
	bool any = false;

	if (hooks_any(db_reader(l->spec.svc->db), &any, e) == -1)
		return false;
	if (any)
		return false;
	if (l->last > l->cursor)
		l->cursor = l->saved = l->last;
	return true;
}

/* No further than those who are not behind: with them it goes on. */
static void
hookloop_trim(struct event_list *list, int64_t cursor)
{
	while (list->n > 0 && list->at[list->n - 1].seq > cursor)
		event_release(&list->at[--list->n]);
	if (!list->more || list->last > cursor)
		list->last = cursor;
}

/* Events for the one that is behind, or all that follow: 1 there are some, or
 * a write runs; 0 none; -1. */
static int
hookloop_begin(struct hook_loop *l, bool follows, struct err *e)
{
	struct txn *t = db_reader(l->spec.svc->db);
	struct event_filter f = { .limit = HOOKLOOP_EVENTS };

	hook_release(&l->only);
	l->only = (struct hook){ .id = 0 };
	f.after = l->cursor;
	if (!follows) {
		if (hooks_behind_next(t, &l->only, &l->next, e) == -1)
			return -1;
		if (l->next == 0 || l->next > l->spec.svc->now()) {
			hook_release(&l->only);
			l->only = (struct hook){ .id = 0 };
			return 0;
		}
		f.after = l->only.behind - 1;
		f.project_id = l->only.project_id;
	}
	if (events_list(t, &f, &l->list, e) == -1)
		return -1;
	if (!follows)
		hookloop_trim(&l->list, l->cursor);
	l->i = 0;
	if (follows && l->list.n == 0)
		return 0;
	hookloop_step(l);
	return 1;
}

/* Nothing to tell: how far it got, or until one that is behind goes on. */
static void
hookloop_idle(struct hook_loop *l)
{
	int64_t ms = l->next - l->spec.svc->now();

	if (l->saved < l->cursor)
		hookloop_write(l, l->cursor);
	else if (l->next != 0)
		timer_set(l->timer, ms > 0 ? ms : 1);
}

/* Those who follow and those who are behind take turns. */
static void
hookloop_turn(void *arg)
{
	struct hook_loop *l = arg;
	struct err e = ERR_INIT;
	int rc;

	if (l->busy || l->stopped || hookloop_nobody(l, &e))
		return;
	l->follows = !l->follows;
	rc = e.code != ERR_NONE ? -1 : hookloop_begin(l, l->follows, &e);
	if (rc == 0)
		rc = hookloop_begin(l, !l->follows, &e);
	if (rc == 0)
		hookloop_idle(l);
	if (rc != -1)
		return;
	log_error("hook events err=%s", log_val(e.msg));
	timer_set(l->timer, HOOKLOOP_AGAIN_MS);
}

static void
hookloop_on_room(void *arg)
{
	struct hook_loop *l = arg;

	if (l->started && !l->stopped && !l->busy)
		timer_set(l->timer, 0);
}
