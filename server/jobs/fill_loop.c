#include "server/jobs/fill_loop.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"
#include "server/domain/mentions.h"
#include "server/git/git_pull.h"
#include "server/service/svc_mention.h"
#include "server/store/assignees.h"
#include "server/store/fills.h"

enum {
	FILLLOOP_STEP_MS = 100,   /* between two steps */
	FILLLOOP_AGAIN_MS = 5000, /* after a failure */
	FILLLOOP_WORDS = 100,     /* rows in a step */
	FILLLOOP_TRIES = 5        /* of git, for one pull request */
};

struct fill_loop {
	struct svc *svc;
	struct timer *timer;
	bool stopped;
	struct fill fill;
	struct fill_pull pull; /* id 0: none is left */
	int tries;
};

static void fillloop_turn(void *arg);

struct fill_loop *
fill_loop_new(struct svc *svc)
{
	struct fill_loop *l = xcalloc(1, sizeof(*l));

	l->svc = svc;
	l->timer = timer_new(svc->loop, fillloop_turn, l);
	return l;
}

void
fill_loop_free(struct fill_loop *l)
{
	if (l == NULL)
		return;
	timer_free(l->timer);
	free(l);
}

void
fill_loop_start(struct fill_loop *l)
{
	timer_set(l->timer, FILLLOOP_STEP_MS);
}

void
fill_loop_stop(struct fill_loop *l)
{
	l->stopped = true;
	timer_cancel(l->timer);
}

static int
fillloop_name(struct txn *t, const struct fill_words *w, struct err *e)
{
	int64_t ids[MENTIONS_MAX];
	bool changed;
	size_t n;

	if (svc_mention_users(
		t, w->project_id, w->text, ids, MENTIONS_MAX, &n, e) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (mentions_add(
			t, w->project_id, w->item, ids[i], &changed, e) == -1)
			return -1;
	return 0;
}

static int
fillloop_words_job(struct txn *t, void *arg, struct err *e)
{
	const struct fill_loop *l = arg;
	struct fill_words_list list;
	int64_t done = l->fill.until;
	int rc = 0;

	if (fills_words(t, &l->fill, FILLLOOP_WORDS, &list, e) == -1)
		return -1;
	for (size_t i = 0; i < list.n && rc == 0; i++)
		rc = fillloop_name(t, &list.at[i], e);
	if (list.more)
		done = list.at[list.n - 1].id;
	fill_words_list_release(&list);
	return rc == 0 ? fills_set_done(t, &l->fill, done, e) : -1;
}

static int
fillloop_pull_job(struct txn *t, void *arg, struct err *e)
{
	const struct fill_loop *l = arg;
	int64_t done = l->pull.id != 0 ? l->pull.id : l->fill.until;

	if (l->pull.changed_files > 0 && fills_set_pull(t, &l->pull, e) == -1)
		return -1;
	return fills_set_done(t, &l->fill, done, e);
}

static void
fillloop_written(const struct err *fail, void *arg)
{
	struct fill_loop *l = arg;

	if (fail != NULL)
		log_error("fill kind=%d after=%" PRId64 " err=%s",
		    (int)l->fill.kind, l->fill.done, log_val(fail->msg));
	if (!l->stopped)
		timer_set(l->timer,
		    fail != NULL ? FILLLOOP_AGAIN_MS : FILLLOOP_STEP_MS);
}

static void
fillloop_on_facts(const struct git_result *r, void *arg)
{
	struct fill_loop *l = arg;

	if (l->stopped)
		return;
	if (r->fail != NULL && r->fail->code != ERR_NOTFOUND &&
	    ++l->tries < FILLLOOP_TRIES) {
		timer_set(l->timer, FILLLOOP_AGAIN_MS);
		return;
	}
	l->tries = 0;
	if (r->fail != NULL) {
		log_warn("fill pull project=%" PRId64 " pull=%" PRId64
			 " reason=%s",
		    l->pull.project_id, l->pull.number, log_val(r->fail->msg));
	} else {
		l->pull.additions = json_i64_or(r->j, "additions", 0);
		l->pull.deletions = json_i64_or(r->j, "deletions", 0);
		l->pull.changed_files = json_i64_or(r->j, "files", 0);
	}
	db_write(l->svc->db, fillloop_pull_job, fillloop_written, l);
}

static int
fillloop_pull(struct fill_loop *l, struct err *e)
{
	const struct git_pull_facts spec = { .base = l->pull.merge_base,
		.head = l->pull.head_sha };

	if (fills_pull(db_reader(l->svc->db), &l->fill, &l->pull, e) == -1)
		return -1;
	if (l->pull.id != 0)
		gitpull_facts(l->svc->git, l->pull.project_id, &spec,
		    fillloop_on_facts, l);
	else
		db_write(l->svc->db, fillloop_pull_job, fillloop_written, l);
	return 0;
}

static void
fillloop_turn(void *arg)
{
	struct fill_loop *l = arg;
	struct err e = ERR_INIT;
	int rc;

	if (l->stopped)
		return;
	rc = fills_next(db_reader(l->svc->db), &l->fill, &e);
	if (rc == 0 && l->fill.kind == FILL_NONE)
		return;
	if (rc == 0 && l->fill.kind == FILL_PULLS)
		rc = fillloop_pull(l, &e);
	else if (rc == 0)
		db_write(l->svc->db, fillloop_words_job, fillloop_written, l);
	if (rc == 0)
		return;
	log_error("fill err=%s", log_val(e.msg));
	timer_set(l->timer, FILLLOOP_AGAIN_MS);
}
