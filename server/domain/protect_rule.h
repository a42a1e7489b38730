/*
 * protect_rule: a branch protection, and what it says of a branch and a user.
 * Pure.  It adds to what the push rule and the gate ask for anyway, and never
 * takes from it.  The scheme for text and times is that of types.h.
 */
#ifndef SERVER_DOMAIN_PROTECT_RULE_H
#define SERVER_DOMAIN_PROTECT_RULE_H

#include "server/domain/protect_glob.h"
#include "server/domain/types.h"

enum {
	PROTECT_RULES_MAX = 50,   /* of one project */
	PROTECT_PEOPLE_MAX = 50,  /* in one list */
	PROTECT_NAMED_MAX = 2000, /* in all lists of a project */
	PROTECT_CONTEXTS_MAX = 20,
	PROTECT_FILES_MAX = 1024, /* bytes of a list of patterns */
	PROTECT_APPROVALS_MAX = 100
};

/* Bits of protect_rule.flags; the order is in the database. */
enum protect_flag {
	PROTECT_PUSH,
	PROTECT_PUSH_LIST,
	PROTECT_PUSH_KEYS,
	PROTECT_FORCE,
	PROTECT_FORCE_LIST,
	PROTECT_FORCE_KEYS,
	PROTECT_MERGE_LIST,
	PROTECT_STATUS,
	PROTECT_APPROVAL_LIST,
	PROTECT_REJECTED,
	PROTECT_REQUESTS,
	PROTECT_OUTDATED,
	PROTECT_DISMISS_STALE,
	PROTECT_IGNORE_STALE,
	PROTECT_SIGNED,
	PROTECT_NO_OVERRIDE,
	PROTECT_BYPASS_LIST,
	PROTECT_STATUS_LIST,
	PROTECT_TEST_MERGE,
	PROTECT_FLAGS
};

/* Who is in which list; the order is in the database. */
enum protect_people {
	PROTECT_MAY_PUSH,
	PROTECT_MAY_FORCE,
	PROTECT_MAY_MERGE,
	PROTECT_MAY_APPROVE,
	PROTECT_MAY_BYPASS,
	PROTECT_MAY_STATUS,
	PROTECT_PEOPLE
};

/* Their names in the API. */
const char *protect_flag_name(enum protect_flag f);
const char *protect_people_name(enum protect_people p);
/* The list of teams beside it. */
const char *protect_teams_name(enum protect_people p);

struct protect_user {
	int64_t id;
	char login[NAME_LEN_MAX + 1];
};

struct protect_users {
	struct protect_user *at;
	size_t n;
};

struct protect_rule {
	int64_t id;
	int64_t project_id;
	int64_t priority;
	int64_t created_at;
	int64_t updated_at;
	char *name; /* a branch or a pattern of branches */
	uint64_t flags;
	int64_t approvals;
	struct protect_users people[PROTECT_PEOPLE];
	char *contexts[PROTECT_CONTEXTS_MAX]; /* patterns */
	size_t n_contexts;
	char *files;      /* patterns with ';' between; "" for none */
	char *open_files; /* unprotected_file_patterns */
};

struct protect_list {
	struct protect_rule *at; /* the first that matches counts */
	size_t n;
};

void protect_rule_release(struct protect_rule *r);
void protect_list_release(struct protect_list *l);
void protect_rule_add_context(struct protect_rule *r, const char *pattern);
void protect_rule_add_user(struct protect_rule *r, enum protect_people list,
    int64_t id, const char *login);

static inline bool
protect_has(const struct protect_rule *r, enum protect_flag f)
{
	return (r->flags & UINT64_C(1) << f) != 0;
}

/* ERR_INVALID that names the field. */
int protect_rule_check(const struct protect_rule *r, struct err *e);

/* The rule that counts for a branch (its short name), or NULL. */
const struct protect_rule *protect_match(
    const struct protect_list *l, const char *branch);

bool protect_in_list(
    const struct protect_rule *r, enum protect_people list, int64_t user);
/* By this rule alone. */
bool protect_may_push(const struct protect_rule *r, int64_t user);
bool protect_may_force(const struct protect_rule *r, int64_t user);
bool protect_may_merge(const struct protect_rule *r, int64_t user);
/* Does a status of his count?  One of ci/ is its owner's alone anyway. */
bool protect_may_status(
    const struct protect_rule *r, int64_t user, const char *context);
/* Whether an admin may pass over what is not met: with
 * block_admin_merge_override the listed alone. */
bool protect_may_override(const struct protect_rule *r, int64_t user);

/* Each pattern of a ';'-separated list. */
void protect_files_each(const char *files, protect_glob_fn *fn, void *arg);
bool protect_files_match(const char *files, struct view path);

#endif
