/*
 * push_policy: may this identity move this ref?  Pure: the caller says who
 * pushes, what exists and what upstream has; the answer is a verdict for each
 * command with a reason that a person can act on.
 */
#ifndef SERVER_DOMAIN_PUSH_POLICY_H
#define SERVER_DOMAIN_PUSH_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct protect_list;

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

/* What only the objects of a push can tell: the update hook looks. */
enum {
	PUSH_GUARD_FORCE = 1, /* no commit may be dropped */
	PUSH_GUARD_KEEP = 2,  /* protected files may not change */
	PUSH_GUARD_ONLY = 4   /* nothing but unprotected files may */
};

struct push_verdict {
	bool ok;
	unsigned guards;              /* of PUSH_GUARD_, with ok */
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
	bool atomic;      /* one refused command refuses all */
	bool no_upstream; /* its default branch is its maintainers' */
	const struct protect_list *protect; /* NULL: no branch is protected */
	int64_t user;                       /* for its lists */
	bool guards;  /* the caller sees to the guards of a verdict, or: */
	bool forward; /* it drops no commit */
	const char *const *paths; /* what it changes, NULL: not known */
	size_t n_paths;
};

/* Fills v[n]; returns how many are allowed. */
size_t push_policy_judge(const struct push_rules *rules,
    const struct push_command *c, size_t n, struct push_verdict *v);

/* agent/NAME: the room of runs and sessions. */
bool push_policy_is_agent_branch(const char *branch);

#endif
