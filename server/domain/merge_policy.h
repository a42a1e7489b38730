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

enum {
	MERGE_MAX_CHECKS = CHECKS_MAX,
	MERGE_MAX_REQUIREMENTS = MERGE_MAX_CHECKS + 8
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
	bool wrote_head;
	enum merge_review_verdict verdict;
	const char *sha; /* what was looked at */
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
};

struct merge_requirement {
	char id[112];
	bool met;
	char title[144];
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

#endif
