#include "server/service/svc_auto_merge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/wire/json.h"
#include "server/service/svc_merge.h"
#include "server/service/svc_word.h"
#include "server/store/auto_merges.h"
#include "server/store/events.h"
#include "server/store/pulls.h"
#include "server/store/timeline.h"
#include "server/store/tokens.h"
#include "server/store/users.h"

enum {
	SVC_AUTO_EVENTS = 100, /* read at once */
	SVC_AUTO_ROUNDS = 10   /* then everything is tried */
};

/* A project in which something waits. */
struct svc_auto_project {
	struct svc_auto *a;
	int64_t id;
	bool dirty;   /* try again */
	bool running; /* the list is gone through */
	struct auto_merge_list list;
	size_t at;
};

struct svc_auto {
	struct svc *s;
	struct map *projects;
	int64_t seq;     /* events up to it were looked at */
	int64_t revoked; /* and losses of rights */
	bool scheduled;
	bool stopped;
};

static void svc_auto_next(struct svc_auto_project *p);
static void svc_auto_schedule(struct svc_auto *a);

struct svc_auto *
svc_auto_new(struct svc *s)
{
	struct svc_auto *a = xcalloc(1, sizeof(*a));

	a->s = s;
	a->projects = map_new();
	return a;
}

static void
svc_auto_project_free(struct svc_auto_project *p)
{
	auto_merge_list_release(&p->list);
	free(p);
}

void
svc_auto_stop(struct svc_auto *a)
{
	a->stopped = true;
}

void
svc_auto_free(struct svc_auto *a)
{
	size_t at = 0;
	void *v;

	if (a == NULL)
		return;
	while (map_next(a->projects, &at, NULL, &v))
		svc_auto_project_free(v);
	map_free(a->projects);
	free(a);
}

static void
svc_auto_mark(struct svc_auto *a, int64_t project, bool make)
{
	struct svc_auto_project *p = map_get_u64(
	    a->projects, (uint64_t)project);

	if (p == NULL && !make)
		return;
	if (p == NULL) {
		p = xcalloc(1, sizeof(*p));
		p->a = a;
		p->id = project;
		(void)map_put_u64(a->projects, (uint64_t)project, p);
	}
	p->dirty = true;
	svc_auto_schedule(a);
}

void
svc_auto_merge_added(struct svc *s, int64_t project)
{
	svc_auto_mark(s->autos, project, true);
}

void
svc_auto_merge_look(struct svc *s, int64_t project)
{
	svc_auto_mark(s->autos, project, false);
}

void
svc_auto_start(struct svc *s)
{
	struct svc_auto *a = s->autos;
	int64_t ids[SVC_AUTO_EVENTS], after = 0;
	struct err e = ERR_INIT;
	size_t n;

	if (events_last(db_reader(s->db), &a->seq, &e) == -1 ||
	    tokens_revoked_last(db_reader(s->db), &a->revoked, &e) == -1)
		log_error("auto-merge start reason=%s", log_val(e.msg));
	do {
		if (auto_merges_projects(db_reader(s->db), after, ids,
			SVC_AUTO_EVENTS, &n, &e) == -1) {
			log_error("auto-merge start reason=%s", log_val(e.msg));
			return;
		}
		for (size_t i = 0; i < n; i++)
			svc_auto_mark(a, after = ids[i], true);
	} while (n == SVC_AUTO_EVENTS);
}

/* What may open a gate, or tell that it never opens. */
static bool
svc_auto_is_cause(const char *kind)
{
	static const char *const prefixes[] = { "status.", "review.",
		"check.finished", "pull.synchronized", "pull.closed",
		"pull.conflict", "pull.review_request", "pull.finding",
		"branch.updated", "protection.", "project.updated",
		"issue.edited", "approval." };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(kind, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static bool
svc_auto_read(struct svc_auto *a, bool *more, struct err *e)
{
	const struct event_filter f = { .after = a->seq,
		.limit = SVC_AUTO_EVENTS };
	struct event_list list;

	if (events_list(db_reader(a->s->db), &f, &list, e) == -1)
		return false;
	for (size_t i = 0; i < list.n; i++)
		if (svc_auto_is_cause(list.at[i].kind))
			svc_auto_mark(a, list.at[i].project_id, false);
	a->seq = list.last;
	*more = list.more;
	event_list_release(&list);
	return true;
}

static void
svc_auto_mark_all(struct svc_auto *a)
{
	size_t at = 0;
	void *v;

	while (map_next(a->projects, &at, NULL, &v))
		((struct svc_auto_project *)v)->dirty = true;
	svc_auto_schedule(a);
}

/* Who lost a role may be who let one wait. */
static void
svc_auto_revoked(struct svc_auto *a)
{
	struct revoked_list l;
	struct err e = ERR_INIT;

	if (tokens_revoked(db_reader(a->s->db), a->revoked, &l, &e) == -1) {
		log_error("auto-merge revoked reason=%s", log_val(e.msg));
		return;
	}
	a->revoked = l.last;
	if (l.n > 0)
		svc_auto_mark_all(a);
	revoked_list_release(&l);
}

void
svc_auto_on_commit(struct svc *s, int64_t last_seq)
{
	struct svc_auto *a = s->autos;
	struct err e = ERR_INIT;
	bool more = true;

	if (a == NULL || a->stopped)
		return;
	if (map_count(a->projects) == 0) {
		a->seq = last_seq;
		return;
	}
	svc_auto_revoked(a);
	if (last_seq <= a->seq)
		return;
	for (int i = 0; i < SVC_AUTO_ROUNDS && more; i++)
		if (!svc_auto_read(a, &more, &e))
			break;
	if (!more)
		return;
	/* Too many at once, or not to be read: everything may have changed. */
	a->seq = last_seq;
	svc_auto_mark_all(a);
}

static void
svc_auto_begin(struct svc_auto_project *p)
{
	struct err e = ERR_INIT;

	p->dirty = false;
	p->at = 0;
	auto_merge_list_release(&p->list);
	if (auto_merges_list(db_reader(p->a->s->db), p->id, &p->list, &e) ==
	    -1) {
		log_error("auto-merge list project=%" PRId64 " reason=%s",
		    p->id, log_val(e.msg));
		return;
	}
	p->running = true;
	svc_auto_next(p);
}

static void
svc_auto_turn(void *arg)
{
	struct svc_auto *a = arg;
	size_t at = 0;
	void *v;

	a->scheduled = false;
	if (a->stopped)
		return;
	while (map_next(a->projects, &at, NULL, &v)) {
		struct svc_auto_project *p = v;

		if (p->dirty && !p->running)
			svc_auto_begin(p);
	}
}

static void
svc_auto_schedule(struct svc_auto *a)
{
	if (a->scheduled)
		return;
	a->scheduled = true;
	loop_defer(a->s->loop, svc_auto_turn, a);
}

int
svc_auto_merge_say(struct txn *t, const struct svc_op *op, int64_t project,
    int64_t number, bool waits, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct timeline_new n = { .project_id = project,
		.item = number,
		.actor_id = op->who.user_id,
		.now = op->now,
		.kind = waits ? "pull_scheduled_merge"
			      : "pull_cancel_scheduled_merge" };
	const struct svc_event v = { .kind = "pull.auto_merge",
		.project_id = project,
		.item = number,
		.is_pull = true,
		.data = &data };
	struct jw w;
	int64_t id;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_bool(&w, "waits", waits);
	jw_end(&w);
	if (timeline_add(t, &n, &id, e) == -1)
		return -1;
	return svc_event_add(t, &op->who, op->now, &v, e);
}

int
svc_auto_merge_end(struct txn *t, const struct svc_op *op, int64_t project,
    int64_t number, struct err *e)
{
	struct err none = ERR_INIT;
	struct auto_merge m;

	if (auto_merges_get(t, project, number, &m, &none) == -1) {
		if (none.code == ERR_NOTFOUND)
			return 0;
		*e = none;
		return -1;
	}
	auto_merge_release(&m);
	if (auto_merges_delete(t, project, number, e) == -1)
		return -1;
	return svc_auto_merge_say(t, op, project, number, false, e);
}

static void
svc_auto_on_dropped(const struct err *fail, void *op, void *arg)
{
	struct svc_auto_project *p = arg;

	(void)op;
	if (fail != NULL)
		log_warn("auto-merge drop project=%" PRId64 " reason=%s", p->id,
		    log_val(fail->msg));
	svc_auto_next(p);
}

static int
svc_auto_drop_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_auto_cancel *op = arg;
	struct auto_merge m;

	if (auto_merges_get(t, op->project_id, op->number, &m, e) == -1)
		return -1;
	auto_merge_release(&m);
	if (auto_merges_delete(t, op->project_id, op->number, e) == -1)
		return -1;
	return svc_auto_merge_say(
	    t, &op->op, op->project_id, op->number, false, e);
}

static void
svc_auto_drop(
    struct svc_auto_project *p, int64_t number, const struct identity *who)
{
	struct svc_auto_cancel *op = svc_auto_cancel_new(p->a->s, who);

	op->project_id = p->id;
	op->number = number;
	svc_op_run(op, svc_auto_drop_job, svc_auto_on_dropped, p);
}

/* Who may not merge waits for nothing; an archive may be opened again. */
static bool
svc_auto_is_barred(const struct svc_merge *op, const struct err *fail)
{
	if (!op->refused)
		return fail->code == ERR_DENIED && !op->forbidden;
	for (size_t i = 0; i < op->verdict.n; i++)
		if (!op->verdict.req[i].met &&
		    op->verdict.req[i].cause == MERGE_CAUSE_USER)
			return true;
	return false;
}

/* A comment asked for it once, and is told. */
struct svc_auto_told {
	struct svc_op op;
	struct auto_merge m; /* its numbers */
	char *text;
};

static void
svc_auto_told_release(void *arg)
{
	struct svc_auto_told *op = arg;

	free(op->text);
}

static int
svc_auto_tell_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_auto_told *op = arg;

	return svc_word_refuse(t, op->op.svc, op->op.now, &op->m, op->text, e);
}

static void
svc_auto_tell(struct svc_auto_project *p, const struct auto_merge *m,
    const struct identity *who, const char *text)
{
	struct svc_auto_told *op = svc_op_new(
	    p->a->s, sizeof(*op), who, svc_auto_told_release);

	op->m = (struct auto_merge){ .project_id = m->project_id,
		.number = m->number,
		.comment = m->comment };
	op->text = xstrdup(text);
	svc_op_run(op, svc_auto_tell_job, svc_auto_on_dropped, p);
}

static bool
svc_auto_is_once(const struct auto_merge *m)
{
	return m->comment != 0 && !m->waits;
}

static void
svc_auto_refused(struct svc_auto_project *p, const struct auto_merge *m,
    const struct svc_merge *op, const struct err *fail)
{
	AUTO_STR struct str text = STR_INIT;

	if (op->refused)
		svc_word_verdict(&op->verdict, &text);
	else
		str_addf(&text, "Not merged: %s.", fail->msg);
	svc_auto_tell(p, m, &op->op.who, str_cstr(&text));
}

static void
svc_auto_on_merged(const struct err *fail, void *arg, void *project)
{
	const struct svc_merge *op = arg;
	struct svc_auto_project *p = project;
	const struct auto_merge *m = &p->list.at[p->at - 1];

	if (fail != NULL && svc_auto_is_once(m) && !p->a->stopped) {
		svc_auto_refused(p, m, op, fail);
		return;
	}
	if (fail == NULL)
		log_info("auto-merge done project=%" PRId64 " pull=%" PRId64,
		    p->id, op->number);
	else if (svc_auto_is_barred(op, fail)) {
		svc_auto_drop(p, op->number, &op->op.who);
		return;
	} else if (!op->refused)
		log_info("auto-merge waits project=%" PRId64 " pull=%" PRId64
			 " reason=%s",
		    p->id, op->number, log_val(fail->msg));
	svc_auto_next(p);
}

static void
svc_auto_merge(struct svc_auto_project *p, const struct auto_merge *m,
    const struct identity *who)
{
	struct svc_merge *op = svc_merge_new(p->a->s, who);

	op->project_id = m->project_id;
	op->number = m->number;
	op->style = m->style;
	if (m->title[0] != '\0')
		op->title = xstrdup(m->title);
	if (m->message[0] != '\0')
		op->message = xstrdup(m->message);
	memcpy(op->want_head, m->head_sha, sizeof(op->want_head));
	op->delete_branch = m->delete_branch;
	op->delete_given = m->comment == 0;
	svc_merge(op, svc_auto_on_merged, p);
}

/* One that can still come about is tried, another is dropped; the list goes on
 * when that ends.  False: nothing began. */
static bool
svc_auto_try(struct svc_auto_project *p, const struct auto_merge *m)
{
	struct txn *t = db_reader(p->a->s->db);
	struct pull pull = { .run_id = 0 };
	struct identity who;
	struct err e = ERR_INIT;
	struct user u;
	bool drop;

	if (users_by_id(t, m->user_id, &u, &e) == -1 ||
	    pulls_get(t, m->project_id, m->number, &pull, &e) == -1) {
		log_error("auto-merge read project=%" PRId64 " reason=%s",
		    p->id, log_val(e.msg));
		return false;
	}
	drop = u.deleted || !u.active || pull.issue.state != ISSUE_OPEN ||
	    strcmp(pull.head_sha, m->head_sha) != 0;
	pull_release(&pull);
	svc_identity_of(u.id, u.login, u.kind, &who);
	if (!drop &&
	    svc_may(t, &who, m->project_id, PERM_WRITE, NULL, &e) == -1)
		drop = e.code == ERR_DENIED || e.code == ERR_NOTFOUND;
	if (drop && svc_auto_is_once(m))
		svc_auto_tell(p, m, &who,
		    "Not merged: the pull request or your rights in it changed "
		    "after that comment.");
	else if (drop)
		svc_auto_drop(p, m->number, &who);
	else
		svc_auto_merge(p, m, &who);
	return true;
}

static void
svc_auto_next(struct svc_auto_project *p)
{
	struct svc_auto *a = p->a;

	if (a->stopped)
		return;
	while (p->at < p->list.n)
		if (svc_auto_try(p, &p->list.at[p->at++]))
			return;
	p->running = false;
	if (p->dirty) {
		svc_auto_schedule(a);
	} else if (p->list.n == 0) {
		(void)map_del_u64(a->projects, (uint64_t)p->id);
		svc_auto_project_free(p);
	}
}

struct svc_auto_cancel *
svc_auto_cancel_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_auto_cancel), who, NULL);
}

static int
svc_auto_cancel_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_auto_cancel *op = arg;

	if (svc_may(t, &op->op.who, op->project_id, PERM_WRITE, NULL, e) == -1)
		return -1;
	return svc_auto_drop_job(t, op, e);
}

void
svc_auto_cancel(struct svc_auto_cancel *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_auto_cancel_job, done, arg);
}
