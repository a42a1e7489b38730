/*
 * tokens: bearer secrets, kept as SHA-256 of a salt and the SHA-256 of their
 * 40 hex digits, and found by their last eight.  The secret itself is seen by
 * tokens_insert and tokens_by_secret only.
 */
#ifndef SERVER_STORE_TOKENS_H
#define SERVER_STORE_TOKENS_H

#include "server/domain/types.h"

struct err;
struct txn;

struct token_new {
	int64_t user_id;
	enum token_kind kind;
	enum access_level access; /* of run and session tokens */
	int64_t run_id;
	int64_t project_id; /* of a user's: bound to it, 0 for none */
	uint32_t scopes;    /* server/domain/scope.h */
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
/* How many user tokens a user has. */
int tokens_count(struct txn *t, int64_t user_id, int64_t *out, struct err *e);
/* The user token of that id or name.  ERR_NOTFOUND; ERR_INVALID when the one
 * has the id and another the name. */
int tokens_find(struct txn *t, int64_t user_id, const char *id_or_name,
    int64_t *out, struct err *e);
int tokens_by_id(struct txn *t, int64_t id, struct token *out, struct err *e);
/* With the browsers' sessions that began by it.  ERR_NOTFOUND when it is not
 * that user's. */
int tokens_delete(
    struct txn *t, int64_t user_id, int64_t token_id, struct err *e);
int tokens_delete_by_run(struct txn *t, int64_t run_id, struct err *e);
int tokens_delete_sessions(struct txn *t, int64_t project_id, struct err *e);
/*
 * A browser's session, TOKEN_WEB: began by that token, 0: by the password.  It
 * ends with that token, or when the password changes (users.h).  Of a user
 * the newest TOKENS_WEB_MAX are kept.
 */
enum {
	TOKENS_WEB_MAX = 30
};
int tokens_insert_web(struct txn *t, const struct token_new *n, int64_t by,
    int64_t *id, struct err *e);
/* That one, or with `others` all of the user but it.  None is no error. */
int tokens_delete_web(
    struct txn *t, int64_t user_id, int64_t id, bool others, struct err *e);
/* Newest first. */
int tokens_list_web(struct txn *t, int64_t user_id, int64_t now,
    struct token_list *out, struct err *e);
int tokens_delete_expired(struct txn *t, int64_t now, struct err *e);
int tokens_touch(struct txn *t, int64_t token_id, int64_t now, struct err *e);
/* Salts the rows from before there were salts. */
int tokens_salt_old(struct txn *t, struct err *e);

/*
 * What was revoked after row `after`: tokens that are gone, accounts that may
 * less than before.  When some rows are forgotten already, all is true.
 */
struct revoked {
	int64_t token_id;   /* or 0 */
	int64_t account_id; /* or 0 */
};
struct revoked_list {
	struct revoked *at;
	size_t n;
	int64_t last;
	bool all;
};
void revoked_list_release(struct revoked_list *l);
int tokens_revoked_last(struct txn *t, int64_t *out, struct err *e);
int tokens_revoked(
    struct txn *t, int64_t after, struct revoked_list *out, struct err *e);

#endif
