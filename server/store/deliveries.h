/*
 * deliveries: what a webhook is told, one row each, with the log of the newest
 * attempt.  They are sent in the order of their ids; ids are never reused.
 */
#ifndef SERVER_STORE_DELIVERIES_H
#define SERVER_STORE_DELIVERIES_H

#include "server/domain/hooks.h"

struct err;
struct txn;

struct delivery_new {
	int64_t hook_id;
	int64_t project_id;
	const char *uuid;
	enum hook_type type;
	const char *action;
	bool redelivery;
	int64_t payload_id;
	int64_t now;
};

/* A text for deliveries_insert, of one delivery or many in the same job. */
int deliveries_payload(
    struct txn *t, const char *text, int64_t *id, struct err *e);
/* id may be NULL.  Bounds nothing: hooks_takes does. */
int deliveries_insert(
    struct txn *t, const struct delivery_new *n, int64_t *id, struct err *e);
/* The oldest that waits; ERR_NOTFOUND when none does.  No log. */
int deliveries_head(
    struct txn *t, int64_t hook_id, struct delivery *out, struct err *e);
int deliveries_get(struct txn *t, int64_t hook_id, int64_t id,
    struct delivery *out, struct err *e);
/* Newest first, without texts but `error`. */
int deliveries_list(struct txn *t, int64_t hook_id, int64_t limit,
    int64_t offset, struct delivery_list *out, struct err *e);
/* How many wait, and the size of their payloads. */
int deliveries_waiting(
    struct txn *t, int64_t hook_id, int64_t *n, int64_t *bytes, struct err *e);

struct delivery_result {
	int64_t id;
	int64_t hook_id;
	enum delivery_state state;
	int64_t attempts;
	int64_t status;
	int64_t took_ms;
	const char *error;
	const char *request;
	const char *response_headers;
	const char *response_body;
	int64_t now;
};

/* Only one that waits: another is ERR_EXISTS.  Forgets those at an end beyond
 * HOOK_LOG_MAX. */
int deliveries_result(
    struct txn *t, const struct delivery_result *r, struct err *e);
/* All that wait fail, with that error, and the hook is behind nothing. */
int deliveries_give_up(struct txn *t, int64_t hook_id, const char *error,
    int64_t now, struct err *e);
/* The same for those made before `before`, of every hook. */
int deliveries_expire(
    struct txn *t, int64_t before, int64_t now, struct err *e);

#endif
