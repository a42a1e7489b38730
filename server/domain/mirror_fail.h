/*
 * mirror_fail: why a synchronisation with an upstream failed, what follows for
 * the schedule, and what a person is told to do.  Pure.  Texts of git, ssh and
 * HTTP are read for it; they come from outside and are matched, never copied.
 */
#ifndef SERVER_DOMAIN_MIRROR_FAIL_H
#define SERVER_DOMAIN_MIRROR_FAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

enum mirror_fail {
	MIRROR_FAIL_NONE,
	MIRROR_FAIL_AUTH,      /* the credential is missing or refused */
	MIRROR_FAIL_NOT_FOUND, /* no access, or no such repository */
	MIRROR_FAIL_GONE,      /* the host does not answer */
	MIRROR_FAIL_SLOW,      /* it answers, but too slowly */
	MIRROR_FAIL_RATE,      /* it asks to wait */
	MIRROR_FAIL_REDIRECT,  /* it sends us elsewhere: not followed */
	MIRROR_FAIL_TLS,       /* its certificate is not good */
	MIRROR_FAIL_HOST_KEY,  /* ssh: its key is unknown or another one */
	MIRROR_FAIL_SHALLOW,   /* it is a shallow clone */
	MIRROR_FAIL_PROTOCOL,  /* what it sends is not git, or cut short */
	MIRROR_FAIL_CONTENT,   /* its objects are malformed or missing */
	MIRROR_FAIL_LYING,     /* it lists other refs than it gives */
	MIRROR_FAIL_LIMIT,     /* too large for mirror_max or the ref list */
	MIRROR_FAIL_DISK,      /* this server's disk is full */
	MIRROR_FAIL_CONFIG,    /* the URL is not allowed here */
	MIRROR_FAIL_INTERNAL,
	MIRROR_FAIL_MAX
};

enum mirror_policy {
	MIRROR_BACK_OFF, /* try again, each time later */
	MIRROR_PAUSE,    /* until a person acts: one notice */
	MIRROR_WAIT      /* until the time that upstream named */
};

const char *mirror_fail_name(enum mirror_fail f)
    __attribute__((returns_nonnull)); /* "auth"; NONE: "" */
enum mirror_policy mirror_fail_policy(enum mirror_fail f);
/* Does it concern every project of that host? */
bool mirror_fail_is_host(enum mirror_fail f);
/* A sentence that says what to do. */
const char *mirror_fail_advice(enum mirror_fail f)
    __attribute__((returns_nonnull));

/* Of a git child's stderr; MIRROR_FAIL_PROTOCOL when nothing is known.  *line
 * is the line that said it, else the first that git calls fatal. */
enum mirror_fail mirror_fail_of_text(const char *text, struct view *line);

/* Of a reply over HTTP.  Header values are NULL when absent. */
struct mirror_reply {
	int status;
	const char *retry_after; /* seconds; a date counts as absent */
	const char *remaining;   /* x-ratelimit-remaining */
	const char *reset;       /* x-ratelimit-reset: seconds since 1970 */
};
/* *until is 0 or a time in ms, never more than MIRROR_FAIL_WAIT_MAX_MS away. */
enum mirror_fail mirror_fail_of_reply(
    const struct mirror_reply *r, int64_t now, int64_t *until);

enum {
	MIRROR_FAIL_WAIT_MAX_MS = 6 * 3600 * 1000,
	MIRROR_FAIL_WAIT_MS = 60 * 1000 /* when it does not say how long */
};

#endif
