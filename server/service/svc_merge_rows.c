/* The rows of a merge, and the gate from rows. */
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/job_name.h"
#include "server/domain/job_rule.h"
#include "server/service/svc_ci.h"
#include "server/service/svc_look.h"
#include "server/service/svc_mention.h"
#include "server/service/svc_merge.h"
#include "server/store/approvals.h"
#include "server/store/auto_merges.h"
#include "server/store/jobs.h"
#include "server/store/projects.h"
#include "server/store/pull_looks.h"
#include "server/store/pull_writers.h"
#include "server/store/pulls.h"
#include "server/store/refs.h"
#include "server/store/review_comments.h"
#include "server/store/reviews.h"
#include "server/store/statuses.h"
#include "server/store/timeline.h"
#include "server/store/users.h"

/* Of this pull request's own job alone, as its check is now: another with the
 * same head may have run something else, and statuses are of the head. */
static const char *
svc_gate_status(enum job_state job)
{
	return job == 0 ? NULL : status_state_name(job_rule_status(job));
}

static enum merge_review_verdict
svc_gate_verdict(const struct review *r)
{
	/* A program's account may say no, but not yes. */
	if (r->state == REVIEW_APPROVED)
		return r->author.bot ? MERGE_COMMENT : MERGE_APPROVED;
	return r->state == REVIEW_REQUEST_CHANGES ? MERGE_REJECTED
						  : MERGE_COMMENT;
}

/* What the gate weighs, as rows. */
struct svc_gate_rows {
	struct review_list reviews;
	struct review_list asked;
	struct status_list statuses;
	struct review_comments_open open;
	int64_t budget; /* the ask for money that is open */
	struct look look;
	struct look_list found;
	enum job_state jobs[CHECKS_MAX];
	enum job_state *of; /* by the index of the status: its job's */
};

static void
svc_gate_rows_release(struct svc_gate_rows *x)
{
	review_list_release(&x->reviews);
	review_list_release(&x->asked);
	status_list_release(&x->statuses);
	look_list_release(&x->found);
	free(x->open.path);
	free(x->of);
}

/* What is known of the protected files, if it is known of these commits and
 * these patterns. */
static enum merge_files
svc_gate_files_of(const struct svc_gate_ask *a)
{
	const struct svc_gate_facts *f = a->facts;

	if (a->rule == NULL || strcmp(f->files_pattern, a->rule->files) != 0 ||
	    strcmp(f->files_head, a->pull->head_sha) != 0 ||
	    strcmp(f->files_base, a->pull->base_sha) != 0)
		return MERGE_FILES_UNKNOWN;
	return f->files;
}

/* In arrays that live as long as the question. */
struct svc_gate_arrays {
	struct merge_review *reviews;
	struct merge_status *statuses;
	struct merge_request *asked;
	bool *wrote; /* by the index of the review */
};

/* CI's own; that of the file of checks is of the head alone. */
static bool
svc_gate_is_job(const char *context)
{
	return strncmp(context, "ci/", 3) == 0 &&
	    strcmp(context, "ci/" CHECK_FILE) != 0;
}

/* Of each context the newest of those who count; returns how many.  CI's are
 * what this pull request's jobs came to: none that it has not run, and not what
 * another with the same head came to. */
static size_t
svc_gate_statuses(const struct svc_gate_ask *a, const struct svc_gate_rows *x,
    struct merge_status *out)
{
	const struct status_list *list = &x->statuses;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct status *s = &list->at[i];
		enum status_state state = s->state;

		if (svc_gate_is_job(s->context)) {
			if (x->of[i] == 0)
				continue;
			state = job_rule_status(x->of[i]);
		}
		if (a->rule != NULL &&
		    !protect_may_status(a->rule, s->creator.id, s->context))
			continue;
		if (n == 0 || strcmp(out[n - 1].context, s->context) != 0)
			n++;
		out[n - 1] = (struct merge_status){ s->context,
			status_state_name(state) };
	}
	return n;
}

static void
svc_gate_protection(const struct svc_gate_ask *a, const struct svc_gate_rows *x,
    struct svc_gate_arrays *v, struct merge_input *in)
{
	in->rule = a->rule;
	in->user = a->user;
	in->files = svc_gate_files_of(a);
	in->changed = (const char *const *)a->facts->changed;
	in->n_changed = a->facts->n_changed;
	in->statuses = v->statuses;
	in->n_statuses = svc_gate_statuses(a, x, v->statuses);
	for (size_t i = 0; i < x->asked.n; i++)
		v->asked[i] = (struct merge_request){ x->asked.at[i].author.id,
			x->asked.at[i].author.login,
			x->asked.at[i].role >= ROLE_MAINTAINER };
	in->requests = v->asked;
	in->n_requests = x->asked.n;
}

/* What is open of what was found, if that is of these commits. */
static void
svc_gate_findings(const struct svc_gate_ask *a, const struct svc_gate_rows *x,
    struct merge_input *in)
{
	if (a->findings == LOOK_OFF)
		return;
	in->findings = MERGE_FINDINGS_KNOWN;
	if (strcmp(x->look.head, a->pull->head_sha) != 0 ||
	    strcmp(x->look.base, a->pull->base_sha) != 0 ||
	    x->look.why[0] != '\0') {
		in->findings = MERGE_FINDINGS_UNKNOWN;
		in->found_error = x->look.why;
		return;
	}
	for (size_t i = 0; i < x->found.n; i++) {
		const struct look_finding *f = &x->found.at[i];

		if (!look_is_open(a->findings, f->severity,
			f->dismissed.id != 0 && f->counts))
			continue;
		if (in->n_found++ == 0) {
			in->found_rule = f->rule;
			in->found_file = f->file;
		}
	}
}

static void
svc_gate_weigh(const struct svc_gate_ask *a, const struct svc_gate_rows *x,
    struct svc_gate_arrays *arrays, struct merge_verdict *out)
{
	const struct pull *p = a->pull;
	const struct svc_gate_facts *f = a->facts;
	const struct review_list *reviews = &x->reviews;
	static const enum merge_mergeable mergeable[] = {
		[MERGEABLE_UNKNOWN] = MERGE_UNKNOWN,
		[MERGEABLE_YES] = MERGE_CLEAN,
		[MERGEABLE_NO] = MERGE_CONFLICT,
	};
	struct merge_review *rv = arrays->reviews;
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
		.approvals = a->approvals,
		.behind = strcmp(p->merge_base, p->base_sha) != 0,
		.current = a->current,
		.merged_into = a->test_merge ? p->base_sha : NULL,
		.conversations = a->conversations,
		.n_open = x->open.n,
		.open_at = x->open.path,
		.budget = x->budget };

	svc_gate_findings(a, x, &in);

	/* Those of another base, from which it moved just now, say nothing. */
	if (strcmp(f->checks_base, p->base_sha) != 0) {
		in.checks_state = MERGE_CHECKS_WRONG;
		in.checks_error = "it moved just now: ask again";
	}
	for (size_t i = 0; i < f->checks.n; i++)
		checks[i] = (struct merge_check){ f->checks.v[i].name,
			f->checks.v[i].required, svc_gate_status(x->jobs[i]) };
	for (size_t i = 0; i < reviews->n; i++) {
		const struct review *r = &reviews->at[i];

		rv[i] = (struct merge_review){ .user = r->author.id,
			.login = r->author.login,
			.maintainer = r->role >= ROLE_MAINTAINER,
			.wrote = arrays->wrote[i],
			.verdict = svc_gate_verdict(r),
			.sha = r->sha,
			.body = r->body,
			.retargeted = r->retargeted };
	}
	svc_gate_protection(a, x, arrays, &in);
	merge_policy_decide(&in, out);
}

/* Its job of that name; a check's only as the check is now, and of what is to
 * be tested now; 0: none. */
static int
svc_gate_job(struct txn *t, const struct svc_gate_ask *a, const char *name,
    enum job_state *out, struct err *e)
{
	const struct check *k = checks_find(&a->facts->checks, name);
	const struct pull *p = a->pull;
	char spec[SVC_CI_SPEC] = "";
	const struct job_new of = { .project_id = p->issue.project_id,
		.pull = p->issue.number,
		.sha = p->head_sha,
		.name = name,
		.tree = a->test_merge ? p->merge_tree : "",
		.spec = spec };

	*out = 0;
	if (job_name_read(name).kind == JOB_KIND_CHECK) {
		if (k == NULL || (a->test_merge && p->merge_tree[0] == '\0'))
			return 0;
		svc_ci_spec(k, spec);
	}
	return jobs_state(t, &of, out, e);
}

static int
svc_gate_jobs(struct txn *t, const struct svc_gate_ask *a,
    struct svc_gate_rows *x, struct err *e)
{
	const struct checks *checks = &a->facts->checks;

	for (size_t i = 0; i < checks->n; i++)
		if (svc_gate_job(t, a, checks->v[i].name, &x->jobs[i], e) == -1)
			return -1;
	x->of = xcalloc(x->statuses.n + 1, sizeof(*x->of));
	for (size_t i = 0; i < x->statuses.n; i++) {
		const char *context = x->statuses.at[i].context;

		if (svc_gate_is_job(context) &&
		    svc_gate_job(t, a, context + 3, &x->of[i], e) == -1)
			return -1;
	}
	return 0;
}

static int
svc_gate_rows_read(struct txn *t, const struct svc_gate_ask *a,
    struct svc_gate_rows *x, struct err *e)
{
	const struct pull *p = a->pull;
	int64_t project = p->issue.project_id;
	const struct approval_new money = { .project_id = project,
		.item = p->issue.number,
		.run_id = p->run_id,
		.now = a->now };

	if (reviews_latest(t, project, p->issue.number, &x->reviews, e) == -1 ||
	    statuses_verdicts(t, project, p->head_sha, &x->statuses, e) == -1 ||
	    svc_gate_jobs(t, a, x, e) == -1)
		return -1;
	if (a->conversations &&
	    review_comments_open(
		t, project, p->issue.number, p->head_sha, &x->open, e) == -1)
		return -1;
	if (approvals_money(t, &money, &x->budget, e) == -1 ||
	    pull_looks_get(t, project, p->issue.number, &x->look, e) == -1 ||
	    svc_look_list(t, p, &x->found, e) == -1)
		return -1;
	return reviews_requested(t, project, p->issue.number, &x->asked, e);
}

/* Who opened it, moved its head, or moved its branch before. */
static int
svc_gate_writers(struct txn *t, const struct pull *p,
    const struct review_list *reviews, bool *wrote, struct err *e)
{
	for (size_t i = 0; i < reviews->n; i++) {
		int64_t who = reviews->at[i].author.id;

		if (pull_writers_has(t, p->issue.project_id, p->issue.number,
			who, &wrote[i], e) == -1)
			return -1;
		if (who == p->issue.author.id)
			wrote[i] = true;
	}
	return 0;
}

int
svc_gate_decide(struct txn *t, const struct svc_gate_ask *a,
    struct merge_verdict *out, struct err *e)
{
	struct svc_gate_rows x = { .asked = { .n = 0 } };
	struct svc_gate_arrays v;
	int rc = svc_gate_rows_read(t, a, &x, e);

	if (rc == 0) {
		v.reviews = xcalloc(x.reviews.n + 1, sizeof(*v.reviews));
		v.statuses = xcalloc(x.statuses.n + 1, sizeof(*v.statuses));
		v.asked = xcalloc(x.asked.n + 1, sizeof(*v.asked));
		v.wrote = xcalloc(x.reviews.n + 1, sizeof(*v.wrote));
		rc = svc_gate_writers(t, a->pull, &x.reviews, v.wrote, e);
		if (rc == 0)
			svc_gate_weigh(a, &x, &v, out);
		free(v.wrote);
		free(v.reviews);
		free(v.statuses);
		free(v.asked);
	}
	svc_gate_rows_release(&x);
	return rc;
}

/* What an admin passed over, and why. */
static void
svc_merge_override(struct jw *w, const struct merging *m)
{
	if (svc_text(m->unmet)[0] == '\0')
		return;
	jw_object(w, "override");
	jw_str(w, "reason", svc_text(m->reason));
	jw_raw(w, "unmet", view_of(m->unmet));
	jw_end(w);
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
		svc_merge_override(&w, m);
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
svc_merge_note(struct txn *t, const struct identity *who, int64_t now,
    const struct merging *m, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	AUTO_STR struct str body = STR_INIT;
	struct timeline_new n = { .project_id = m->project_id,
		.item = m->number,
		.actor_id = who->user_id,
		.now = now,
		.kind = "merge_pull" };
	struct jw w;
	int64_t id;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "commit", m->merge_sha);
	if (svc_text(m->unmet)[0] != '\0') {
		str_addf(&body, "Merged past the gate by %s: %s (not met: %s)",
		    who->login, svc_text(m->reason), m->unmet);
		jw_str(&w, "body", str_cstr(&body));
	}
	jw_end(&w);
	n.data = str_cstr(&data);
	return timeline_add(t, &n, &id, e);
}

static int
svc_merge_rows(struct txn *t, const struct identity *who, int64_t now,
    const struct merging *m, const struct pull *p, bool manual, struct err *e)
{
	const struct svc_op op = { .who = *who, .now = now };
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
	if ((!manual && svc_merge_branch(t, who, now, m, e) == -1) ||
	    pulls_set_merged(t, m->project_id, m->number, &merged, e) == -1 ||
	    svc_merge_note(t, who, now, m, e) == -1 ||
	    svc_merge_event(t, who, now, m, false, e) == -1 ||
	    svc_mention_merged(t, &op, p, m->merge_sha, e) == -1 ||
	    auto_merges_delete(t, m->project_id, m->number, e) == -1 ||
	    jobs_supersede(t, m->project_id, m->number, "", now, &n, e) == -1)
		return -1;
	return 0;
}

static int
svc_merge_write_as(struct txn *t, const struct merging *m, bool manual,
    int64_t now, struct err *e)
{
	struct identity who;
	struct pull p = { .run_id = 0 };
	struct user u;
	bool written;
	int rc = 0;

	if (users_by_id(t, m->user_id, &u, e) == -1 ||
	    pulls_get(t, m->project_id, m->number, &p, e) == -1)
		return -1;
	svc_identity_of(u.id, u.login, u.kind, &who);
	written = p.issue.merged;
	if (p.issue.state == ISSUE_OPEN) {
		rc = svc_merge_rows(t, &who, now, m, &p, manual, e);
		written = true;
	}
	pull_release(&p);
	if (rc == -1)
		return -1;
	if (written && svc_text(m->delete_head)[0] != '\0')
		return 0; /* its branch is yet to go */
	return merging_delete(t, m->project_id, m->number, e);
}

int
svc_merge_write(
    struct txn *t, const struct merging *m, int64_t now, struct err *e)
{
	return svc_merge_write_as(t, m, false, now, e);
}

int
svc_merge_write_manual(
    struct txn *t, const struct merging *m, int64_t now, struct err *e)
{
	return svc_merge_write_as(t, m, true, now, e);
}
