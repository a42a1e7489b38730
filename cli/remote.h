/*
 * remote: cofferd's API for commands that do one thing after another.  A call
 * starts on the loop and the loop runs until it is answered; what comes back
 * is the caller's own copy.  Nobody answering is exit code 5, see cli.h.
 */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

struct apiclient;
struct cli;
struct err;
struct json;
struct loop;
struct net;
struct remote;
struct str;

enum {
	REMOTE_DRY = 1 /* remote_send: --dry-run said what would be sent */
};

void remote_free(struct remote *r);
/* The loop of this start, made when first asked for; NULL on failure. */
struct loop *remote_loop(struct cli *c, struct err *e);
struct net *remote_net(struct cli *c, struct err *e);

/* *out may be NULL for an empty answer; json_free. */
int remote_get(
    struct cli *c, const char *path, struct json **out, struct err *e);
/* As above with a time limit, for long polls. */
int remote_wait(struct cli *c, const char *path, int64_t limit_ms,
    struct json **out, struct err *e);

struct remote_call {
	const char *method;
	const char *path;
	const struct str *body; /* JSON or NULL */
	int64_t limit_ms;       /* 0: 60 s */
	bool secret;            /* --dry-run does not show the body */
	bool keep_refusal;      /* *out is also the body of an error reply */
};

/* 0, REMOTE_DRY or -1; *status is the HTTP status, 0 if there was none. */
int remote_send(struct cli *c, const struct remote_call *call,
    struct json **out, int *status, struct err *e);

/*
 * A text or stream: chunks go to fn, which returns false to stop.  follow:
 * without a limit in time.
 */
typedef bool remote_text_fn(struct view chunk, void *arg);
struct remote_text {
	const char *path;
	const char *accept; /* may be NULL */
	bool follow;
	remote_text_fn *fn;
	void *arg;
};
int remote_text(struct cli *c, const struct remote_text *text, struct err *e);

#endif
