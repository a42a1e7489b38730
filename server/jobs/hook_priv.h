/* hook_priv: the parts of hook_loop: who makes rows, what one transaction
 * writes, who sends them. */
#ifndef SERVER_JOBS_HOOK_PRIV_H
#define SERVER_JOBS_HOOK_PRIV_H

#include "lib/base/str.h"
#include "server/jobs/hook_loop.h"

struct hook_send;

/* on_room: a hook that is behind may be told more. */
struct hook_send *hook_send_new(
    const struct hook_loop_spec *spec, void (*on_room)(void *arg), void *arg);
void hook_send_pump(struct hook_send *s);
void hook_send_stop(struct hook_send *s);
void hook_send_free(struct hook_send *s);

struct hook_batch;

/* Where the events of a batch end. */
struct hook_batch_end {
	int64_t only;   /* the hook that is behind; 0: all that are not */
	int64_t behind; /* its `behind` when they were read */
	int64_t until;  /* they were read up to there */
	bool caught_up; /* which is the cursor of all */
	int64_t now;
};

struct hook_batch *hook_batch_new(void);
void hook_batch_free(struct hook_batch *b); /* NULL is fine */
/* Takes payload, copies the ids. */
void hook_batch_tell(struct hook_batch *b, const struct hook_payload *p,
    char *payload, const int64_t *hooks, size_t n);
/* The event could not be told, not for the first time after `tries`. */
void hook_batch_late(struct hook_batch *b, int64_t seq, int64_t tries,
    const int64_t *hooks, size_t n);
/* Its copies of the default hooks are told what comes after the batch. */
void hook_batch_created(struct hook_batch *b, int64_t project_id);
bool hook_batch_full(const struct hook_batch *b);
bool hook_batch_empty(const struct hook_batch *b);
void hook_batch_set_end(struct hook_batch *b, const struct hook_batch_end *end);
/* In a job. */
int hook_batch_write(struct txn *t, const struct hook_batch *b, struct err *e);

enum {
	HOOK_SIGN_256_HEX = 64,
	HOOK_SIGN_1_HEX = 40
};

/* HMAC (RFC 2104) in lower hex; "" for an empty secret. */
void hook_sign_256(
    const char *secret, struct view body, char out[HOOK_SIGN_256_HEX + 1]);
void hook_sign_1(
    const char *secret, struct view body, char out[HOOK_SIGN_1_HEX + 1]);

#endif
