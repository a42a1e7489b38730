/*
 * receive: the head of a push (gitprotocol-pack(5), "Reference Update
 * Request"): shallow lines, commands with the capabilities, push options; what
 * follows is the pack.  And the answer to a push of which nothing is allowed.
 * Pure.
 */
#ifndef SERVER_GIT_RECEIVE_H
#define SERVER_GIT_RECEIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"
#include "server/domain/push_policy.h"

struct err;
struct str;

enum {
	RECEIVE_HEAD_MAX = 1 << 20,
	RECEIVE_PACK_HEAD = 12, /* "PACK", version, number of objects */
	RECEIVE_SHALLOW_MAX = 10000,
	RECEIVE_OPTIONS_MAX = 64
};

struct receive_head {
	struct push_command *c;
	size_t n;
	size_t cap;
	bool report_status;
	bool report_status_v2;
	bool side_band;
	bool atomic;
	bool push_options;
};

void receive_head_release(struct receive_head *h);

/*
 * Returns the head's length (its last flush included), 0 when more bytes are
 * needed, -1: ERR_LIMIT too many commands or bytes, ERR_PROTO malformed.  Start
 * each try with a zeroed head; it is filled when the result is positive.  After
 * -1 it has no commands, but the capabilities, for receive_failure.
 */
long receive_head_get(struct view in, struct receive_head *h, struct err *e);

/* Does any command bring objects, so that a pack must follow? */
bool receive_has_pack(const struct receive_head *h);

/*
 * The head of the pack: 1 and its number of objects, 0 when more bytes are
 * needed, -1 it is none that git reads.
 */
int receive_pack_get(struct view in, uint32_t *objects, struct err *e);

/* The whole reply when nothing goes to git. */
void receive_refusal(struct str *out, const struct receive_head *h,
    const struct push_verdict *v);
/* The whole reply when the push is not taken at all. */
void receive_failure(
    struct str *out, const struct receive_head *h, const char *why);
/* A line for the pusher's terminal, before git's own answer. */
void receive_remark(
    struct str *out, const struct receive_head *h, const char *text);

/* What the update hook reads: "ok REF" or "no REF REASON" lines. */
void receive_verdicts(struct str *out, const struct receive_head *h,
    const struct push_verdict *v);
/* Of a push of which all is allowed also "as OLD NEW REF": what git is to read,
 * in its order. */
void receive_judged(struct str *out, const struct receive_head *h);
/* And what a later process reads if this one dies: "by PROJECT ACTOR NEW REF"
 * of what is allowed. */
void receive_intents(struct str *out, const struct receive_head *h,
    const struct push_verdict *v, int64_t project, int64_t actor);

#endif
