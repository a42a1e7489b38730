/*
 * hooks: webhooks and their deliveries as plain data filled by server/store.
 * The scheme for text, times and ids is that of types.h.
 */
#ifndef SERVER_DOMAIN_HOOKS_H
#define SERVER_DOMAIN_HOOKS_H

#include "server/domain/hook_rule.h"
#include "server/domain/types.h"

enum {
	HOOK_UUID = 36
};

struct hook {
	int64_t id;
	int64_t project_id; /* of a repository's, else 0 */
	int64_t account_id; /* of a user's, else 0 */
	bool is_default;    /* of the server: for new repositories */
	bool active;
	bool form; /* content_type form, else json */
	char *type;
	char *name;
	char *url;
	char *events; /* the words, a line each, as they came */
	char *branch_filter;
	int64_t created_at;
	int64_t updated_at;
	int64_t since;      /* events up to it are not told */
	int64_t failures;   /* in a row */
	int64_t rest_until; /* the breaker is open; 0: closed */
	int64_t due_at;     /* the next attempt; 0: nothing waits */
	int64_t behind;     /* the oldest event it is still to be told of, when
			     * it does not follow the others; 0: it does */
	int64_t behind_tries; /* failures to tell that one */
	char *secret;         /* never shown */
	char *authorization;
};

struct hook_list {
	struct hook *at;
	size_t n;
	int64_t total;
};

void hook_release(struct hook *x); /* wipes what is secret */
void hook_list_release(struct hook_list *l);
bool hook_wants(const struct hook *h, enum hook_type t);

enum delivery_state {
	DELIVERY_WAITS = 1,
	DELIVERY_OK,
	DELIVERY_FAILED
};

/* "waiting" "delivered" "failed" */
const char *delivery_state_name(enum delivery_state v);

struct delivery {
	int64_t id;
	int64_t hook_id;
	int64_t project_id;
	int64_t payload_id;
	char uuid[HOOK_UUID + 1];
	enum hook_type type;
	char action[HOOK_WORD_MAX + 1];
	enum delivery_state state;
	bool redelivery; /* by hand, with the uuid of the first */
	int64_t attempts;
	int64_t created_at;
	int64_t ended_at;
	int64_t status; /* of the newest answer; 0: none */
	int64_t took_ms;
	char *error;
	char *request; /* head of the newest attempt, a line each */
	char *response_headers;
	char *response_body;
	char *payload;
};

struct delivery_list {
	struct delivery *at;
	size_t n;
	int64_t total;
};

void delivery_release(struct delivery *x);
void delivery_list_release(struct delivery_list *l);

#endif
