/*
 * role: what a reviewer is told to be: prompts/roles/reviewer.md, the user's
 * own or the shipped one, never the repository's; after it, and not to be
 * changed, how the change is shown and how to answer.
 */
#ifndef CLI_REVIEWER_ROLE_H
#define CLI_REVIEWER_ROLE_H

#include "lib/base/str.h"
#include "lib/net/sha256.h"

struct err;

struct role {
	char *path;
	char sha[SHA256_HEX]; /* of the file */
	struct str system;
};

int role_load(struct role *r, struct err *e);
void role_release(struct role *r);
/* The same of a text; a front matter at its top is left out. */
void role_make(struct view text, struct role *r);

#endif
