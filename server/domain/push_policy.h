/*
 * push_policy: may this identity move this ref?  Pure: the caller says who
 * pushes, what exists and what upstream has; the answer is a verdict for each
 * command with a reason that a person can act on.
 */
#ifndef SERVER_DOMAIN_PUSH_POLICY_H
#define SERVER_DOMAIN_PUSH_POLICY_H

#include <stdbool.h>
#include <stddef.h>

enum push_who {
	PUSH_NOBODY, /* no right to write */
	PUSH_READER,
	PUSH_MAINTAINER,
	PUSH_ADMIN,
	PUSH_RUN,
	PUSH_SESSION
};

enum {
	PUSH_COMMANDS_MAX = 1000,
	PUSH_REASON_MAX = 160
};

struct push_command {
	char old[41];     /* zero id: create */
	char new_sha[41]; /* zero id: delete */
	char *ref;
};

struct push_verdict {
	bool ok;
	char reason[PUSH_REASON_MAX]; /* "" when ok */
};

/* Names are full ref names. */
struct push_rules {
	enum push_who who;
	const char
	    *run_branch; /* PUSH_RUN: its one branch, short; NULL: none */
	const char *default_branch; /* short */
	const char *const *refs; /* what exists under refs/heads, refs/tags */
	size_t n_refs;
	const char *const
	    *upstream; /* upstream's, as refs/heads/, refs/tags/ */
	size_t n_upstream;
	bool atomic; /* one refused command refuses all */
};

/* Fills v[n]; returns how many are allowed. */
size_t push_policy_judge(const struct push_rules *rules,
    const struct push_command *c, size_t n, struct push_verdict *v);

/* agent/NAME: the room of runs and sessions. */
bool push_policy_is_agent_branch(const char *branch);

#endif
