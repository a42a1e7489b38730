/*
 * tokens: bearer secrets, kept as SHA-256 of their 40 hex digits.  The secret
 * itself is seen by tokens_insert and tokens_by_secret only.
 */
#ifndef SERVER_STORE_TOKENS_H
#define SERVER_STORE_TOKENS_H

#include "server/domain/types.h"

struct err;
struct txn;

struct token_new {
	int64_t user_id;
	enum token_kind kind;
	enum access_level access; /* of run and session tokens, as the next */
	int64_t run_id;
	int64_t project_id;
	const char *branch; /* NULL: "" */
	const char *name;
	const char *secret; /* TOKEN_SECRET_HEX lower-case hex digits */
	int64_t expires_at; /* 0: never */
	int64_t now;
};

/* A fresh secret, for token_new. */
void tokens_make_secret(char out[TOKEN_SECRET_HEX + 1]);
/* ERR_EXISTS: the user has a token of that name (user tokens only). */
int tokens_insert(
    struct txn *t, const struct token_new *n, int64_t *id, struct err *e);
/*
 * ERR_NOTFOUND when unknown or malformed.  Expired tokens and those of deleted
 * users are returned: the caller judges.
 */
int tokens_by_secret(
    struct txn *t, const char *secret, struct token *out, struct err *e);
/* User tokens of one user, oldest first. */
int tokens_list(struct txn *t, int64_t user_id, int64_t limit, int64_t offset,
    struct token_list *out, struct err *e);
/* ERR_NOTFOUND when it is not that user's. */
int tokens_delete(
    struct txn *t, int64_t user_id, int64_t token_id, struct err *e);
int tokens_delete_by_run(struct txn *t, int64_t run_id, struct err *e);
int tokens_delete_sessions(struct txn *t, int64_t project_id, struct err *e);
int tokens_delete_expired(struct txn *t, int64_t now, struct err *e);
int tokens_touch(struct txn *t, int64_t token_id, int64_t now, struct err *e);

#endif
