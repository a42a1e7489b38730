/*
 * domain: names of hosts and patterns of them, as the policy of what a sandbox
 * may reach has them.  One normaliser for DNS questions, SNI, Host headers and
 * rules, so that nobody reads one name in two ways.
 */
#ifndef LIB_BASE_DOMAIN_H
#define LIB_BASE_DOMAIN_H

#include <stdbool.h>

#include "lib/base/view.h"

struct err;

enum {
	DOMAIN_NAME_MAX = 254,   /* 253 and a NUL */
	DOMAIN_PATTERN_MAX = 256 /* with "*." */
};

/*
 * Lower case, one dot at the end dropped, letters, digits, '-' and '_' in
 * labels of 1 to 63, at most 253.  What ends in a number is an address and no
 * name.  Anything else is ERR_INVALID and leaves out empty.
 */
int domain_parse(struct view text, char out[DOMAIN_NAME_MAX], struct err *e);
/*
 * The part of a normalised name that somebody registers: two labels, three
 * below a suffix that many people share.  Points into name.
 */
const char *domain_registrable(const char *name);

/* "name", "*.name" (what is below it, not itself) or "*" (name is ""). */
int domain_pattern_parse(
    struct view text, char name[DOMAIN_NAME_MAX], bool *below, struct err *e);
const char *domain_pattern_text(
    const char *name, bool below, char out[DOMAIN_PATTERN_MAX]);
/* Why a pattern lets more out than it looks like, or NULL. */
const char *domain_pattern_warning(const char *name, bool below);

#endif
