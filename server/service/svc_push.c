#include "server/service/svc_push.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/protect_rule.h"
#include "server/domain/refname.h"
#include "server/git/git_pool.h"
#include "server/git/git_pull.h"
#include "server/git/ref_cache.h"
#include "server/git/ref_snapshot.h"
#include "server/service/svc_pull.h"
#include "server/service/svc_refs.h"
#include "server/service/svc_writers.h"
#include "server/store/db.h"
#include "server/store/protections.h"

enum {
	PUSH_BROUGHT_REFS = 64,  /* whose commits are asked, of one push */
	PUSH_BROUGHT_MAX = 2000, /* of one; the newest */
};

/* One judgement or one settlement. */
struct push_job {
	TAILQ_ENTRY(push_job) link;
	struct svc_push *p;
	struct svc_pusher who;
	struct push_command *c;
	size_t n;
	bool atomic;
	svc_push_judged_fn *judged;
	svc_push_settled_fn *settled;
	void *arg;

	struct push_verdict *v;
	struct protect_list protect;
	struct str guards;
	char **paths;
	int64_t kept_at;
	char **now;     /* what git has for each command, NULL: nothing */
	char **brought; /* JSON lists of commits, NULL: not known */
	bool *forced;
	size_t at; /* of push_ask_forced and push_ask_brought */
	struct svc_refs refs;
	struct err fail;
	bool writing;  /* the database has it */
	bool deferred; /* the loop has it */
	bool closed;   /* svc_push_free came meanwhile */
	struct ref_wait *wait;
};
TAILQ_HEAD(push_jobs, push_job);

/* Settlements of one project, in order; the first one runs. */
struct push_queue {
	struct push_jobs jobs;
};

struct svc_push {
	struct svc_push_spec spec;
	struct map *queues; /* project -> struct push_queue */
	struct push_jobs judging;
	int64_t last_kept;
};

static void push_settle_run(struct push_job *j);

struct svc_push *
svc_push_new(const struct svc_push_spec *spec)
{
	struct svc_push *p = xcalloc(1, sizeof(*p));

	p->spec = *spec;
	p->queues = map_new();
	TAILQ_INIT(&p->judging);
	return p;
}

static void
push_job_free(struct push_job *j)
{
	for (size_t i = 0; i < j->n; i++) {
		free(j->c[i].ref);
		if (j->now != NULL)
			free(j->now[i]);
		if (j->brought != NULL)
			free(j->brought[i]);
	}
	free(j->c);
	free(j->v);
	free(j->now);
	free(j->brought);
	free(j->forced);
	if (j->wait != NULL)
		ref_cache_cancel(j->wait);
	svc_refs_release(&j->refs);
	for (size_t i = 0; j->paths != NULL && i < j->who.n_paths; i++)
		free(j->paths[i]);
	free(j->paths);
	protect_list_release(&j->protect);
	str_release(&j->guards);
	free(j);
}

/* The database or the loop answers yet; then it is freed. */
static void
push_job_close(struct push_job *j)
{
	j->closed = true;
	if (!j->writing && !j->deferred)
		push_job_free(j);
}

void
svc_push_free(struct svc_push *p)
{
	struct push_job *j;
	size_t cursor = 0;
	void *value;

	if (p == NULL)
		return;
	while (map_next(p->queues, &cursor, NULL, &value)) {
		struct push_queue *q = value;

		while ((j = TAILQ_FIRST(&q->jobs)) != NULL) {
			TAILQ_REMOVE(&q->jobs, j, link);
			push_job_close(j);
		}
		free(q);
	}
	while ((j = TAILQ_FIRST(&p->judging)) != NULL) {
		TAILQ_REMOVE(&p->judging, j, link);
		push_job_close(j);
	}
	map_free(p->queues);
	free(p);
}

static struct push_job *
push_job_new(struct svc_push *p, const struct svc_pusher *who,
    const struct push_command *c, size_t n)
{
	struct push_job *j = xcalloc(1, sizeof(*j));

	j->p = p;
	j->who = *who;
	j->n = n;
	j->c = xcalloc(n > 0 ? n : 1, sizeof(*j->c));
	j->v = xcalloc(n > 0 ? n : 1, sizeof(*j->v));
	j->now = xcalloc(n > 0 ? n : 1, sizeof(*j->now));
	j->brought = xcalloc(n > 0 ? n : 1, sizeof(*j->brought));
	j->forced = xcalloc(n > 0 ? n : 1, sizeof(*j->forced));
	for (size_t i = 0; i < n; i++) {
		j->c[i] = c[i];
		j->c[i].ref = xstrdup(c[i].ref);
	}
	if (who->paths != NULL) {
		j->paths = xcalloc(who->n_paths + 1, sizeof(*j->paths));
		for (size_t i = 0; i < who->n_paths; i++)
			j->paths[i] = xstrdup(who->paths[i]);
	}
	j->who.paths = NULL;
	return j;
}

static void
push_judged(struct push_job *j)
{
	const struct svc_push_judged r = {
		.fail = j->fail.code != ERR_NONE ? &j->fail : NULL,
		.v = j->v,
		.n = j->n,
		.kept_at = j->kept_at,
		.guards = str_cstr(&j->guards),
	};

	TAILQ_REMOVE(&j->p->judging, j, link);
	j->judged(&r, j->arg);
	push_job_free(j);
}

static void
push_on_kept(const struct git_result *r, void *arg)
{
	struct push_job *j = arg;

	if (r->fail != NULL) {
		j->fail = *r->fail;
		(void)err_wrap(&j->fail, "keep tips");
	}
	push_judged(j);
}

/* A commit id that the ref may lose. */
static bool
push_may_lose(const struct push_job *j, size_t i)
{
	return !gitpool_sha_is_zero(j->c[i].old) &&
	    strcmp(j->c[i].old, j->c[i].new_sha) != 0;
}

/* Keep the tips that allowed commands may drop: whether one does is known
 * only when the objects are here. */
static void
push_keep(struct push_job *j)
{
	struct git_ref_change *v = xcalloc(j->n + 1, sizeof(*v));
	char **names = xcalloc(j->n + 1, sizeof(*names));
	struct git_refs_spec spec = { .v = v, .atomic = true };
	int64_t at = clock_now_ms();

	if (at <= j->p->last_kept)
		at = j->p->last_kept + 1;
	for (size_t i = 0; i < j->n; i++)
		/* A stale old id is refused by git itself. */
		if (j->v[i].ok && push_may_lose(j, i) && j->now[i] != NULL &&
		    strcmp(j->now[i], j->c[i].old) == 0) {
			names[spec.n] = svc_refs_kept_name(at, j->c[i].ref);
			v[spec.n] = (struct git_ref_change){
				.ref = names[spec.n],
				.old = GIT_ZERO_SHA,
				.new_sha = j->c[i].old
			};
			spec.n++;
		}
	if (spec.n == 0) {
		push_judged(j);
	} else {
		j->p->last_kept = at;
		j->kept_at = at;
		gitpool_refs_update(
		    j->p->spec.pool, j->who.project, &spec, push_on_kept, j);
	}
	for (size_t i = 0; names[i] != NULL; i++)
		free(names[i]);
	free(names);
	free(v);
}

static int
push_claim_job(struct txn *t, void *arg, struct err *e)
{
	struct push_job *j = arg;

	for (size_t i = 0; i < j->n; i++)
		if (j->v[i].ok &&
		    svc_writers_claim(t, &j->who, &j->c[i], e) == -1)
			return -1;
	return 0;
}

static void
push_on_claimed(const struct err *fail, void *arg)
{
	struct push_job *j = arg;

	j->writing = false;
	if (j->closed) {
		push_job_free(j);
		return;
	}
	if (fail == NULL) {
		push_keep(j);
		return;
	}
	j->fail = *fail;
	push_judged(j);
}

/* Whose the commits are is on disk before a ref has them. */
static void
push_claim(struct push_job *j)
{
	for (size_t i = 0; i < j->n; i++) {
		if (!j->v[i].ok || !svc_writers_brings(&j->c[i]))
			continue;
		j->writing = true;
		db_write(j->p->spec.db, push_claim_job, push_on_claimed, j);
		return;
	}
	push_keep(j);
}

/* What git has for each command's ref. */
static void
push_find_now(struct push_job *j, const struct ref_snapshot *s)
{
	for (size_t i = 0; i < j->n; i++) {
		struct ref_row row;

		free(j->now[i]);
		j->now[i] = NULL;
		if (refsnap_find(s, REF_SIDE_WORK, j->c[i].ref, &row))
			j->now[i] = view_dup(
			    (struct view){ .p = row.sha, .len = REF_SHA_LEN });
	}
}

/* The names of one side, borrowed from the snapshot; free(3). */
static const char **
push_names_of(const struct ref_snapshot *s, enum ref_side side, size_t *n)
{
	const char **v;

	*n = refsnap_count(s, side);
	v = xcalloc(*n + 1, sizeof(*v));
	for (size_t i = 0; i < *n; i++)
		v[i] = refsnap_row(s, side, i).name;
	return v;
}

struct push_guard {
	struct str *out;
	const char *word;
	const char *ref;
};

static bool
push_guard_plain(struct view plain, void *arg)
{
	struct push_guard *g = arg;

	if (plain.len == 0)
		return true;
	str_addf(g->out, "%s %s ", g->word, g->ref);
	str_addv(g->out, plain);
	str_addc(g->out, '\n');
	return true;
}

static bool
push_guard_pattern(struct view pattern, void *arg)
{
	protect_glob_expand(pattern, push_guard_plain, arg);
	return true;
}

static void
push_guards_of(struct push_job *j, size_t i)
{
	const char *ref = j->c[i].ref;
	const struct protect_rule *r = protect_match(
	    &j->protect, refname_branch(ref));
	struct push_guard g = { &j->guards, "keep", ref };

	if ((j->v[i].guards & PUSH_GUARD_FORCE) != 0)
		str_addf(&j->guards, "force %s\n", ref);
	if ((j->v[i].guards & PUSH_GUARD_KEEP) != 0)
		protect_files_each(r->files, push_guard_pattern, &g);
	g.word = "only";
	if ((j->v[i].guards & PUSH_GUARD_ONLY) != 0)
		protect_files_each(r->open_files, push_guard_pattern, &g);
}

static void
push_judge_by(struct push_job *j, const struct ref_snapshot *s)
{
	struct push_rules rules = { .who = j->who.who,
		.default_branch = j->who.default_branch,
		.run_branch = j->who.run_branch[0] != '\0' ? j->who.run_branch
							   : NULL,
		.atomic = j->atomic,
		.no_upstream = j->who.no_upstream,
		.protect = &j->protect,
		.user = j->who.actor,
		.guards = j->who.guards,
		.forward = j->who.forward,
		.paths = (const char *const *)j->paths,
		.n_paths = j->who.n_paths };
	const char **refs = push_names_of(s, REF_SIDE_WORK, &rules.n_refs);
	const char **upstream = push_names_of(
	    s, REF_SIDE_UPSTREAM, &rules.n_upstream);

	if (protections_list(db_reader(j->p->spec.db), j->who.project,
		&j->protect, &j->fail) == -1) {
		free(refs);
		free(upstream);
		push_judged(j);
		return;
	}
	rules.refs = refs;
	rules.upstream = upstream;
	(void)push_policy_judge(&rules, j->c, j->n, j->v);
	free(refs);
	free(upstream);
	for (size_t i = 0; i < j->n; i++)
		if (j->v[i].ok && j->v[i].guards != 0)
			push_guards_of(j, i);
	push_find_now(j, s);
	push_claim(j);
}

static void
push_on_snapshot(struct ref_snapshot *s, const struct err *fail, void *arg)
{
	struct push_job *j = arg;

	j->wait = NULL;
	if (fail != NULL) {
		j->fail = *fail;
		push_judged(j);
		return;
	}
	push_judge_by(j, s);
}

/* What was remembered of the refs, now that the caller has returned. */
static void
push_on_remembered(void *arg)
{
	struct push_job *j = arg;
	struct ref_snapshot *s;

	if (j->closed) {
		push_job_free(j);
		return;
	}
	j->deferred = false;
	s = ref_cache_now(gitpool_ref_cache(j->p->spec.pool), j->who.project);
	if (s != NULL) {
		push_judge_by(j, s);
		refsnap_unref(s);
		return;
	}
	j->wait = ref_cache_ask(gitpool_ref_cache(j->p->spec.pool),
	    j->who.project, push_on_snapshot, j);
	if (j->wait != NULL)
		return;
	(void)err_set(&j->fail, ERR_BUSY, "too many wait for the refs");
	push_judged(j);
}

void
svc_push_judge(struct svc_push *p, const struct svc_pusher *who,
    const struct push_command *c, size_t n, bool atomic,
    svc_push_judged_fn *done, void *arg)
{
	struct push_job *j = push_job_new(p, who, c, n);

	j->atomic = atomic;
	j->judged = done;
	j->arg = arg;
	j->deferred = true;
	TAILQ_INSERT_TAIL(&p->judging, j, link);
	loop_defer(p->spec.loop, push_on_remembered, j);
}

static void
push_next(struct svc_push *p, int64_t project)
{
	struct push_queue *q = map_get_u64(p->queues, (uint64_t)project);
	struct push_job *j = q != NULL ? TAILQ_FIRST(&q->jobs) : NULL;

	if (j != NULL) {
		push_settle_run(j);
		return;
	}
	free(map_del_u64(p->queues, (uint64_t)project));
}

static void
push_settled(struct push_job *j)
{
	struct svc_push *p = j->p;
	struct push_queue *q = map_get_u64(p->queues, (uint64_t)j->who.project);
	int64_t project = j->who.project;

	TAILQ_REMOVE(&q->jobs, j, link);
	if (j->settled != NULL)
		j->settled(j->fail.code != ERR_NONE ? &j->fail : NULL, j->arg);
	push_job_free(j);
	push_next(p, project);
}

static void
push_on_let_go(const struct git_result *r, void *arg)
{
	struct push_job *j = arg;

	/* It stays hidden and is pruned in its time. */
	if (r->fail != NULL)
		log_warn("push kept-left project=%lld err=%s",
		    (long long)j->who.project, log_val(r->fail->msg));
	push_settled(j);
}

/* Was the old tip dropped: forced over, or deleted? */
static bool
push_lost(const struct push_job *j, size_t i)
{
	if (!push_may_lose(j, i))
		return false;
	return j->now[i] == NULL || j->forced[i];
}

/* Kept refs of commands that dropped nothing are not needed. */
static void
push_let_go(struct push_job *j)
{
	struct git_ref_change *v = xcalloc(j->n + 1, sizeof(*v));
	char **names = xcalloc(j->n + 1, sizeof(*names));
	struct git_refs_spec spec = { .v = v, .atomic = false };

	for (size_t i = 0; j->who.kept_at != 0 && i < j->n; i++) {
		if (!push_may_lose(j, i) || push_lost(j, i))
			continue;
		names[spec.n] = svc_refs_kept_name(j->who.kept_at, j->c[i].ref);
		v[spec.n] = (struct git_ref_change){
			.ref = names[spec.n], .old = "", .new_sha = GIT_ZERO_SHA
		};
		spec.n++;
	}
	if (spec.n == 0)
		push_settled(j);
	else
		gitpool_refs_update(
		    j->p->spec.pool, j->who.project, &spec, push_on_let_go, j);
	for (size_t i = 0; names[i] != NULL; i++)
		free(names[i]);
	free(names);
	free(v);
}

static void
push_on_written(const struct err *fail, void *arg)
{
	struct push_job *j = arg;

	j->writing = false;
	if (j->closed) {
		push_job_free(j);
		return;
	}
	if (fail != NULL) {
		j->fail = *fail;
		push_settled(j);
		return;
	}
	FAIL_POINT(push_after_rows);
	for (size_t i = 0; i < j->refs.n; i++) {
		const char *branch = refname_branch(j->refs.v[i].ref);

		if (branch != NULL && j->refs.v[i].changed)
			svc_pull_on_branch(j->p->spec.svc, j->who.project,
			    branch, j->who.actor);
	}
	push_let_go(j);
}

static int
push_write_job(struct txn *t, void *arg, struct err *e)
{
	struct push_job *j = arg;

	if (svc_refs_write(t, &j->refs, e) == -1)
		return -1;
	for (size_t i = 0; i < j->n; i++)
		if (svc_writers_settle(t, &j->who, &j->c[i], j->now[i],
			j->brought[i], e) == -1)
			return -1;
	return 0;
}

static void
push_write(struct push_job *j)
{
	j->refs.project = j->who.project;
	j->refs.actor = j->who.actor;
	j->refs.writer = j->who.writer;
	j->refs.now = clock_now_ms();
	j->refs.source = "push";
	for (size_t i = 0; i < j->n; i++) {
		struct svc_ref_move *m = svc_refs_add(&j->refs, j->c[i].ref,
		    j->now[i] != NULL ? j->now[i] : GIT_ZERO_SHA);

		m->forced = j->forced[i];
		if (j->who.kept_at == 0 || !push_lost(j, i))
			continue;
		m->kept = svc_refs_kept_name(j->who.kept_at, j->c[i].ref);
		memcpy(m->kept_sha, j->c[i].old, sizeof(m->kept_sha));
		m->why = j->now[i] == NULL ? "deleted by a push"
					   : "dropped by a forced push";
	}
	FAIL_POINT(push_before_write);
	j->writing = true;
	db_write(j->p->spec.db, push_write_job, push_on_written, j);
}

static void push_ask_brought(struct push_job *j);

static void
push_on_brought(const struct git_result *r, void *arg)
{
	struct push_job *j = arg;

	if (r->fail == NULL)
		j->brought[j->at] = svc_writers_list(r->j);
	else
		log_warn("push commits project=%" PRId64 " err=%s",
		    j->who.project, log_val(r->fail->msg));
	j->at++;
	push_ask_brought(j);
}

/* The commits that came with each command that moved its branch. */
static void
push_ask_brought(struct push_job *j)
{
	AUTO_FREE char *main_ref = xasprintf(
	    "refs/heads/%s", j->who.default_branch);

	for (; j->at < j->n && j->at < PUSH_BROUGHT_REFS; j->at++) {
		const struct push_command *c = &j->c[j->at];
		const char *hide[] = { c->old, main_ref, NULL };
		const struct git_brought b = { c->new_sha, hide,
			PUSH_BROUGHT_MAX };

		if (j->who.made || !svc_writers_brings(c) ||
		    j->now[j->at] == NULL ||
		    strcmp(j->now[j->at], c->new_sha) != 0)
			continue;
		if (strcmp(c->ref, main_ref) == 0)
			hide[1] = NULL;
		gitpull_brought(
		    j->p->spec.pool, j->who.project, &b, push_on_brought, j);
		return;
	}
	push_write(j);
}

static void push_ask_forced(struct push_job *j);

static void
push_on_forced(const struct git_result *r, void *arg)
{
	struct push_job *j = arg;

	/* Not to be told: then the tip stays kept. */
	j->forced[j->at] = r->fail != NULL || !json_bool_or(r->j, "yes", false);
	j->at++;
	push_ask_forced(j);
}

static void
push_ask_forced(struct push_job *j)
{
	for (; j->at < j->n; j->at++) {
		size_t i = j->at;

		if (j->now[i] == NULL || !push_may_lose(j, i) ||
		    strcmp(j->now[i], j->c[i].old) == 0)
			continue;
		gitpool_is_ancestor(j->p->spec.pool, j->who.project,
		    j->c[i].old, j->now[i], push_on_forced, j);
		return;
	}
	j->at = 0;
	push_ask_brought(j);
}

static void
push_on_settle_refs(struct ref_snapshot *s, const struct err *fail, void *arg)
{
	struct push_job *j = arg;

	j->wait = NULL;
	if (fail != NULL) {
		j->fail = *fail;
		push_settled(j);
		return;
	}
	push_find_now(j, s);
	push_ask_forced(j);
}

/* The caller has returned. */
static void
push_on_busy(void *arg)
{
	struct push_job *j = arg;

	if (j->closed) {
		push_job_free(j);
		return;
	}
	j->deferred = false;
	(void)err_set(&j->fail, ERR_BUSY, "too many wait for the refs");
	push_settled(j);
}

static void
push_on_synced(const struct git_result *r, void *arg)
{
	struct push_job *j = arg;

	if (r->fail != NULL)
		log_warn("push sync project=%" PRId64 " err=%s", j->who.project,
		    log_val(r->fail->msg));
	j->wait = ref_cache_ask(gitpool_ref_cache(j->p->spec.pool),
	    j->who.project, push_on_settle_refs, j);
	if (j->wait != NULL)
		return;
	j->deferred = true;
	loop_defer(j->p->spec.loop, push_on_busy, j);
}

/* No row is written before what it tells of is on disk. */
static void
push_settle_run(struct push_job *j)
{
	const char **refs = xcalloc(j->n + 1, sizeof(*refs));

	for (size_t i = 0; i < j->n; i++)
		refs[i] = j->c[i].ref;
	gitpool_sync(
	    j->p->spec.pool, j->who.project, refs, j->n, push_on_synced, j);
	free(refs);
}

void
svc_push_settle(struct svc_push *p, const struct svc_pusher *who,
    const struct push_command *c, size_t n, svc_push_settled_fn *done,
    void *arg)
{
	struct push_job *j = push_job_new(p, who, c, n);
	struct push_queue *q = map_get_u64(p->queues, (uint64_t)who->project);

	j->settled = done;
	j->arg = arg;
	if (q == NULL) {
		q = xcalloc(1, sizeof(*q));
		TAILQ_INIT(&q->jobs);
		(void)map_put_u64(p->queues, (uint64_t)who->project, q);
	}
	TAILQ_INSERT_TAIL(&q->jobs, j, link);
	if (TAILQ_FIRST(&q->jobs) == j)
		push_settle_run(j);
}
