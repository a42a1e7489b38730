/*
 * csrf: the value that only pages of one session have, in each form of theirs.
 * It is that of the session behind a mask which is new for each page: pages are
 * sent compressed beside what strangers wrote, and how long they become tells
 * who watches the line what is in them twice.  Of the mask he learns nothing.
 */
#ifndef SERVER_WEB_CSRF_H
#define SERVER_WEB_CSRF_H

#include <stdbool.h>

#include "lib/base/view.h"

enum {
	CSRF_BYTES = 16,
	CSRF_TEXT = 4 * CSRF_BYTES + 1 /* the mask and the masked, NUL */
};

/* secret: what the session's cookie says. */
void csrf_put(struct view secret, char out[CSRF_TEXT]);
bool csrf_ok(struct view secret, struct view given);

#endif
