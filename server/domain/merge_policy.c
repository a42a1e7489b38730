#include "server/domain/merge_policy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/view.h"
#include "server/domain/protect_rule.h"

static struct merge_requirement *
merge_policy_add(
    struct merge_verdict *out, const char *id, bool met, const char *title)
{
	struct merge_requirement *r = &out->req[out->n++];

	snprintf(r->id, sizeof(r->id), "%s", id);
	snprintf(r->title, sizeof(r->title), "%s", title);
	r->why[0] = '\0';
	r->met = met;
	r->added = false;
	r->cause = MERGE_CAUSE_STATUS;
	if (!met)
		out->open = false;
	return r;
}

__attribute__((format(printf, 2, 3))) static void
merge_policy_why(struct merge_requirement *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
}

static void
merge_policy_state(const struct merge_input *in, struct merge_verdict *out)
{
	struct merge_requirement *r = merge_policy_add(out, "state",
	    in->open && !in->draft && !in->merged, "the pull request is open");

	r->cause = in->merged ? MERGE_CAUSE_MERGED
	    : !in->open       ? MERGE_CAUSE_CLOSED
			      : MERGE_CAUSE_DRAFT;
	merge_policy_why(r, "%s",
	    in->merged      ? "it is merged already"
		: !in->open ? "it is closed"
		: in->draft ? "it is a draft"
			    : "it is open");
}

static void
merge_policy_mergeable(const struct merge_input *in, struct merge_verdict *out)
{
	struct merge_requirement *r = merge_policy_add(out, "mergeable",
	    in->mergeable == MERGE_CLEAN, "it merges without a conflict");

	r->cause = in->mergeable == MERGE_CONFLICT ? MERGE_CAUSE_CONFLICT
						   : MERGE_CAUSE_UNKNOWN;
	merge_policy_why(r, "%s",
	    in->mergeable == MERGE_CLEAN          ? "no conflict with the base"
		: in->mergeable == MERGE_CONFLICT ? "conflict with the base"
						  : "not computed yet");
}

static bool
merge_policy_is(const char *state, const char *word)
{
	return state != NULL && strcmp(state, word) == 0;
}

/* Nobody but a context's owner can say that it was skipped. */
static bool
merge_policy_passed(const char *state)
{
	return merge_policy_is(state, "success") ||
	    merge_policy_is(state, "skipped");
}

static void
merge_policy_checks(const struct merge_input *in, struct merge_verdict *out)
{
	struct merge_requirement *r;

	if (in->checks_state == MERGE_CHECKS_ABSENT) {
		r = merge_policy_add(
		    out, "checks", true, "required checks passed");
		merge_policy_why(
		    r, "the base branch has no .coffer/checks.yml");
		return;
	}
	if (in->checks_state == MERGE_CHECKS_WRONG) {
		r = merge_policy_add(
		    out, "checks", false, "required checks passed");
		merge_policy_why(r, ".coffer/checks.yml of the base: %s",
		    in->checks_error != NULL ? in->checks_error
					     : "cannot be read");
		return;
	}
	for (size_t i = 0; i < in->n_checks && i < MERGE_MAX_CHECKS; i++) {
		const struct merge_check *c = &in->checks[i];
		char id[80], title[112];

		if (!c->required)
			continue;
		snprintf(id, sizeof(id), "check:%s", c->name);
		snprintf(title, sizeof(title), "check %s passed", c->name);
		r = merge_policy_add(
		    out, id, merge_policy_passed(c->state), title);
		merge_policy_why(r, "ci/%s on the %s%.12s: %s%s", c->name,
		    in->merged_into != NULL ? "merge with " : "head",
		    in->merged_into != NULL ? in->merged_into : "",
		    c->state != NULL ? c->state : "no verdict yet",
		    merge_policy_is(c->state, "skipped") ? ", counts as met"
							 : "");
	}
}

/* Is there a later verdict of the same person?  A comment is none. */
static bool
merge_policy_superseded(const struct merge_input *in, size_t i)
{
	for (size_t j = i + 1; j < in->n_reviews; j++)
		if (in->reviews[j].user == in->reviews[i].user &&
		    in->reviews[j].verdict != MERGE_COMMENT)
			return true;
	return false;
}

static bool
merge_policy_is_stale(
    const struct merge_input *in, const struct merge_review *v)
{
	return v->retargeted || strcmp(v->sha, in->head_sha) != 0;
}

static void
merge_policy_approval(const struct merge_input *in, struct merge_verdict *out)
{
	struct merge_requirement *r;
	int64_t n = 0, stale = 0, own = 0;

	for (size_t i = 0; i < in->n_reviews; i++) {
		const struct merge_review *v = &in->reviews[i];

		if (v->verdict != MERGE_APPROVED || !v->maintainer ||
		    merge_policy_superseded(in, i))
			continue;
		if (v->wrote)
			own++;
		else if (merge_policy_is_stale(in, v))
			stale++;
		else
			n++;
	}
	r = merge_policy_add(
	    out, "approval", n >= in->approvals, "maintainers approved it");
	r->cause = MERGE_CAUSE_APPROVALS;
	if (in->approvals == 0)
		merge_policy_why(r, "the project wants none");
	else
		merge_policy_why(r,
		    "%" PRId64 " of %" PRId64 " for this head%s%s", n,
		    in->approvals,
		    stale > 0 ? "; an approval is of an older head or base"
			      : "",
		    own > 0 ? "; one of who wrote a part of it does not count"
			    : "");
}

static void
merge_policy_rejection(const struct merge_input *in, struct merge_verdict *out)
{
	const char *who = NULL;
	struct merge_requirement *r;

	for (size_t i = 0; i < in->n_reviews && who == NULL; i++) {
		const struct merge_review *v = &in->reviews[i];

		if (v->verdict == MERGE_REJECTED && v->maintainer &&
		    !merge_policy_superseded(in, i))
			who = v->login;
	}
	r = merge_policy_add(
	    out, "rejection", who == NULL, "no maintainer asks for changes");
	r->cause = MERGE_CAUSE_REJECTED;
	if (who != NULL)
		merge_policy_why(r, "%.100s asks for changes", who);
	else
		merge_policy_why(r, "nobody does");
}

static struct merge_requirement *
merge_protect_add(struct merge_verdict *out, const char *id, bool met,
    enum merge_cause cause, const char *title)
{
	struct merge_requirement *r = merge_policy_add(out, id, met, title);

	r->added = true;
	r->cause = cause;
	return r;
}

/* That the file of checks can be read is no verdict of anything that ran: it
 * counts for who names it.  NULL: any context is wanted. */
static bool
merge_protect_is_of(const struct merge_status *s, const char *pattern)
{
	if (pattern != NULL &&
	    !protect_glob(view_of(pattern), view_of(s->context), false))
		return false;
	return !merge_policy_passed(s->state) ||
	    strcmp(s->context, "ci/" CHECK_FILE) != 0 ||
	    (pattern != NULL && strcmp(pattern, s->context) == 0);
}

/* Those contexts that the pattern names: at least one, and all passed. */
static const char *
merge_protect_context(const struct merge_input *in, const char *pattern)
{
	const char *state = NULL;

	for (size_t i = 0; i < in->n_statuses; i++) {
		const struct merge_status *s = &in->statuses[i];

		if (!merge_protect_is_of(s, pattern))
			continue;
		if (!merge_policy_passed(s->state))
			return s->state;
		state = s->state;
	}
	return state;
}

static void
merge_protect_statuses(const struct merge_input *in, struct merge_verdict *out)
{
	const struct protect_rule *p = in->rule;
	const char *missing = NULL, *state = NULL;
	size_t unmet = 0, n = p->n_contexts > 0 ? p->n_contexts : 1;
	struct merge_requirement *r;

	if (!protect_has(p, PROTECT_STATUS))
		return;
	for (size_t i = 0; i < n; i++) {
		const char *pattern = p->n_contexts > 0 ? p->contexts[i] : NULL;
		const char *s = merge_protect_context(in, pattern);

		if (merge_policy_passed(s))
			continue;
		if (unmet++ > 0)
			continue;
		missing = pattern != NULL ? pattern : "any context";
		state = s;
	}
	r = merge_protect_add(out, "statuses", unmet == 0, MERGE_CAUSE_STATUS,
	    "the statuses that the protection asks for are success");
	if (unmet == 0)
		merge_policy_why(r, "all of them are");
	else
		merge_policy_why(r, "%.100s on the head: %s", missing,
		    state != NULL ? state : "no verdict yet");
}

/* Does the protection count this person's verdicts?  A list does not outlive
 * the role that he had when he was put on it. */
static bool
merge_protect_official(
    const struct protect_rule *p, int64_t user, bool maintainer)
{
	return maintainer &&
	    (!protect_has(p, PROTECT_APPROVAL_LIST) ||
		protect_in_list(p, PROTECT_MAY_APPROVE, user));
}

static void
merge_protect_reviews(const struct merge_input *in, struct merge_verdict *out)
{
	const struct protect_rule *p = in->rule;
	bool fresh = protect_has(p, PROTECT_IGNORE_STALE) ||
	    protect_has(p, PROTECT_DISMISS_STALE);
	const char *rejected = NULL;
	struct merge_requirement *r;
	int64_t n = 0;

	for (size_t i = 0; i < in->n_reviews; i++) {
		const struct merge_review *v = &in->reviews[i];

		if (!merge_protect_official(p, v->user, v->maintainer) ||
		    merge_policy_superseded(in, i))
			continue;
		if (v->verdict == MERGE_REJECTED && rejected == NULL)
			rejected = v->login;
		if (v->verdict == MERGE_APPROVED && !v->wrote &&
		    (!fresh || !merge_policy_is_stale(in, v)))
			n++;
	}
	if (p->approvals > 0) {
		r = merge_protect_add(out, "approvals", n >= p->approvals,
		    MERGE_CAUSE_APPROVALS,
		    "as many approved it as the protection asks for");
		merge_policy_why(r, "%" PRId64 " of %" PRId64 "%s", n,
		    p->approvals,
		    protect_has(p, PROTECT_APPROVAL_LIST) ? " of those who may"
							  : "");
	}
	if (protect_has(p, PROTECT_REJECTED)) {
		r = merge_protect_add(out, "rejections", rejected == NULL,
		    MERGE_CAUSE_REJECTED, "no official review is a no");
		merge_policy_why(r, "%.100s%s",
		    rejected != NULL ? rejected : "nobody",
		    " asks for changes");
	}
}

static void
merge_protect_requests(const struct merge_input *in, struct merge_verdict *out)
{
	const struct protect_rule *p = in->rule;
	const char *who = NULL;
	struct merge_requirement *r;

	if (!protect_has(p, PROTECT_REQUESTS))
		return;
	for (size_t i = 0; i < in->n_requests && who == NULL; i++)
		if (merge_protect_official(
			p, in->requests[i].user, in->requests[i].maintainer))
			who = in->requests[i].login;
	r = merge_protect_add(out, "requests", who == NULL,
	    MERGE_CAUSE_REQUESTS, "every official reviewer answered");
	if (who != NULL)
		merge_policy_why(r, "%.100s was asked and has not", who);
	else
		merge_policy_why(r, "nobody is waited for");
}

/* Has the text the line "file: PATH"? */
static bool
merge_policy_names(const char *body, const char *path)
{
	struct view rest = view_of(body), line;

	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		if (!view_starts(line, "file: "))
			continue;
		line.p += 6;
		line.len -= 6;
		if (view_is(view_trim(line), path))
			return true;
	}
	return false;
}

/* Did somebody who counts, and did not write it, name it in his approval of
 * exactly this head? */
static bool
merge_protect_named(const struct merge_input *in, const char *path)
{
	for (size_t i = 0; i < in->n_reviews; i++) {
		const struct merge_review *v = &in->reviews[i];

		if (v->verdict == MERGE_APPROVED && v->body != NULL &&
		    merge_protect_official(in->rule, v->user, v->maintainer) &&
		    !v->wrote && !merge_policy_is_stale(in, v) &&
		    !merge_policy_superseded(in, i) &&
		    merge_policy_names(v->body, path))
			return true;
	}
	return false;
}

static void
merge_protect_files(const struct merge_input *in, struct merge_verdict *out)
{
	const char *first = NULL;
	struct merge_requirement *r;
	size_t n = 0;

	for (size_t i = 0; i < in->n_changed; i++)
		if (!merge_protect_named(in, in->changed[i]) && n++ == 0)
			first = in->changed[i];
	r = merge_protect_add(out, "files",
	    in->files == MERGE_FILES_FREE ||
		(in->files == MERGE_FILES_CHANGED && n == 0),
	    MERGE_CAUSE_FILES, "each protected file was approved by name");
	if (in->files == MERGE_FILES_FREE)
		merge_policy_why(r, "none changes");
	else if (in->files == MERGE_FILES_UNKNOWN)
		merge_policy_why(
		    r, "not known: too many files, or just now protected");
	else if (n == 0)
		merge_policy_why(r, "%zu of them", in->n_changed);
	else
		merge_policy_why(r,
		    "%.120s%s: wants \"file: PATH\" in an "
		    "approval of this head",
		    first, n > 1 ? " and others" : "");
}

static void
merge_protect_rest(const struct merge_input *in, struct merge_verdict *out)
{
	const struct protect_rule *p = in->rule;
	struct merge_requirement *r;

	if (protect_has(p, PROTECT_OUTDATED)) {
		r = merge_protect_add(out, "outdated", !in->behind,
		    MERGE_CAUSE_BEHIND,
		    "the head has every commit of the base");
		merge_policy_why(r, "%s", in->behind ? "it has not" : "it has");
	}
	if (p->files != NULL && p->files[0] != '\0')
		merge_protect_files(in, out);
	if (protect_has(p, PROTECT_MERGE_LIST)) {
		bool may = protect_may_merge(p, in->user);

		r = merge_protect_add(out, "merger", may, MERGE_CAUSE_USER,
		    "whoever merges may merge into this branch");
		merge_policy_why(
		    r, "you are %s the list", may ? "on" : "not on");
	}
}

static void
merge_policy_wanted(const struct merge_input *in, struct merge_verdict *out)
{
	struct merge_requirement *r;

	if (in->current) {
		r = merge_policy_add(out, "current", !in->behind,
		    "what was checked is what the base becomes");
		r->cause = MERGE_CAUSE_BEHIND;
		merge_policy_why(r, "%s",
		    in->behind ? "the base has commits that the head has not: "
				 "update it"
			       : "the head has every commit of the base");
	}
	if (in->conversations) {
		r = merge_policy_add(out, "conversations", in->n_open == 0,
		    "no conversation of a maintainer is open");
		r->cause = MERGE_CAUSE_CONVERSATION;
		if (in->n_open > 0)
			merge_policy_why(r, "%" PRId64 " to resolve, in %.150s",
			    in->n_open,
			    in->open_at != NULL ? in->open_at : "its files");
		else
			merge_policy_why(r, "none is");
	}
	r = merge_policy_add(
	    out, "budget", in->budget == 0, "its budget is not frozen");
	r->cause = MERGE_CAUSE_BUDGET;
	if (in->budget != 0)
		merge_policy_why(r,
		    "a run on it waits for money: answer approval %" PRId64,
		    in->budget);
	else
		merge_policy_why(r, "it is not");
}

static void
merge_policy_findings(const struct merge_input *in, struct merge_verdict *out)
{
	const char *error = in->found_error;
	struct merge_requirement *r;

	if (in->findings == MERGE_FINDINGS_OFF)
		return;
	r = merge_policy_add(out, "findings",
	    in->findings == MERGE_FINDINGS_KNOWN && in->n_found == 0,
	    "nothing that the checks of a fetch found is open");
	r->cause = MERGE_CAUSE_FINDINGS;
	if (in->findings == MERGE_FINDINGS_UNKNOWN)
		merge_policy_why(r,
		    "it was not looked at%s%.180s: ask again later",
		    error != NULL && error[0] != '\0' ? ", " : " yet",
		    error != NULL ? error : "");
	else if (in->n_found == 0)
		merge_policy_why(r, "nothing is");
	else
		merge_policy_why(r, "%zu to mend or to dismiss: %.40s%s%.120s",
		    in->n_found, in->found_rule,
		    in->found_file[0] != '\0' ? " in " : "", in->found_file);
}

void
merge_policy_decide(const struct merge_input *in, struct merge_verdict *out)
{
	out->open = true;
	out->n = 0;
	merge_policy_state(in, out);
	merge_policy_mergeable(in, out);
	merge_policy_checks(in, out);
	merge_policy_approval(in, out);
	merge_policy_rejection(in, out);
	merge_policy_wanted(in, out);
	merge_policy_findings(in, out);
	if (in->rule == NULL)
		return;
	merge_protect_statuses(in, out);
	merge_protect_reviews(in, out);
	merge_protect_requests(in, out);
	merge_protect_rest(in, out);
}

const struct merge_requirement *
merge_policy_obstacle(const struct merge_verdict *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (!v->req[i].met)
			return &v->req[i];
	return NULL;
}

const struct merge_requirement *
merge_policy_fixed_obstacle(const struct merge_verdict *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (!v->req[i].met && v->req[i].cause <= MERGE_CAUSE_CONFLICT)
			return &v->req[i];
	return NULL;
}

const char *
merge_policy_refusal(enum merge_cause cause)
{
	static const char *const texts[] = {
		[MERGE_CAUSE_MERGED] = "The pull request is merged already",
		[MERGE_CAUSE_CLOSED] = "The pull request is closed",
		[MERGE_CAUSE_DRAFT] = "Work in progress pull requests cannot "
				      "be merged",
		[MERGE_CAUSE_UNKNOWN] = "Please try again later",
		[MERGE_CAUSE_CONFLICT] = "The pull request conflicts with its "
					 "base branch",
		[MERGE_CAUSE_STATUS] = "Not all required status checks "
				       "successful",
		[MERGE_CAUSE_APPROVALS] = "Does not have enough approvals",
		[MERGE_CAUSE_REJECTED] = "There are requested changes",
		[MERGE_CAUSE_REQUESTS] = "There are official review requests",
		[MERGE_CAUSE_BEHIND] = "The head branch is behind the base "
				       "branch",
		[MERGE_CAUSE_FILES] = "Changed protected files",
		[MERGE_CAUSE_USER] = "User not allowed to merge PR",
		[MERGE_CAUSE_CONVERSATION] = "There are unresolved "
					     "conversations",
		[MERGE_CAUSE_BUDGET] = "The budget is frozen",
		[MERGE_CAUSE_FINDINGS] = "There are open findings",
	};

	return texts[cause];
}

bool
merge_policy_may_wait(const struct merge_verdict *v)
{
	for (size_t i = 0; i < v->n; i++) {
		enum merge_cause c = v->req[i].cause;

		if (!v->req[i].met &&
		    (c <= MERGE_CAUSE_DRAFT || c == MERGE_CAUSE_CONFLICT ||
			c == MERGE_CAUSE_USER))
			return false;
	}
	return true;
}
