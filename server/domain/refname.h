/*
 * refname: which ref names a push may make.  Stricter than git: a name must
 * also survive a case-insensitive file system and a careless shell.
 */
#ifndef SERVER_DOMAIN_REFNAME_H
#define SERVER_DOMAIN_REFNAME_H

#include <stdbool.h>

enum {
	REFNAME_MAX = 255,
	REFNAME_PART_MAX = 200 /* a file's name, with .lock and more behind */
};

/* A full name ("refs/heads/x").  *why, on false, is a constant text. */
bool refname_ok(const char *ref, const char **why);
/* A branch's short name ("agent/fix-7"). */
bool refname_branch_ok(const char *branch, const char **why);
/* "refs/heads/x" -> "x", else NULL. */
const char *refname_branch(const char *ref);

#endif
