/* The refresh of svc_pull.h: at most SVC_REFRESH_AT_ONCE at a time, one per
 * pull request; what is asked for while one runs makes it run once more. */
#include "server/service/svc_pull.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/wire/json.h"
#include "server/domain/checks.h"
#include "server/git/git_pool.h"
#include "server/service/svc_arrived.h"
#include "server/service/svc_ci.h"
#include "server/store/jobs.h"
#include "server/store/projects.h"
#include "server/store/pulls.h"
#include "server/store/refs.h"
#include "server/store/users.h"

enum {
	SVC_REFRESH_AT_ONCE = 4,
	SVC_REFRESH_KEY = 48
};

struct svc_refresh_wait {
	STAILQ_ENTRY(svc_refresh_wait) entry;
	svc_pull_refreshed_fn *fn;
	void *arg;
};
STAILQ_HEAD(svc_refresh_waits, svc_refresh_wait);

struct svc_refresh {
	TAILQ_ENTRY(svc_refresh) entry;
	struct svc *s;
	char key[SVC_REFRESH_KEY];
	int64_t project;
	int64_t number;
	int64_t actor;      /* the writer thread's while it runs */
	int64_t next_actor; /* of the pass after */
	bool running;
	bool again;
	bool by_sha;                    /* the head branch is gone */
	struct svc_refresh_waits waits; /* of this pass */
	struct svc_refresh_waits next;  /* of the one after */
	char *head_ref;
	char *base_ref;
	char row_head[SHA_HEX + 1];
	char head[SHA_HEX + 1];
	char base[SHA_HEX + 1];
	char merge_base[SHA_HEX + 1];
	bool clean;
	bool same; /* the base has its changes as other commits */
	struct checks checks;
	struct identity who;
	struct identity ci;
	int64_t now;
	int64_t queued; /* jobs */
};

TAILQ_HEAD(svc_refresh_ready, svc_refresh);

struct svc_pulls {
	struct svc *s;
	struct map *all; /* key -> struct svc_refresh */
	struct svc_refresh_ready ready;
	unsigned active;
	bool scheduled;
};

static void svc_refresh_schedule(struct svc_pulls *p);

struct svc_pulls *
svc_pulls_new(struct svc *s)
{
	struct svc_pulls *p = xcalloc(1, sizeof(*p));

	p->s = s;
	p->all = map_new();
	TAILQ_INIT(&p->ready);
	return p;
}

static void
svc_refresh_clear(struct svc_refresh *r)
{
	free(r->head_ref);
	free(r->base_ref);
	r->head_ref = r->base_ref = NULL;
	checks_release(&r->checks);
	r->by_sha = false;
	r->same = false;
	r->queued = 0;
}

static void
svc_refresh_free(struct svc_refresh *r)
{
	struct svc_refresh_wait *w;

	STAILQ_CONCAT(&r->waits, &r->next);
	while ((w = STAILQ_FIRST(&r->waits)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->waits, entry);
		free(w);
	}
	svc_refresh_clear(r);
	free(r);
}

void
svc_pulls_free(struct svc_pulls *p)
{
	size_t at = 0;
	void *v;

	if (p == NULL)
		return;
	while (map_next(p->all, &at, NULL, &v))
		svc_refresh_free(v);
	map_free(p->all);
	free(p);
}

/* This pass is over. */
static void
svc_refresh_end(struct svc_refresh *r, const struct err *fail)
{
	struct svc_pulls *p = r->s->pulls;
	struct svc_refresh_waits waits = STAILQ_HEAD_INITIALIZER(waits);
	struct svc_refresh_wait *w;

	if (fail != NULL)
		log_warn("pull refresh project=%" PRId64 " pull=%" PRId64
			 " reason=%s",
		    r->project, r->number, log_val(fail->msg));
	if (r->queued > 0)
		svc_ci_kick(r->s->ci);
	STAILQ_CONCAT(&waits, &r->waits);
	svc_refresh_clear(r);
	p->active--;
	r->running = false;
	if (r->again) {
		r->again = false;
		if (r->next_actor != 0)
			r->actor = r->next_actor;
		r->next_actor = 0;
		STAILQ_CONCAT(&r->waits, &r->next);
		TAILQ_INSERT_TAIL(&p->ready, r, entry);
	} else {
		(void)map_del(p->all, r->key);
		svc_refresh_free(r);
	}
	svc_refresh_schedule(p);
	while ((w = STAILQ_FIRST(&waits)) != NULL) {
		STAILQ_REMOVE_HEAD(&waits, entry);
		w->fn(fail, w->arg);
		free(w);
	}
}

/* An event whose data are two commits. */
struct svc_refresh_moved {
	const char *kind;
	const char *key_a, *a;
	const char *key_b, *b;
};

static int
svc_refresh_event(struct txn *t, const struct svc_refresh *r,
    const struct svc_refresh_moved *m, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = m->kind,
		.project_id = r->project,
		.item = r->number,
		.is_pull = true,
		.data = &data };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, m->key_a, m->a);
	jw_str(&w, m->key_b, m->b);
	jw_end(&w);
	return svc_event_add(t, &r->who, r->now, &v, e);
}

static int
svc_refresh_jobs(struct txn *t, struct svc_refresh *r, struct err *e)
{
	int64_t n;

	if (jobs_supersede(t, r->project, r->number, r->head, r->now, &n, e) ==
	    -1)
		return -1;
	for (size_t i = 0; i < r->checks.n; i++) {
		const struct svc_ci_new job = { .project_id = r->project,
			.pull = r->number,
			.sha = r->head,
			.base_sha = r->base,
			.check = &r->checks.v[i] };
		bool created = false;

		if (svc_ci_insert(t, &r->ci, r->now, &job, &created, e) == -1)
			return -1;
		r->queued += created;
	}
	return 0;
}

/*
 * Who wrote the new head: whose push it was, not who asked for the refresh.
 * Behind: git has a push whose rows are not written yet; they bring the next
 * refresh, and know.
 */
static int
svc_refresh_writer(struct txn *t, const struct svc_refresh *r,
    const struct pull *p, int64_t *writer, bool *behind, struct err *e)
{
	AUTO_FREE char *ref = xasprintf("refs/heads/%s", p->head);
	char sha[SHA_HEX + 1];
	int64_t mover;

	if (refs_get_mover(t, r->project, ref, sha, &mover, e) == -1)
		return -1;
	*behind = strcmp(sha, r->head) != 0;
	if (mover != 0)
		*writer = mover;
	return 0;
}

/* The base moved because upstream did.  *over: the change is there. */
static int
svc_refresh_by_upstream(struct txn *t, const struct svc_refresh *r,
    const struct pull *p, bool *over, struct err *e)
{
	const struct svc_arrived a = { .head = r->head,
		.base = r->base,
		.merge_base = r->merge_base,
		.same = r->same };

	if (svc_arrived_is(t, p, &a, over, e) == -1)
		return -1;
	if (*over)
		return svc_arrived_write(t, &r->who, r->now, p, &a, e);
	if (!r->clean && p->mergeable == MERGEABLE_YES &&
	    strcmp(p->head_sha, r->head) == 0 &&
	    strcmp(p->base_sha, r->base) != 0)
		return svc_arrived_conflict(t, &r->who, r->now, p, &a, e);
	return 0;
}

static int
svc_refresh_rows(
    struct txn *t, struct svc_refresh *r, const struct pull *p, struct err *e)
{
	const struct pull_merge_test test = { .head_sha = r->head,
		.base_sha = r->base,
		.merge_base = r->merge_base,
		.mergeable = r->clean ? MERGEABLE_YES : MERGEABLE_NO };
	const struct svc_refresh_moved sync = { "pull.synchronized", "before",
		p->head_sha, "head_sha", r->head };
	const struct svc_refresh_moved conflict = { "pull.conflict", "head_sha",
		r->head, "base_sha", r->base };
	bool moved = strcmp(p->head_sha, r->head) != 0;
	int64_t writer = r->who.user_id;
	bool over = false;

	if (r->who.user_id == r->s->agentd_id &&
	    svc_refresh_by_upstream(t, r, p, &over, e) == -1)
		return -1;
	if (over)
		return 0;
	if (moved) {
		bool behind;

		if (svc_refresh_writer(t, r, p, &writer, &behind, e) == -1)
			return -1;
		if (behind)
			return 0;
		if (pulls_set_head(t, p, r->head, writer, r->now, e) == -1 ||
		    svc_refresh_event(t, r, &sync, e) == -1)
			return -1;
	}
	if (pulls_set_mergeable(t, r->project, r->number, &test, e) == -1)
		return -1;
	if (!r->clean && p->issue.author.kind == USER_AGENT &&
	    (moved || p->mergeable != MERGEABLE_NO) &&
	    svc_refresh_event(t, r, &conflict, e) == -1)
		return -1;
	return svc_refresh_jobs(t, r, e);
}

static int
svc_refresh_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_refresh *r = arg;
	struct pull p = { .run_id = 0 };
	struct user u;
	int rc = 0;

	r->queued = 0;
	if (pulls_get(t, r->project, r->number, &p, e) == -1)
		return -1;
	if (users_by_id(
		t, r->actor != 0 ? r->actor : p.issue.author.id, &u, e) == -1) {
		pull_release(&p);
		return -1;
	}
	svc_identity_of(u.id, u.login, u.kind, &r->who);
	if (p.issue.state == ISSUE_OPEN)
		rc = svc_refresh_rows(t, r, &p, e);
	pull_release(&p);
	return rc;
}

static void
svc_refresh_written(const struct err *fail, void *arg)
{
	svc_refresh_end(arg, fail);
}

static void
svc_refresh_write(struct svc_refresh *r)
{
	r->now = r->s->now();
	db_write(r->s->db, svc_refresh_job, svc_refresh_written, r);
}

static void
svc_refresh_on_same(const struct git_result *res, void *arg)
{
	struct svc_refresh *r = arg;

	/* Not to be told is not the same. */
	r->same = res->fail == NULL && json_bool_or(res->j, "same", false);
	svc_refresh_write(r);
}

static void
svc_refresh_on_checks(const struct git_result *res, void *arg)
{
	struct svc_refresh *r = arg;
	struct err e = ERR_INIT;

	if (res->fail != NULL) {
		svc_refresh_end(r, res->fail);
		return;
	}
	/* A wrong file queues nothing; the gate says what is wrong with it. */
	if (json_bool_or(res->j, "found", false) &&
	    json_str_or(res->j, "error", NULL) == NULL &&
	    gitpool_result_checks(res, &r->checks, &e) == -1) {
		svc_refresh_end(r, &e);
		return;
	}
	/* Upstream moved the base: as other commits, perhaps. */
	if (r->actor == r->s->agentd_id && r->merge_base[0] != '\0' &&
	    strcmp(r->merge_base, r->head) != 0)
		gitpool_same_change(r->s->git, r->project, r->base, r->head,
		    svc_refresh_on_same, r);
	else
		svc_refresh_write(r);
}

static void
svc_refresh_on_ref(const struct git_result *res, void *arg)
{
	struct svc_refresh *r = arg;

	if (res->fail != NULL)
		svc_refresh_end(r, res->fail);
	else
		gitpool_checks(
		    r->s->git, r->project, r->base, svc_refresh_on_checks, r);
}

static void
svc_refresh_on_merge(const struct git_result *res, void *arg)
{
	struct svc_refresh *r = arg;
	char ref[64];
	const struct git_ref_change change = {
		.ref = ref, .old = "", .new_sha = r->head
	};
	const struct git_refs_spec spec = {
		.v = &change, .n = 1, .atomic = true
	};

	if (res->fail != NULL && res->fail->code == ERR_NOTFOUND &&
	    !r->by_sha) {
		r->by_sha = true;
		gitpool_mergeable(r->s->git, r->project, r->base_ref,
		    r->row_head, svc_refresh_on_merge, r);
		return;
	}
	if (res->fail != NULL) {
		svc_refresh_end(r, res->fail);
		return;
	}
	gitpool_sha(res, "head", r->head);
	gitpool_sha(res, "base", r->base);
	gitpool_sha(res, "merge_base", r->merge_base);
	r->clean = json_bool_or(res->j, "clean", false) &&
	    r->merge_base[0] != '\0';
	snprintf(ref, sizeof(ref), "refs/pull/%" PRId64 "/head", r->number);
	gitpool_refs_update(
	    r->s->git, r->project, &spec, svc_refresh_on_ref, r);
}

static void
svc_refresh_run(struct svc_refresh *r)
{
	struct svc *s = r->s;
	struct pull p = { .run_id = 0 };
	struct err e = ERR_INIT;

	r->running = true;
	s->pulls->active++;
	svc_identity_of(s->ci_id, "ci", USER_CI, &r->ci);
	if (pulls_get(db_reader(s->db), r->project, r->number, &p, &e) == -1) {
		svc_refresh_end(r, &e);
		return;
	}
	if (p.issue.state != ISSUE_OPEN) {
		pull_release(&p);
		svc_refresh_end(r, NULL);
		return;
	}
	r->head_ref = xasprintf("refs/heads/%s", p.head);
	r->base_ref = xasprintf("refs/heads/%s", p.base);
	memcpy(r->row_head, p.head_sha, sizeof(r->row_head));
	pull_release(&p);
	gitpool_mergeable(s->git, r->project, r->base_ref, r->head_ref,
	    svc_refresh_on_merge, r);
}

static void
svc_refresh_turn(void *arg)
{
	struct svc_pulls *p = arg;
	struct svc_refresh *r;

	p->scheduled = false;
	while (p->active < SVC_REFRESH_AT_ONCE &&
	    (r = TAILQ_FIRST(&p->ready)) != NULL) {
		TAILQ_REMOVE(&p->ready, r, entry);
		svc_refresh_run(r);
	}
}

static void
svc_refresh_schedule(struct svc_pulls *p)
{
	if (p->scheduled || TAILQ_EMPTY(&p->ready))
		return;
	p->scheduled = true;
	loop_defer(p->s->loop, svc_refresh_turn, p);
}

void
svc_pull_refresh(struct svc *s, int64_t project, int64_t number, int64_t actor,
    svc_pull_refreshed_fn *done, void *arg)
{
	struct svc_pulls *p = s->pulls;
	char key[SVC_REFRESH_KEY];
	struct svc_refresh *r;

	snprintf(key, sizeof(key), "%" PRId64 "/%" PRId64, project, number);
	r = map_get(p->all, key);
	if (r == NULL) {
		r = xcalloc(1, sizeof(*r));
		r->s = s;
		r->project = project;
		r->number = number;
		memcpy(r->key, key, sizeof(key));
		STAILQ_INIT(&r->waits);
		STAILQ_INIT(&r->next);
		(void)map_put(p->all, key, r);
		TAILQ_INSERT_TAIL(&p->ready, r, entry);
	} else if (r->running) {
		r->again = true;
	}
	if (actor != 0 && r->running)
		r->next_actor = actor;
	else if (actor != 0)
		r->actor = actor;
	if (done != NULL) {
		struct svc_refresh_wait *w = xcalloc(1, sizeof(*w));

		w->fn = done;
		w->arg = arg;
		if (r->running)
			STAILQ_INSERT_TAIL(&r->next, w, entry);
		else
			STAILQ_INSERT_TAIL(&r->waits, w, entry);
	}
	svc_refresh_schedule(p);
}

static void
svc_refresh_list(struct svc *s, const struct pull_filter *f, int64_t actor)
{
	struct pull_list list = { .at = NULL };
	struct err e = ERR_INIT;

	if (pulls_list(db_reader(s->db), f, &list, &e) == -1) {
		log_error("pull list project=%" PRId64 " reason=%s",
		    f->project_id, log_val(e.msg));
		return;
	}
	for (size_t i = 0; i < list.n; i++)
		svc_pull_refresh(s, f->project_id, list.at[i].issue.number,
		    actor, NULL, NULL);
	pull_list_release(&list);
}

void
svc_pull_on_branch(
    struct svc *s, int64_t project, const char *branch, int64_t actor)
{
	struct pull_filter f = {
		.project_id = project, .state = ISSUE_OPEN, .limit = DB_LIST_MAX
	};

	if (strncmp(branch, "refs/heads/", 11) == 0)
		branch += 11;
	f.head = branch;
	svc_refresh_list(s, &f, actor);
	f.head = NULL;
	f.base = branch;
	svc_refresh_list(s, &f, actor);
}

/* Do the rows say what the branches are? */
static bool
svc_pull_is_current(struct svc *s, const struct pull *p)
{
	AUTO_FREE char *head = xasprintf("refs/heads/%s", p->head);
	AUTO_FREE char *base = xasprintf("refs/heads/%s", p->base);
	char head_sha[SHA_HEX + 1], base_sha[SHA_HEX + 1];
	struct err e = ERR_INIT;

	if (p->mergeable == MERGEABLE_UNKNOWN ||
	    refs_get(db_reader(s->db), p->issue.project_id, head, head_sha,
		&e) == -1 ||
	    refs_get(db_reader(s->db), p->issue.project_id, base, base_sha,
		&e) == -1)
		return false;
	return strcmp(base_sha, p->base_sha) == 0 &&
	    (head_sha[0] == '\0' || strcmp(head_sha, p->head_sha) == 0);
}

bool
svc_pull_needs_refresh(struct svc *s, const struct pull *p)
{
	return p->issue.state == ISSUE_OPEN && !svc_pull_is_current(s, p);
}

static void
svc_pulls_start_project(struct svc *s, int64_t project)
{
	const struct pull_filter f = {
		.project_id = project, .state = ISSUE_OPEN, .limit = DB_LIST_MAX
	};
	struct pull_list list = { .at = NULL };
	struct err e = ERR_INIT;

	if (pulls_list(db_reader(s->db), &f, &list, &e) == -1) {
		log_error("pull list project=%" PRId64 " reason=%s", project,
		    log_val(e.msg));
		return;
	}
	for (size_t i = 0; i < list.n; i++)
		if (svc_pull_needs_refresh(s, &list.at[i]))
			svc_pull_refresh(
			    s, project, list.at[i].issue.number, 0, NULL, NULL);
	pull_list_release(&list);
}

void
svc_pulls_start(struct svc *s)
{
	struct project_filter f = { .limit = 100 };
	struct err e = ERR_INIT;
	size_t n;

	do {
		struct project_list list = { .at = NULL };

		if (projects_list(db_reader(s->db), &f, &list, &e) == -1) {
			log_error("pull start reason=%s", log_val(e.msg));
			return;
		}
		n = list.n;
		for (size_t i = 0; i < n; i++)
			svc_pulls_start_project(s, list.at[i].id);
		project_list_release(&list);
		f.offset += 100;
	} while (n == 100);
}
