/* The rows of a merge, and the gate from rows. */
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/issue_rule.h"
#include "server/service/svc_merge.h"
#include "server/store/issues.h"
#include "server/store/jobs.h"
#include "server/store/projects.h"
#include "server/store/pulls.h"
#include "server/store/refs.h"
#include "server/store/reviews.h"
#include "server/store/statuses.h"
#include "server/store/users.h"

static const char *
svc_gate_status(const struct status_list *list, const char *check)
{
	for (size_t i = 0; i < list->n; i++)
		if (strncmp(list->at[i].context, "ci/", 3) == 0 &&
		    strcmp(list->at[i].context + 3, check) == 0)
			return status_state_name(list->at[i].state);
	return NULL;
}

static enum merge_review_verdict
svc_gate_verdict(const struct review *r)
{
	if (r->state == REVIEW_APPROVED)
		return MERGE_APPROVED;
	return r->state == REVIEW_REQUEST_CHANGES ? MERGE_REJECTED
						  : MERGE_COMMENT;
}

static void
svc_gate_ask(const struct pull *p, int64_t approvals,
    const struct svc_gate_facts *f, const struct review_list *reviews,
    const struct status_list *statuses, struct merge_verdict *out)
{
	static const enum merge_mergeable mergeable[] = {
		[MERGEABLE_UNKNOWN] = MERGE_UNKNOWN,
		[MERGEABLE_YES] = MERGE_CLEAN,
		[MERGEABLE_NO] = MERGE_CONFLICT,
	};
	AUTO_FREE struct merge_review *rv = xcalloc(
	    reviews->n + 1, sizeof(*rv));
	struct merge_check checks[CHECKS_MAX];
	struct merge_input in = { .open = p->issue.state == ISSUE_OPEN,
		.draft = p->draft,
		.merged = p->issue.merged,
		.mergeable = mergeable[p->mergeable],
		.head_sha = p->head_sha,
		.checks_state = f->state,
		.checks_error = f->error,
		.checks = checks,
		.n_checks = f->checks.n,
		.reviews = rv,
		.n_reviews = reviews->n,
		.approvals = approvals };

	for (size_t i = 0; i < f->checks.n; i++)
		checks[i] = (struct merge_check){ f->checks.v[i].name,
			f->checks.v[i].required,
			svc_gate_status(statuses, f->checks.v[i].name) };
	for (size_t i = 0; i < reviews->n; i++) {
		const struct review *r = &reviews->at[i];

		rv[i] = (struct merge_review){ .user = r->author.id,
			.login = r->author.login,
			.maintainer = r->role >= ROLE_MAINTAINER,
			.wrote_head = r->author.id == p->head_user_id ||
			    r->author.id == p->issue.author.id,
			.verdict = svc_gate_verdict(r),
			.sha = r->sha };
	}
	merge_policy_decide(&in, out);
}

int
svc_gate_decide(struct txn *t, const struct pull *p, int64_t approvals,
    const struct svc_gate_facts *f, struct merge_verdict *out, struct err *e)
{
	struct review_list reviews = { .at = NULL };
	struct status_list statuses = { .at = NULL };
	int rc = -1;

	if (reviews_latest(
		t, p->issue.project_id, p->issue.number, &reviews, e) == 0 &&
	    statuses_latest(
		t, p->issue.project_id, p->head_sha, &statuses, e) == 0) {
		svc_gate_ask(p, approvals, f, &reviews, &statuses, out);
		rc = 0;
	}
	review_list_release(&reviews);
	status_list_release(&statuses);
	return rc;
}

static int
svc_merge_event(struct txn *t, const struct identity *who, int64_t now,
    const struct merging *m, bool branch, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	AUTO_STR struct str ref = STR_INIT;
	const struct svc_event v = {
		.kind = branch ? "branch.updated" : "pull.merged",
		.project_id = m->project_id,
		.item = branch ? 0 : m->number,
		.is_pull = !branch,
		.data = &data,
	};
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	if (branch) {
		str_addf(&ref, "refs/heads/%s", m->base);
		jw_str(&w, "ref", str_cstr(&ref));
		jw_str(&w, "old", m->base_sha);
		jw_str(&w, "new", m->merge_sha);
		jw_bool(&w, "forced", false);
		jw_str(&w, "source", "merge");
	} else {
		jw_str(&w, "sha", m->merge_sha);
		jw_str(&w, "head_sha", m->head_sha);
	}
	jw_end(&w);
	return svc_event_add(t, who, now, &v, e);
}

/* The row of the branch; another writer may have followed the ref already. */
static int
svc_merge_branch(struct txn *t, const struct identity *who, int64_t now,
    const struct merging *m, struct err *e)
{
	AUTO_STR struct str ref = STR_INIT;
	char sha[SHA_HEX + 1];

	str_addf(&ref, "refs/heads/%s", m->base);
	if (refs_get(t, m->project_id, str_cstr(&ref), sha, e) == -1)
		return -1;
	if (strcmp(sha, m->base_sha) != 0 && sha[0] != '\0')
		return 0;
	if (refs_put(t, m->project_id, str_cstr(&ref), m->merge_sha, m->user_id,
		e) == -1)
		return -1;
	return svc_merge_event(t, who, now, m, true, e);
}

static int
svc_merge_close_one(struct txn *t, const struct identity *who, int64_t now,
    int64_t project, int64_t number, struct err *e)
{
	const struct svc_event v = {
		.kind = "issue.closed", .project_id = project, .item = number
	};
	struct issue i = { .id = 0 };
	bool close;

	if (issues_get(t, project, number, &i, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	close = !i.is_pull && i.state == ISSUE_OPEN;
	issue_release(&i);
	if (!close)
		return 0;
	if (issues_set_state(t, project, number, ISSUE_CLOSED, now, e) == -1)
		return -1;
	return svc_event_add(t, who, now, &v, e);
}

static int
svc_merge_close(struct txn *t, const struct identity *who, int64_t now,
    const struct pull *p, struct err *e)
{
	int64_t fixes[ISSUE_FIXES_MAX];
	size_t n = issue_rule_fixes(view_of(p->issue.body), fixes);
	struct project project = { .id = 0 };
	bool ours;

	if (projects_by_id(t, p->issue.project_id, &project, e) == -1)
		return -1;
	ours = strcmp(project.default_branch, p->base) == 0;
	project_release(&project);
	for (size_t i = 0; ours && i < n; i++)
		if (svc_merge_close_one(
			t, who, now, p->issue.project_id, fixes[i], e) == -1)
			return -1;
	return 0;
}

static int
svc_merge_rows(struct txn *t, const struct identity *who, int64_t now,
    const struct merging *m, const struct pull *p, struct err *e)
{
	const struct pull_merged merged = { .head_sha = m->head_sha,
		.merge_sha = m->merge_sha,
		.base_sha = m->base_sha,
		.user_id = m->user_id,
		.now = now };
	int64_t n;

	/* What was pushed while the base moved is not part of the merge. */
	if (strcmp(p->head_sha, m->head_sha) != 0 &&
	    pulls_set_head(t, p, m->head_sha, p->head_user_id, now, e) == -1)
		return -1;
	if (svc_merge_branch(t, who, now, m, e) == -1 ||
	    pulls_set_merged(t, m->project_id, m->number, &merged, e) == -1 ||
	    svc_merge_event(t, who, now, m, false, e) == -1 ||
	    svc_merge_close(t, who, now, p, e) == -1 ||
	    jobs_supersede(t, m->project_id, m->number, "", now, &n, e) == -1)
		return -1;
	return 0;
}

int
svc_merge_write(
    struct txn *t, const struct merging *m, int64_t now, struct err *e)
{
	struct identity who;
	struct pull p = { .run_id = 0 };
	struct user u;
	int rc = 0;

	if (users_by_id(t, m->user_id, &u, e) == -1 ||
	    pulls_get(t, m->project_id, m->number, &p, e) == -1)
		return -1;
	svc_identity_of(u.id, u.login, u.kind, &who);
	if (p.issue.state == ISSUE_OPEN)
		rc = svc_merge_rows(t, &who, now, m, &p, e);
	pull_release(&p);
	if (rc == -1)
		return -1;
	return merging_delete(t, m->project_id, m->number, e);
}
