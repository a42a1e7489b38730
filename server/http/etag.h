/*
 * etag: the entity tag of a reply by its bytes, and whether a client has it
 * (RFC 9110, sections 8.8.3 and 13.1.2).  The hash has a key, so that nobody
 * can write two texts of one tag; whoever keeps it decides how long tags are
 * good.
 */
#ifndef SERVER_HTTP_ETAG_H
#define SERVER_HTTP_ETAG_H

#include <stdbool.h>

#include "lib/base/view.h"

enum {
	ETAG_MAX = 36, /* quotes and NUL included */
	ETAG_KEY = 16
};

void etag_of(
    const unsigned char key[ETAG_KEY], struct view body, char out[ETAG_MAX]);
/* header: the value of If-None-Match, NULL when absent.  Compared weakly, as
 * the header wants it. */
bool etag_known(const char *header, const char *etag);

#endif
