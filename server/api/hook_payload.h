/*
 * hook_payload: what webhooks are told of an event, in Gitea's payloads; rows
 * in them have the shapes of the API.  An item is shown as it is when the
 * payload is made, right after the event's transaction.
 */
#ifndef SERVER_API_HOOK_PAYLOAD_H
#define SERVER_API_HOOK_PAYLOAD_H

#include "server/domain/hook_rule.h"
#include "server/domain/work.h"

struct err;
struct json;
struct str;
struct txn;

struct hook_payload {
	const char *url; /* public */
	const struct event *event;
	const struct json *data; /* the event's, parsed */
	const struct hook_say *say;
	const struct project *project;
	const struct json *git; /* of gitpool_pushed: pushes and statuses; NULL:
				   not known */
};

/* Does it need `git`? */
bool hook_payload_needs_git(enum hook_type t);
/* Appends one object.  ERR_NOTFOUND: what it is about is gone. */
int hook_payload_make(struct txn *t, const struct hook_payload *p,
    struct str *out, struct err *e);

#endif
