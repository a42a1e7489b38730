/*
 * gzip: replies in fewer bytes, for who says that he takes them.
 */
#ifndef SERVER_WEB_GZIP_H
#define SERVER_WEB_GZIP_H

#include <stdbool.h>

#include "lib/base/view.h"

struct request;
struct str;

enum gzip_level {
	GZIP_FAST = 1, /* made for one reply */
	GZIP_SMALL = 9 /* made once */
};

/* The request names gzip and does not refuse it; NULL: no. */
bool gzip_taken(const struct request *q);
/* Into out, which is empty; it stays so when that takes no less. */
void gzip_put(struct view in, enum gzip_level level, struct str *out);

#endif
