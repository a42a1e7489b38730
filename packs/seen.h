/* seen: requests whose pack is cheap to make again and large to keep, which
 * came a short while ago: only the second of its kind is worth a file.  A table
 * in HOME/git/packs/seen; what is lost of it costs one computation. */
#ifndef PACKS_SEEN_H
#define PACKS_SEEN_H

#include <stdbool.h>

enum {
	SEEN_S = 600 /* so long after its first a request is the second */
};

/* Was the key marked in the last SEEN_S seconds?  It is from now on.  dir: of
 * the project. */
bool seen_mark(int dir, const char *key);

#endif
