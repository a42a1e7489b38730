/*
 * merge_policy: the gate.  One pure function from what is known of a pull
 * request to a list of requirements, each met or not and why.  The API, the
 * command line and every merge ask this and nothing else.
 */
#ifndef SERVER_DOMAIN_MERGE_POLICY_H
#define SERVER_DOMAIN_MERGE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/domain/checks.h"

struct protect_rule;

enum {
	MERGE_MAX_CHECKS = CHECKS_MAX,
	MERGE_MAX_REQUIREMENTS = MERGE_MAX_CHECKS + 19,
	MERGE_MAX_FILES = 64 /* protected ones, approved by name */
};

enum merge_mergeable {
	MERGE_UNKNOWN, /* not computed yet for this head and base */
	MERGE_CLEAN,
	MERGE_CONFLICT
};

enum merge_checks {
	MERGE_CHECKS_OK, /* the file is there and right */
	MERGE_CHECKS_ABSENT,
	MERGE_CHECKS_WRONG
};

enum merge_review_verdict {
	MERGE_COMMENT,
	MERGE_APPROVED,
	MERGE_REJECTED
};

struct merge_check {
	const char *name;
	bool required;
	const char *state; /* newest status of ci/NAME on the head, or NULL */
};

struct merge_review {
	int64_t user;
	const char *login;
	bool maintainer; /* now, not when it was written */
	bool wrote;      /* a part of it: not what others wrote of it */
	bool retargeted; /* it was of another base */
	enum merge_review_verdict verdict;
	const char *sha;  /* what was looked at */
	const char *body; /* NULL: none; lines "file: PATH" name files */
};

/* The newest verdict of a context on the head. */
struct merge_status {
	const char *context;
	const char *state;
};

/* Who was asked for a review and has not given it. */
struct merge_request {
	int64_t user;
	const char *login;
	bool maintainer;
};

enum merge_files {
	MERGE_FILES_FREE,    /* no protected file changed */
	MERGE_FILES_CHANGED, /* in->changed */
	MERGE_FILES_UNKNOWN
};

enum merge_findings {
	MERGE_FINDINGS_OFF,    /* not asked for */
	MERGE_FINDINGS_KNOWN,  /* in->n_found are open */
	MERGE_FINDINGS_UNKNOWN /* not looked at, in->found_error */
};

/* Everything is borrowed. */
struct merge_input {
	bool open;
	bool draft;
	bool merged;
	enum merge_mergeable mergeable;
	const char *head_sha;
	enum merge_checks checks_state;
	const char *checks_error; /* with MERGE_CHECKS_WRONG */
	const struct merge_check *checks;
	size_t n_checks;                    /* at most MERGE_MAX_CHECKS */
	const struct merge_review *reviews; /* oldest first */
	size_t n_reviews;
	int64_t approvals; /* how many are wanted */
	/* What the base's protection asks for besides; NULL: it has none. */
	const struct protect_rule *rule;
	int64_t user; /* who merges */
	const struct merge_status *statuses;
	size_t n_statuses;
	const struct merge_request *requests;
	size_t n_requests;
	bool behind;  /* the base has commits that the head has not */
	bool current; /* wanted: it has not */
	/* Checks run on the merge with this commit of the base; NULL: on the
	 * head. */
	const char *merged_into;
	enum merge_files files;
	const char *const *changed; /* the protected files that change */
	size_t n_changed;
	bool conversations;  /* wanted: none of maintainers is open */
	int64_t n_open;      /* conversations */
	const char *open_at; /* the first one's file */
	int64_t budget;      /* the ask for money that is open, 0: none */
	enum merge_findings findings;
	const char *found_error; /* NULL or "": not yet */
	size_t n_found;
	const char *found_rule; /* of the worst that is open */
	const char *found_file; /* "": the change as a whole */
};

/* Why not, for clients that tell by the text. */
enum merge_cause {
	MERGE_CAUSE_MERGED,
	MERGE_CAUSE_CLOSED,
	MERGE_CAUSE_DRAFT,
	MERGE_CAUSE_UNKNOWN,
	MERGE_CAUSE_CONFLICT,
	MERGE_CAUSE_STATUS,
	MERGE_CAUSE_APPROVALS,
	MERGE_CAUSE_REJECTED,
	MERGE_CAUSE_REQUESTS,
	MERGE_CAUSE_BEHIND,
	MERGE_CAUSE_FILES,
	MERGE_CAUSE_USER,
	MERGE_CAUSE_CONVERSATION,
	MERGE_CAUSE_BUDGET,
	MERGE_CAUSE_FINDINGS
};

struct merge_requirement {
	char id[80];
	bool met;
	bool added; /* by the base's protection */
	enum merge_cause cause;
	char title[112];
	char why[240];
};

struct merge_verdict {
	bool open; /* every requirement is met */
	size_t n;
	struct merge_requirement req[MERGE_MAX_REQUIREMENTS];
};

void merge_policy_decide(
    const struct merge_input *in, struct merge_verdict *out);
/* The first requirement that is not met, or NULL. */
const struct merge_requirement *merge_policy_obstacle(
    const struct merge_verdict *v);
/* The same of those that no override passes: what is not open, or not known
 * to merge without a conflict, cannot be merged. */
const struct merge_requirement *merge_policy_fixed_obstacle(
    const struct merge_verdict *v);
/* One stable sentence for each cause, as Gitea's where it has one. */
const char *merge_policy_refusal(enum merge_cause cause);
/* Can time, checks and people change it, so that a merge may wait for it? */
bool merge_policy_may_wait(const struct merge_verdict *v);

#endif
