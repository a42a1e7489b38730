/* svc_token: tokens that people make for programs, and their end. */
#ifndef SERVER_SERVICE_SVC_TOKEN_H
#define SERVER_SERVICE_SVC_TOKEN_H

#include "server/auth/bucket.h"
#include "server/service/svc.h"

enum {
	TOKENS_PER_USER_MAX = 200
};

struct svc_token_create {
	struct svc_op op;
	int64_t user_id;
	char *name;
	uint32_t scopes;    /* server/domain/scope.h; 0: all */
	char *repo;         /* OWNER/NAME it is bound to; NULL: none */
	int64_t expires_at; /* 0: never */
	/* Of _sure: the password or a token of who asks, and his address. */
	char *confirm;
	char address[BUCKET_ADDRESS_MAX];
	char hash[PASSWORD_HASH_MAX + 1];  /* within */
	int64_t id;                        /* out */
	char secret[TOKEN_SECRET_HEX + 1]; /* out */
};
struct svc_token_create *svc_token_create_new(
    struct svc *s, const struct identity *who);
/* Nobody gives more than he has.  ERR_EXISTS: the name is taken. */
void svc_token_create(
    struct svc_token_create *op, svc_done_fn *done, void *arg);
/* The same for who is signed in by a browser: a session makes no token that
 * outlives it, so he says once more who he is, and the token is of what he
 * gives.  ERR_DENIED: it is not right; ERR_BUSY: too many wrong ones. */
void svc_token_create_sure(
    struct svc_token_create *op, svc_done_fn *done, void *arg);

struct svc_token_delete {
	struct svc_op op;
	int64_t user_id;
	int64_t id;
};
void svc_token_delete(struct svc *s, const struct identity *who,
    int64_t user_id, int64_t id, svc_done_fn *done, void *arg);

#endif
