/*
 * gzip: replies in fewer bytes, for who says that he takes them.
 */
#ifndef SERVER_WEB_GZIP_H
#define SERVER_WEB_GZIP_H

#include <stdbool.h>

#include "lib/base/view.h"

struct request;
struct str;

enum {
	/* Bytes of chance in the head, at most: lengths of one page differ. */
	GZIP_PAD_MAX = 100
};

enum gzip_level {
	GZIP_FAST = 2, /* made for one reply */
	GZIP_SMALL = 9 /* made once */
};

/* Accept-Encoding names gzip and does not refuse it; NULL: no. */
bool gzip_is_in(const char *accept);
bool gzip_taken(const struct request *q); /* the same of a request's */
/* Into out, which is empty; it stays so when that takes no less.  With up to
 * pad bytes, at most GZIP_PAD_MAX, that mean nothing. */
void gzip_put(
    struct view in, enum gzip_level level, unsigned pad, struct str *out);

#endif
