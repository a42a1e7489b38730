/*
 * mirror_plan: what follows for one local ref after upstream was fetched.
 * Pure.  A decision may first ask for facts about history (MIRROR_ASK); the
 * caller gets them from git and asks again.  Nothing is ever lost: whenever a
 * tip that upstream does not have leaves a ref, `keep` says so.
 */
#ifndef SERVER_DOMAIN_MIRROR_PLAN_H
#define SERVER_DOMAIN_MIRROR_PLAN_H

#include <stdbool.h>
#include <stdint.h>

enum mirror_fact {
	MIRROR_UNKNOWN,
	MIRROR_YES,
	MIRROR_NO
};

enum mirror_ask {
	MIRROR_ASK_OLD_IN_NEW = 1,   /* is old_up an ancestor of new_up */
	MIRROR_ASK_LOCAL_IN_NEW = 2, /* is local an ancestor of new_up */
	MIRROR_ASK_NEW_IN_LOCAL = 4, /* is new_up an ancestor of local */
	MIRROR_ASK_SAME = 8,   /* are local's own changes in new_up already */
	MIRROR_ASK_CLEAN = 16, /* does new_up merge into local cleanly */
	MIRROR_ASK_NEW_IN_OLD = 32 /* is new_up an ancestor of old_up */
};

struct mirror_branch {
	bool is_tag;
	bool is_default;    /* the default branch, never removed */
	bool open_pull;     /* head or base of an open pull request */
	bool hold;          /* the project wants fast-forwards only */
	bool accept;        /* a person said to take upstream now */
	bool collides;      /* its name cannot live beside a local ref */
	const char *old_up; /* commit ids, NULL when absent */
	const char *new_up;
	const char *local;
	enum mirror_fact old_in_new;
	enum mirror_fact local_in_new;
	enum mirror_fact new_in_local;
	enum mirror_fact same;
	enum mirror_fact clean;
	enum mirror_fact new_in_old;
};

enum mirror_action {
	MIRROR_NOTHING,
	MIRROR_ASK,   /* see ask */
	MIRROR_SET,   /* local becomes new_up */
	MIRROR_MERGE, /* local becomes a merge of local and new_up */
	MIRROR_DELETE
};

struct mirror_step {
	enum mirror_action action;
	unsigned ask;    /* enum mirror_ask bits, one or more */
	bool keep;       /* keep the local tip first */
	bool forced;     /* the local ref does not move forward */
	bool notice;     /* a person should read `why` */
	bool held;       /* it waits: plan it again from the same old_up */
	const char *why; /* constant text */
};

/*
 * When the next synchronisation is due, ms: after `interval_s`, doubled with
 * each failure in a row up to one hour; roll (any number) spreads it by up to
 * a tenth either way.
 */
int64_t mirror_plan_next(
    int64_t now, int64_t interval_s, int64_t failures, uint64_t roll);

/*
 * With `hold`: new refs, fast-forwards, and what is the same anyway; the rest
 * is held until `accept`, or until the local ref contains upstream's commits.
 */
void mirror_plan_branch(const struct mirror_branch *b, struct mirror_step *out);

/*
 * Is what readers see too old?  When the last good synchronisation is older
 * than three intervals, and than five minutes; a project that never was
 * synchronised is new, not stale.
 */
bool mirror_plan_stale(int64_t now, int64_t last_ok_at, int64_t interval_s);

#endif
