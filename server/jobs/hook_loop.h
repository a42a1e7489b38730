/*
 * hook_loop: webhooks from the event stream.  Events become deliveries, rows
 * written together with the cursor that says how far it got, so that a crash
 * loses none and makes none twice.  Deliveries of one hook are sent in order,
 * one at a time; hooks do not wait for each other, but for a place among
 * HOOK_AT_ONCE.  What was sent when the process was killed is sent again, with
 * the same id.
 */
#ifndef SERVER_JOBS_HOOK_LOOP_H
#define SERVER_JOBS_HOOK_LOOP_H

#include <stdint.h>

#include "server/service/svc_hook.h"

struct dial_rule;
struct hook_loop;
struct net;

enum {
	HOOK_AT_ONCE = 16,   /* requests of all hooks */
	HOOK_COMMITS_MAX = 5 /* of a push, that are told */
};

struct hook_loop_spec {
	struct svc *svc;
	struct net *net;
	const struct dial_rule *dial;
	hook_payload_fn *payload;
	int64_t retry_ms; /* the first wait after a failure */
};

struct hook_loop *hook_loop_new(const struct hook_loop_spec *spec);
void hook_loop_start(struct hook_loop *l);
void hook_loop_on_commit(struct hook_loop *l, int64_t last_seq);
void hook_loop_wake(struct hook_loop *l);
/* Begins nothing any more. */
void hook_loop_stop(struct hook_loop *l);
/* After db_close and the pool's end, before net_free.  NULL is fine. */
void hook_loop_free(struct hook_loop *l);

#endif
