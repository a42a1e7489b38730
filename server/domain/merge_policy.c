#include "server/domain/merge_policy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct merge_requirement *
merge_policy_add(
    struct merge_verdict *out, const char *id, bool met, const char *title)
{
	struct merge_requirement *r = &out->req[out->n++];

	snprintf(r->id, sizeof(r->id), "%s", id);
	snprintf(r->title, sizeof(r->title), "%s", title);
	r->why[0] = '\0';
	r->met = met;
	if (!met)
		out->open = false;
	return r;
}

__attribute__((format(printf, 2, 3))) static void
merge_policy_why(struct merge_requirement *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
}

static void
merge_policy_state(const struct merge_input *in, struct merge_verdict *out)
{
	struct merge_requirement *r = merge_policy_add(out, "state",
	    in->open && !in->draft && !in->merged, "the pull request is open");

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

	merge_policy_why(r, "%s",
	    in->mergeable == MERGE_CLEAN          ? "no conflict with the base"
		: in->mergeable == MERGE_CONFLICT ? "conflict with the base"
						  : "not computed yet");
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
		char id[112], title[144];

		if (!c->required)
			continue;
		snprintf(id, sizeof(id), "check:%s", c->name);
		snprintf(title, sizeof(title), "check %s passed", c->name);
		r = merge_policy_add(out, id,
		    c->state != NULL && strcmp(c->state, "success") == 0,
		    title);
		merge_policy_why(r, "ci/%s on the head: %s", c->name,
		    c->state != NULL ? c->state : "no verdict yet");
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
		if (v->wrote_head)
			own++;
		else if (strcmp(v->sha, in->head_sha) != 0)
			stale++;
		else
			n++;
	}
	r = merge_policy_add(
	    out, "approval", n >= in->approvals, "maintainers approved it");
	if (in->approvals == 0)
		merge_policy_why(r, "the project wants none");
	else
		merge_policy_why(r,
		    "%" PRId64 " of %" PRId64 " for this head%s%s", n,
		    in->approvals,
		    stale > 0 ? "; an approval is of an older head" : "",
		    own > 0 ? "; the author's own does not count" : "");
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
	if (who != NULL)
		merge_policy_why(r, "%.100s asks for changes", who);
	else
		merge_policy_why(r, "nobody does");
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
}

const struct merge_requirement *
merge_policy_obstacle(const struct merge_verdict *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (!v->req[i].met)
			return &v->req[i];
	return NULL;
}
