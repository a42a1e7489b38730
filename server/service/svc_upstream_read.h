/*
 * svc_upstream_read: the bytes of a forge's reply about a repository, and of
 * a webhook.  They come from outside: sizes are bounded, unknown members are
 * ignored, a member of another type than expected refuses the whole.
 */
#ifndef SERVER_SERVICE_SVC_UPSTREAM_READ_H
#define SERVER_SERVICE_SVC_UPSTREAM_READ_H

#include "lib/base/view.h"

struct err;
struct upstream_info;

/* Fills the facts of *out (those that are there replace what was); text is cut
 * at a limit.  -1: nothing was changed. */
int upstream_read(struct view body, struct upstream_info *out, struct err *e);
/* Text for a person of an error reply, "" when there is none; bounded. */
char *upstream_read_message(struct view body) __attribute__((returns_nonnull));

enum upstream_hook {
	UPSTREAM_HOOK_OTHER, /* nothing that concerns a mirror */
	UPSTREAM_HOOK_PING,
	UPSTREAM_HOOK_SYNC
};
/* event: the value of X-GitHub-Event and the like, may be NULL. */
enum upstream_hook upstream_hook_of(const char *event);

#endif
