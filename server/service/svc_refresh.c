/* The refresh of svc_pull.h: at most SVC_REFRESH_AT_ONCE at a time, one per
 * pull request; what is asked for while one runs makes it run once more. */
#include "server/service/svc_refresh_priv.h"

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
#include "server/git/git_copy.h"
#include "server/git/git_merge.h"
#include "server/git/git_pull.h"
#include "server/service/svc_checks.h"
#include "server/service/svc_ci.h"
#include "server/service/svc_look.h"
#include "server/store/projects.h"
#include "server/store/pulls.h"
#include "server/store/review_comments.h"

enum {
	SVC_REFRESH_AT_ONCE = 4
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
	svc_ci_change_release(&r->change);
	review_comment_list_release(&r->live);
	free(r->lines);
	free(r->conflicts);
	free(r->parts);
	r->lines = NULL;
	r->conflicts = NULL;
	r->parts = NULL;
	r->facts = false;
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
	else
		svc_look(r->s, r->project, r->number, NULL, NULL);
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
svc_refresh_go_on(struct svc_refresh *r)
{
	/* Upstream moved the base: as other commits, perhaps. */
	if (r->actor == r->s->agentd_id && r->merge_base[0] != '\0' &&
	    strcmp(r->merge_base, r->head) != 0)
		gitpool_same_change(r->s->git, r->project, r->base, r->head,
		    svc_refresh_on_same, r);
	else
		svc_refresh_write(r);
}

/* Its own file is not what it is checked with, but it would be the next. */
static void
svc_refresh_on_own_file(const struct git_result *res, void *arg)
{
	struct svc_refresh *r = arg;
	AUTO_CHECKS struct checks own = CHECKS_INIT;
	struct svc_checks_state state;

	if (res->fail == NULL) {
		svc_checks_take(r->s, res, &own, &state);
		if (state.state == MERGE_CHECKS_WRONG)
			memcpy(r->change.file_error, state.error,
			    sizeof(state.error));
	}
	svc_refresh_go_on(r);
}

/* Without it every check runs, and no test is asked what it shows. */
static void
svc_refresh_on_change(const struct git_result *res, void *arg)
{
	struct svc_refresh *r = arg;

	if (res->fail != NULL)
		log_warn("pull change project=%" PRId64 " pull=%" PRId64
			 " reason=%s",
		    r->project, r->number, log_val(res->fail->msg));
	else
		svc_ci_change_read(res, &r->checks, &r->change);
	if (r->change.checks_file)
		gitpool_checks(r->s->git, r->project, r->head, NULL,
		    svc_refresh_on_own_file, r);
	else
		svc_refresh_go_on(r);
}

static void
svc_refresh_ask_change(struct svc_refresh *r)
{
	AUTO_STR struct str words = STR_INIT;
	struct err e = ERR_INIT;
	struct git_tests_spec spec = { .base = r->merge_base,
		.tip = r->base,
		.head = r->head,
		.patterns = r->checks.tests };

	if (svc_ci_head_words(db_reader(r->s->db), r->project, r->number,
		r->head, &r->change, &words, &e) == -1)
		log_warn("pull orders project=%" PRId64 " reason=%s",
		    r->project, log_val(e.msg));
	if (r->merge_base[0] == '\0') {
		svc_refresh_go_on(r);
		return;
	}
	spec.words = str_cstr(&words);
	gitpool_tests(r->s->git, r->project, &spec, svc_refresh_on_change, r);
}

static void
svc_refresh_on_touched(const struct git_result *res, void *arg)
{
	struct svc_refresh *r = arg;

	if (res->fail != NULL)
		log_warn("pull files project=%" PRId64 " pull=%" PRId64
			 " reason=%s",
		    r->project, r->number, log_val(res->fail->msg));
	svc_ci_change_touched(res, &r->checks, &r->change);
	svc_refresh_ask_change(r);
}

static void
svc_refresh_on_checks(const struct git_result *res, void *arg)
{
	struct svc_refresh *r = arg;
	struct svc_checks_state state;

	if (res->fail != NULL) {
		svc_refresh_end(r, res->fail);
		return;
	}
	/* A wrong file queues nothing; the gate says what is wrong with it. */
	svc_checks_take(r->s, res, &r->checks, &state);
	if (r->merge_base[0] == '\0')
		svc_refresh_ask_change(r);
	else
		gitpull_touched(r->s->git, r->project, r->base, r->head,
		    svc_refresh_on_touched, r);
}

/* Without them the rows keep what they had. */
static void
svc_refresh_on_facts(const struct git_result *res, void *arg)
{
	struct svc_refresh *r = arg;
	const struct json *lines = json_get(res->j, "lines");
	const struct json *line = json_first(lines);

	if (res->fail != NULL)
		log_warn("pull facts project=%" PRId64 " pull=%" PRId64
			 " reason=%s",
		    r->project, r->number, log_val(res->fail->msg));
	else if (json_count(lines) == r->live.n) {
		r->facts = true;
		r->stat.additions = json_i64_or(res->j, "additions", 0);
		r->stat.deletions = json_i64_or(res->j, "deletions", 0);
		r->stat.changed_files = json_i64_or(res->j, "files", 0);
		r->lines = xcalloc(r->live.n + 1, sizeof(*r->lines));
		for (size_t i = 0; i < r->live.n; i++, line = json_next(line))
			r->lines[i] = json_integer(line, 0);
	}
	svc_checks_ask(r->s, r->project, r->base, svc_refresh_on_checks, r);
}

static void
svc_refresh_ask_facts(struct svc_refresh *r)
{
	const struct review_comment_filter f = {
		.project_id = r->project, .item = r->number, .live = true
	};
	AUTO_FREE struct git_pull_line *lines = NULL;
	struct git_pull_facts spec = { .base = r->base, .head = r->head };
	struct err e = ERR_INIT;

	if (review_comments_list(db_reader(r->s->db), &f, &r->live, &e) == -1)
		log_warn("pull comments project=%" PRId64 " pull=%" PRId64
			 " reason=%s",
		    r->project, r->number, log_val(e.msg));
	lines = xcalloc(r->live.n + 1, sizeof(*lines));
	for (size_t i = 0; i < r->live.n; i++) {
		const struct review_comment *c = &r->live.at[i];

		lines[i] = (struct git_pull_line){ .path = c->path,
			.sha = c->at_sha,
			.line = c->line,
			.old = c->side == REVIEW_SIDE_OLD };
	}
	spec.lines = lines;
	spec.n = r->live.n;
	gitpull_facts(r->s->git, r->project, &spec, svc_refresh_on_facts, r);
}

/* Who brought them is not to be told without: the gate stays shut. */
static void
svc_refresh_on_parts(const struct git_result *res, void *arg)
{
	struct svc_refresh *r = arg;
	struct str text = STR_INIT;
	bool same;

	if (res->fail != NULL) {
		svc_refresh_end(r, res->fail);
		return;
	}
	if (!json_bool_or(res->j, "truncated", true)) {
		json_print(json_get(res->j, "commits"), &text);
		r->parts = str_steal(&text);
	}
	same = r->sized && strcmp(r->head, r->row_head) == 0 &&
	    strcmp(r->merge_base, r->row_base) == 0;
	if (same || r->merge_base[0] == '\0')
		svc_checks_ask(
		    r->s, r->project, r->base, svc_refresh_on_checks, r);
	else
		svc_refresh_ask_facts(r);
}

static void
svc_refresh_on_ref(const struct git_result *res, void *arg)
{
	struct svc_refresh *r = arg;
	const char *hide[] = { r->base, NULL };
	const struct git_brought b = { r->head, hide, GIT_BROUGHT_MAX };

	if (res->fail != NULL)
		svc_refresh_end(r, res->fail);
	else
		gitpull_brought(
		    r->s->git, r->project, &b, svc_refresh_on_parts, r);
}

static void
svc_refresh_conflicts(struct svc_refresh *r, const struct json *j)
{
	AUTO_STR struct str text = STR_INIT;

	if (json_count(j) == 0)
		return;
	json_print(j, &text);
	r->conflicts = str_steal(&text);
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
		    r->row_head, r->test_merge, svc_refresh_on_merge, r);
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
	r->merge_tree[0] = '\0';
	if (r->test_merge && r->clean)
		gitpool_sha(res, "tree", r->merge_tree);
	svc_refresh_conflicts(r, json_get(res->j, "conflicts"));
	snprintf(ref, sizeof(ref), "refs/pull/%" PRId64 "/head", r->number);
	gitpool_refs_update(
	    r->s->git, r->project, &spec, svc_refresh_on_ref, r);
}

static void
svc_refresh_ask_merge(struct svc_refresh *r)
{
	gitpool_mergeable(r->s->git, r->project, r->base_ref, r->head_ref,
	    r->test_merge, svc_refresh_on_merge, r);
}

/* A branch that is gone leaves the head that was brought last. */
static void
svc_refresh_on_copied(const struct err *fail, void *arg)
{
	struct svc_refresh *r = arg;

	if (fail != NULL && fail->code != ERR_NOTFOUND)
		svc_refresh_end(r, fail);
	else
		svc_refresh_ask_merge(r);
}

/* The head is a branch of another project: its commits are brought here first,
 * unless they are here. */
static void
svc_refresh_from_fork(struct svc_refresh *r, const struct pull *p)
{
	int64_t of;
	AUTO_FREE char *branch = svc_pull_head_ref(p, &of);
	AUTO_FREE char *spec = NULL;
	char sha[SHA_HEX + 1] = "";
	struct err e = ERR_INIT;

	r->head_ref = xasprintf("refs/pull/%" PRId64 "/head", r->number);
	if (svc_pull_head_now(db_reader(r->s->db), p, sha, &e) == -1 ||
	    sha[0] == '\0' ||
	    (p->mergeable != MERGEABLE_UNKNOWN &&
		strcmp(sha, p->head_sha) == 0)) {
		svc_refresh_ask_merge(r);
		return;
	}
	spec = xasprintf("+%s:%s", branch, r->head_ref);
	gitcopy(r->s->copies,
	    &(const struct git_copy_spec){ .from = of,
		.to = r->project,
		.refs = { spec, NULL },
		.done = svc_refresh_on_copied,
		.arg = r });
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
	if (svc_pull_tests_merge(db_reader(s->db), r->project, p.base,
		&r->test_merge, &e) == -1) {
		pull_release(&p);
		svc_refresh_end(r, &e);
		return;
	}
	r->base_ref = xasprintf("refs/heads/%s", p.base);
	memcpy(r->row_head, p.head_sha, sizeof(r->row_head));
	memcpy(r->row_base, p.merge_base, sizeof(r->row_base));
	r->sized = p.changed_files > 0;
	r->head_project = p.head_project;
	if (p.head_project != 0) {
		svc_refresh_from_fork(r, &p);
	} else {
		r->head_ref = xasprintf("refs/heads/%s", p.head);
		svc_refresh_ask_merge(r);
	}
	pull_release(&p);
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
