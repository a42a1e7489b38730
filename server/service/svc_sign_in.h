/*
 * svc_sign_in: the sessions of browsers.  One begins by name and password, or
 * by an access token in the password's place, which ends with that token; it
 * lasts SIGN_IN_MS at most, and not beyond the browser's next one.
 */
#ifndef SERVER_SERVICE_SVC_SIGN_IN_H
#define SERVER_SERVICE_SVC_SIGN_IN_H

#include "server/auth/bucket.h"
#include "server/auth/credential.h"
#include "server/service/svc.h"

enum {
	SIGN_IN_MS = 12 * 3600 * 1000
};

struct svc_sign_in {
	struct svc_op op;
	char login[NAME_LEN_MAX + 1];
	char password[CREDENTIAL_PASSWORD_MAX + 1];
	char address[BUCKET_ADDRESS_MAX]; /* of the client, for the throttle */
	char old[TOKEN_SECRET_HEX + 1];   /* the browser's session; "": none */
	int64_t user_id;                  /* within, as the next */
	char hash[PASSWORD_HASH_MAX + 1];
	char secret[TOKEN_SECRET_HEX + 1]; /* out */
	int64_t expires_at;                /* out */
	int64_t retry_ms;                  /* out, with ERR_BUSY */
};
struct svc_sign_in *svc_sign_in_new(struct svc *s);
/* ERR_DENIED: it is not right, or may not; ERR_BUSY: too many wrong ones. */
void svc_sign_in(struct svc_sign_in *op, svc_done_fn *done, void *arg);

/* Ends a session of the caller's, or with `others` all but it. */
struct svc_sign_out {
	struct svc_op op;
	int64_t id;
	bool others;
};
void svc_sign_out(struct svc *s, const struct identity *who, int64_t id,
    bool others, svc_done_fn *done, void *arg);

#endif
