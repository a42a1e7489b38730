/*
 * branchname: what may be the name of a branch wherever it comes from: one
 * that git takes, that can be seen as it is, and that reads as nothing else.
 * Which ones a push may make is server/domain/refname.h's, and fewer.
 */
#ifndef LIB_BASE_BRANCHNAME_H
#define LIB_BASE_BRANCHNAME_H

#include <stdbool.h>

enum {
	BRANCHNAME_MAX = 255
};

/* The short name ("agent/fix-7").  *why, on false, is a constant text; why may
 * be NULL. */
bool branchname_ok(const char *s, const char **why);

#endif
