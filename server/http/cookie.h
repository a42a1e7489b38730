/*
 * cookie: one cookie of a Cookie header (RFC 6265, section 4.2.1), as bytes of
 * a stranger.  Pure.
 */
#ifndef SERVER_HTTP_COOKIE_H
#define SERVER_HTTP_COOKIE_H

#include <stdbool.h>

#include "lib/base/view.h"

enum {
	COOKIE_HEADER_MAX = 8192 /* bytes; a longer one has no cookies */
};

/* The first of that name; header NULL: none.  *out is borrowed. */
bool cookie_find(const char *header, const char *name, struct view *out);

#endif
