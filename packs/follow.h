/* follow: an entry's pack to standard output, while it grows if need be. */
#ifndef PACKS_FOLLOW_H
#define PACKS_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

struct entry;
struct err;

enum follow_end {
	FOLLOW_DONE,
	FOLLOW_RETRY, /* not a byte is out: it can be had another way */
	FOLLOW_FAILED /* e says why */
};

/* progress: relay what git says meanwhile.  ERR_LIMIT with FOLLOW_RETRY: the
 * disk is full, computing it into an entry again is of no use. */
enum follow_end follow_entry(struct entry *en, bool progress, struct err *e);

#endif
