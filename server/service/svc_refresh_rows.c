/* svc_refresh_rows: what a refresh writes: the pull request, its events, the
 * jobs of its checks. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/push_policy.h"
#include "server/service/svc_arrived.h"
#include "server/service/svc_ci_head.h"
#include "server/service/svc_ci_report.h"
#include "server/service/svc_protect.h"
#include "server/service/svc_refresh_priv.h"
#include "server/store/jobs.h"
#include "server/store/projects.h"
#include "server/store/pull_writers.h"
#include "server/store/refs.h"
#include "server/store/timeline.h"
#include "server/store/users.h"

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

/* A fork has CI when an admin has started its sandbox: its owner, who may be
 * anybody that reads, writes the checks.  A branch of the agent's has none: it
 * would write what its own changes are checked with. */
static int
svc_refresh_has_ci(
    struct txn *t, const struct svc_refresh *r, bool *yes, struct err *e)
{
	struct project p = { .id = 0 };
	struct pull now = { .run_id = 0 };
	int rc;

	if (projects_by_id(t, r->project, &p, e) == -1)
		return -1;
	*yes = p.parent_id == 0 || p.sandbox.want == WANT_RUNNING;
	project_release(&p);
	if (!*yes)
		return 0;
	rc = pulls_get(t, r->project, r->number, &now, e);
	if (rc == 0 && push_policy_is_agent_branch(now.base))
		*yes = false;
	else if (rc == 0)
		rc = svc_pull_is_trusted(t, r->project, &now, yes, e);
	pull_release(&now);
	return rc;
}

static int
svc_refresh_jobs(struct txn *t, struct svc_refresh *r, struct err *e)
{
	struct svc_ci_head h = { .svc = r->s,
		.ci = &r->ci,
		.now = r->now,
		.project_id = r->project,
		.pull = r->number,
		.sha = r->head,
		.base_sha = r->base,
		.merge_tree = r->test_merge ? r->merge_tree : NULL,
		.checks = &r->checks,
		.change = &r->change };
	bool ci = false;
	int64_t n;

	if (jobs_supersede(t, r->project, r->number, r->head, r->now, &n, e) ==
		-1 ||
	    svc_refresh_has_ci(t, r, &ci, e) == -1)
		return -1;
	if (!ci)
		return svc_ci_report(t, r->s, r->now, r->project, r->number, e);
	if (svc_ci_head_jobs(t, &h, e) == -1)
		return -1;
	r->queued = h.queued;
	/* Of a head without a verdict only what was said of another. */
	return svc_ci_report(t, r->s, r->now, r->project, r->number, e);
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
	char sha[SHA_HEX + 1];
	int64_t mover, of;
	AUTO_FREE char *ref = svc_pull_head_ref(p, &of);

	if (refs_get_mover(t, of, ref, sha, &mover, e) == -1)
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

/* The head's new commits in the timeline, as whose push they were. */
static int
svc_refresh_note(struct txn *t, const struct svc_refresh *r,
    const struct svc_refresh_moved *m, int64_t writer, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct timeline_new n = { .project_id = r->project,
		.item = r->number,
		.actor_id = writer,
		.now = r->now,
		.kind = "pull_push" };
	struct jw w;
	int64_t id;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, m->key_a, m->a);
	jw_str(&w, m->key_b, m->b);
	jw_end(&w);
	n.data = str_cstr(&data);
	return timeline_add(t, &n, &id, e);
}

/* What git said of the diff: its size, its conflicts, the lines spoken of. */
static int
svc_refresh_facts(struct txn *t, const struct svc_refresh *r,
    const struct pull *p, struct err *e)
{
	const char *conflicts = r->clean || r->conflicts == NULL ? ""
								 : r->conflicts;

	if (strcmp(p->conflicts, conflicts) != 0 &&
	    pulls_set_conflicts(t, r->project, r->number, conflicts, e) == -1)
		return -1;
	if (!r->facts)
		return 0;
	for (size_t i = 0; i < r->live.n; i++) {
		const struct review_comment *c = &r->live.at[i];
		const struct review_comment_move m = { .id = c->id,
			.from_sha = c->at_sha,
			.to_sha = c->side == REVIEW_SIDE_OLD ? r->merge_base
							     : r->head,
			.line = r->lines[i] };

		if (review_comments_move(t, &m, e) == -1)
			return -1;
	}
	return pulls_set_stat(t, r->project, r->number, &r->stat, e);
}

static int
svc_refresh_rows(
    struct txn *t, struct svc_refresh *r, const struct pull *p, struct err *e)
{
	const struct pull_merge_test test = { .head_sha = r->head,
		.base_sha = r->base,
		.merge_base = r->merge_base,
		.merge_tree = r->merge_tree,
		.mergeable = r->clean ? MERGEABLE_YES : MERGEABLE_NO };
	const struct svc_refresh_moved sync = { "pull.synchronized", "before",
		p->head_sha, "head_sha", r->head };
	const struct svc_refresh_moved conflict = { "pull.conflict", "head_sha",
		r->head, "base_sha", r->base };
	const struct pull_parts parts = { .project_id = r->project,
		.number = r->number,
		.head_project = r->head_project,
		.shas = r->parts };
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
		    svc_protect_head_moved(t, p, r->head, r->now, e) == -1 ||
		    svc_refresh_note(t, r, &sync, writer, e) == -1 ||
		    svc_refresh_event(t, r, &sync, e) == -1)
			return -1;
	}
	if (pull_parts_set(t, &parts, e) == -1 ||
	    pulls_set_mergeable(t, r->project, r->number, &test, e) == -1 ||
	    svc_refresh_facts(t, r, p, e) == -1)
		return -1;
	if (!r->clean && p->issue.author.kind == USER_AGENT &&
	    (moved || p->mergeable != MERGEABLE_NO) &&
	    svc_refresh_event(t, r, &conflict, e) == -1)
		return -1;
	return svc_refresh_jobs(t, r, e);
}

int
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
