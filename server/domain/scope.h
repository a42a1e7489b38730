/*
 * scope: what a token may do at all, before anybody asks what its user may:
 * Gitea's scopes, and two of ours.  A set is bits; the empty one is that of
 * tokens from before there were scopes, which is `all`.  Pure.
 *
 *	all  public-only (no effect)  read:X  write:X, which holds read:X
 *	status		reads code and issues, posts commit statuses
 */
#ifndef SERVER_DOMAIN_SCOPE_H
#define SERVER_DOMAIN_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

struct str;

enum scope_area {
	SCOPE_ACTIVITYPUB,
	SCOPE_ADMIN,
	SCOPE_MISC,
	SCOPE_NOTIFICATION,
	SCOPE_ORGANIZATION,
	SCOPE_PACKAGE,
	SCOPE_ISSUE,
	SCOPE_REPOSITORY,
	SCOPE_USER,
	SCOPE_AREAS
};

enum {
	SCOPE_TEXT_MAX = 400, /* bytes of a set, as text */
	SCOPE_ALL = 1 << 18,
	SCOPE_PUBLIC_ONLY = 1 << 19,
	SCOPE_STATUS = 1 << 20
};

/* What a route asks for. */
struct scope_need {
	unsigned areas; /* bit per area; each is needed */
	bool write;
	bool status; /* `status` is enough */
	/* May a token that is bound to a repository call it at all?  Then the
	 * use case asks for the permission in the repository that it is about.
	 * With repository: that of the first two arguments. */
	bool bound;
	bool repository;
};

/* One word; 0 when it is none. */
uint32_t scope_word(struct view word);
/* Words with commas between, as scope_text writes them; what is no word is
 * left out. */
uint32_t scope_parse(const char *text);
void scope_text(uint32_t set, struct str *out);
/* Are the rights of `part` among those of `set`? */
bool scope_holds(uint32_t set, uint32_t part);

/* method and pattern of a row of the route tables. */
void scope_of(const char *method, const char *pattern, struct scope_need *out);
/* Git over HTTP. */
void scope_of_git(bool push, struct scope_need *out);
bool scope_allows(uint32_t set, const struct scope_need *need);
/* Gitea's text of the refusal. */
void scope_refusal(
    uint32_t set, const struct scope_need *need, struct str *out);

#endif
