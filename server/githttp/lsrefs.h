/*
 * lsrefs: a question for refs in protocol 2 (gitprotocol-v2(5), "ls-refs").
 * Pure, nothing is copied but the list of prefixes.  What is not exactly a
 * question that git would answer is left to git, which then finds the words.
 */
#ifndef SERVER_GITHTTP_LSREFS_H
#define SERVER_GITHTTP_LSREFS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

enum {
	LSREFS_BODY_MAX = 4 << 20,
	LSREFS_PREFIXES = 65536 /* as many, and git forgets them all */
};

struct lsrefs {
	bool peel, symrefs, unborn;
	struct view *prefix; /* borrowed text, sorted, none begins another */
	size_t n;            /* 0: every ref */
};

/* The beginning of a body: 1 may be a question for refs, 0 more bytes are
 * needed, -1 is none. */
int lsrefs_begins(struct view body);
/* The whole body; false: git's.  Release *out when it is true. */
bool lsrefs_parse(struct view body, struct lsrefs *out);
void lsrefs_release(struct lsrefs *x);

/* Which protocol a Git-Protocol header asks for: 0, 1 or 2.  NULL is 0. */
int lsrefs_protocol(const char *header);

#endif
