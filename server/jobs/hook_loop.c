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
	HOOKLOOP_EVENTS = 64,        /* read at once */
	HOOKLOOP_BYTES = 2 << 20,    /* of payloads written at once */
	HOOKLOOP_IDLE_MS = 1000,     /* after which the cursor is written */
	HOOKLOOP_AGAIN_MS = 1000,    /* after a failure that may pass */
	HOOKLOOP_TRIES = 5,          /* of git, for one event */
	HOOKLOOP_EXPIRE_MS = 3600000 /* how often what waits is looked at */
};

/* A payload and which hooks are told it. */
struct hook_row {
	struct hook_say say;
	int64_t project_id;
	char *payload;
	int64_t *hooks;
	size_t n;
};

/* What one transaction writes. */
struct hook_batch {
	struct hook_loop *l;
	struct hook_row *rows;
	size_t n, cap;
	size_t bytes;
	int64_t *created; /* projects whose default hooks are copied */
	size_t n_created;
	int64_t until; /* cursor afterwards */
	int64_t now;
};

/* The event that is worked on. */
struct hook_work {
	const struct event *ev;
	struct json *data;
	struct project project;
	struct hook_list hooks;
	struct hook_say says[HOOK_TYPES_MAX];
	size_t n;
	int tries;
};

struct hook_loop {
	struct hook_loop_spec spec;
	struct hook_send *send;
	struct timer *timer;
	struct timer *again; /* asks git once more */
	struct timer *expire;
	int64_t cursor; /* read up to there */
	int64_t saved;  /* the one on disk, as far as is known */
	int64_t last;   /* the newest event */
	bool started, stopped;
	bool busy; /* a git call or a write runs */
	struct event_list list;
	size_t i;
	struct hook_work work;
	struct hook_batch *batch;
};

static void hookloop_turn(void *arg);
static void hookloop_ask_again(void *arg);
static void hookloop_expire(void *arg);

struct hook_loop *
hook_loop_new(const struct hook_loop_spec *spec)
{
	struct hook_loop *l = xcalloc(1, sizeof(*l));

	l->spec = *spec;
	l->send = hook_send_new(spec);
	l->timer = timer_new(spec->svc->loop, hookloop_turn, l);
	l->again = timer_new(spec->svc->loop, hookloop_ask_again, l);
	l->expire = timer_new(spec->svc->loop, hookloop_expire, l);
	return l;
}

static void
hookloop_batch_free(struct hook_batch *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->n; i++) {
		free(b->rows[i].payload);
		free(b->rows[i].hooks);
	}
	free(b->rows);
	free(b->created);
	free(b);
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
	hookloop_batch_free(l->batch);
	event_list_release(&l->list);
	timer_free(l->timer);
	timer_free(l->again);
	timer_free(l->expire);
	free(l);
}

void
hook_loop_stop(struct hook_loop *l)
{
	l->stopped = true;
	timer_cancel(l->timer);
	timer_cancel(l->again);
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

	if (hooks_delete_orphans(t, e) == -1)
		return -1;
	return deliveries_expire(t, *now - HOOK_WAIT_MAX_AGE, *now, e);
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
	if (l->batch == NULL) {
		l->batch = xcalloc(1, sizeof(*l->batch));
		l->batch->l = l;
	}
	return l->batch;
}

static int
hookloop_write_row(struct txn *t, const struct hook_batch *b,
    const struct hook_row *r, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		char uuid[HOOK_UUID + 1];
		const struct delivery_new n = { .hook_id = r->hooks[i],
			.project_id = r->project_id,
			.uuid = uuid,
			.type = r->say.type,
			.action = r->say.action,
			.payload = r->payload,
			.now = b->now };

		svc_hook_uuid(uuid);
		if (deliveries_insert(t, &n, NULL, e) == -1 ||
		    hooks_wake(t, n.hook_id, b->now, false, e) == -1)
			return -1;
	}
	return 0;
}

static int
hookloop_job(struct txn *t, void *arg, struct err *e)
{
	const struct hook_batch *b = arg;

	for (size_t i = 0; i < b->n_created; i++)
		if (hooks_copy_defaults(
			t, b->created[i], b->now, b->until, e) == -1)
			return -1;
	for (size_t i = 0; i < b->n; i++)
		if (hookloop_write_row(t, b, &b->rows[i], e) == -1)
			return -1;
	FAIL_POINT(hook_made);
	return hooks_set_cursor(t, b->until, e);
}

static void
hookloop_written(const struct err *fail, void *arg)
{
	struct hook_batch *b = arg;
	struct hook_loop *l = b->l;

	l->busy = false;
	if (fail != NULL) {
		/* Nothing is written: from the cursor on disk once more. */
		log_error("hook rows err=%s", log_val(fail->msg));
		l->cursor = l->saved;
	} else {
		l->saved = b->until;
	}
	hookloop_batch_free(b);
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
	struct hook_batch *b = hookloop_batch(l);

	l->batch = NULL;
	b->until = until;
	b->now = l->spec.svc->now();
	l->cursor = until;
	l->busy = true;
	db_write(l->spec.svc->db, hookloop_job, hookloop_written, b);
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

/* Fills l->work for the event; false: nobody is told of it. */
static bool
hookloop_open(struct hook_loop *l, const struct event *ev)
{
	struct txn *t = db_reader(l->spec.svc->db);
	struct hook_work *w = &l->work;
	struct hook_say says[HOOK_TYPES_MAX];
	struct err e = ERR_INIT;
	struct hook_fact f = { .kind = ev->kind };
	size_t n;

	w->ev = ev;
	if (ev->project_id == 0)
		return false;
	w->data = json_parse(view_of(ev->data), 0, &e);
	hookloop_fact(ev, w->data, &f);
	n = hook_rule_says(&f, says);
	if (n == 0)
		return false;
	if (hooks_for_event(t, ev->project_id, ev->seq, &w->hooks, &e) == -1) {
		log_error("hook list event=%" PRId64 " err=%s", ev->seq,
		    log_val(e.msg));
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		w->says[w->n] = says[i];
		if (hookloop_anyone(w, w->n))
			w->n++;
	}
	return w->n > 0 &&
	    projects_by_id(t, ev->project_id, &w->project, &e) == 0;
}

static void
hookloop_row(struct hook_loop *l, size_t i, char *payload)
{
	struct hook_batch *b = hookloop_batch(l);
	const struct hook_work *w = &l->work;
	struct hook_row *r;

	if (b->n == b->cap) {
		b->cap = b->cap == 0 ? 16 : 2 * b->cap;
		b->rows = xrealloc(b->rows, b->cap * sizeof(*b->rows));
	}
	r = &b->rows[b->n++];
	*r = (struct hook_row){ .say = w->says[i],
		.project_id = w->project.id,
		.payload = payload };
	r->hooks = xcalloc(w->hooks.n, sizeof(*r->hooks));
	for (size_t k = 0; k < w->hooks.n; k++)
		if (hookloop_tells(w, &w->hooks.at[k], i))
			r->hooks[r->n++] = w->hooks.at[k].id;
	b->bytes += strlen(payload) * r->n;
}

/* The rows of the event that is open. */
static void
hookloop_make(struct hook_loop *l, const struct json *git)
{
	const struct hook_work *w = &l->work;

	for (size_t i = 0; i < w->n; i++) {
		const struct hook_payload p = { .url = l->spec.svc->public_url,
			.event = w->ev,
			.data = w->data,
			.say = &w->says[i],
			.project = &w->project,
			.git = svc_hook_needs_git(w->says[i].type) ? git
								   : NULL };
		struct str text = STR_INIT;
		struct err e = ERR_INIT;

		if (l->spec.payload(
			db_reader(l->spec.svc->db), &p, &text, &e) == 0) {
			hookloop_row(l, i, str_steal(&text));
			continue;
		}
		str_release(&text);
		if (e.code == ERR_NOTFOUND)
			log_info("hook skips event=%" PRId64 " reason=%s",
			    w->ev->seq, log_val(e.msg));
		else
			log_error("hook payload event=%" PRId64 " err=%s",
			    w->ev->seq, log_val(e.msg));
	}
}

static void hookloop_step(struct hook_loop *l);

static void
hookloop_on_git(const struct git_result *r, void *arg)
{
	struct hook_loop *l = arg;

	if (l->stopped)
		return;
	if (r->fail != NULL && r->fail->code != ERR_NOTFOUND &&
	    ++l->work.tries < HOOKLOOP_TRIES) {
		timer_set(l->again, HOOKLOOP_AGAIN_MS);
		return;
	}
	if (r->fail != NULL)
		log_warn("hook git event=%" PRId64 " reason=%s",
		    l->work.ev->seq, log_val(r->fail->msg));
	l->busy = false;
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
hookloop_ask_again(void *arg)
{
	(void)hookloop_ask_git(arg);
}

static void
hookloop_created(struct hook_loop *l, const struct event *ev)
{
	struct hook_batch *b;

	if (strcmp(ev->kind, "project.created") != 0)
		return;
	b = hookloop_batch(l);
	b->created = xrealloc(
	    b->created, (b->n_created + 1) * sizeof(*b->created));
	b->created[b->n_created++] = ev->project_id;
}

/* A new repository's hooks are to see what comes after it. */
static bool
hookloop_full(const struct hook_batch *b)
{
	return b != NULL && (b->bytes >= HOOKLOOP_BYTES || b->n_created > 0);
}

/* One event after the other, until one needs git or a write is due. */
static void
hookloop_step(struct hook_loop *l)
{
	int64_t until = l->list.last;

	while (l->i < l->list.n && !hookloop_full(l->batch)) {
		const struct event *ev = &l->list.at[l->i];

		hookloop_created(l, ev);
		if (hookloop_open(l, ev)) {
			if (hookloop_ask_git(l))
				return;
			hookloop_make(l, NULL);
		}
		hookloop_work_clear(&l->work);
		l->i++;
	}
	if (l->i < l->list.n)
		until = l->list.at[l->i - 1].seq;
	event_list_release(&l->list);
	if (l->batch != NULL) {
		hookloop_write(l, until);
		return;
	}
	l->cursor = until;
	timer_set(l->timer, l->cursor < l->last ? 0 : HOOKLOOP_IDLE_MS);
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

static void
hookloop_turn(void *arg)
{
	struct event_filter f = { .limit = HOOKLOOP_EVENTS };
	struct hook_loop *l = arg;
	struct err e = ERR_INIT;

	if (l->busy || l->stopped || hookloop_nobody(l, &e))
		return;
	f.after = l->cursor;
	if (e.code != ERR_NONE ||
	    events_list(db_reader(l->spec.svc->db), &f, &l->list, &e) == -1) {
		log_error("hook events err=%s", log_val(e.msg));
		timer_set(l->timer, HOOKLOOP_AGAIN_MS);
		return;
	}
	l->i = 0;
	if (l->list.n > 0)
		hookloop_step(l);
	else if (l->saved < l->cursor)
		hookloop_write(l, l->cursor);
}
