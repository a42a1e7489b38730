/*
 * protect_glob: the patterns of branch protection: names of rules, status
 * contexts, files.  `*` and `?` stop at '/', `**` does not, `[a-z]` and
 * `[!a-z]` are sets, `{a,b}` is either (not nested), `\` takes the next byte as
 * it is.  Pure; time and memory are bounded by the pattern's length times the
 * text's.
 */
#ifndef SERVER_DOMAIN_PROTECT_GLOB_H
#define SERVER_DOMAIN_PROTECT_GLOB_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

struct err;

enum {
	PROTECT_GLOB_MAX = 255,      /* bytes of a pattern */
	PROTECT_GLOB_EITHER_MAX = 32 /* patterns that one's braces stand for */
};

/* ERR_INVALID that says what is wrong. */
int protect_glob_check(struct view pattern, struct err *e);
/* fold: upper and lower case are the same.  Longer patterns match nothing. */
bool protect_glob(struct view pattern, struct view text, bool fold);
/* Is it a name without any of the signs above? */
bool protect_glob_is_plain(struct view pattern);

/* The patterns without braces that it stands for; false from fn ends it. */
typedef bool protect_glob_fn(struct view plain, void *arg);
void protect_glob_expand(struct view pattern, protect_glob_fn *fn, void *arg);

#endif
