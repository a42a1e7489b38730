/*
 * credential: the Authorization header (RFC 9110 section 11.6.2, RFC 6750,
 * RFC 7617) as bytes of a stranger.  Pure.
 */
#ifndef SERVER_AUTH_CREDENTIAL_H
#define SERVER_AUTH_CREDENTIAL_H

#include <stdbool.h>

#include "lib/base/view.h"
#include "server/domain/types.h"

struct err;

enum {
	AUTH_HEADER_MAX = 1024, /* bytes */
	AUTH_BRANCH_MAX = 255,
	CREDENTIAL_PASSWORD_MAX = 255 /* bytes */
};

#define AUTH_TEXT_NONE "token is required"
#define AUTH_TEXT_BAD "invalid username, password or token"

enum credential_kind {
	CREDENTIAL_NONE, /* the header is absent or empty */
	CREDENTIAL_TOKEN,
	CREDENTIAL_PASSWORD
};

struct credential {
	enum credential_kind kind;
	char secret[TOKEN_SECRET_HEX + 1]; /* of a token, else "" */
	char login[NAME_LEN_MAX + 1];      /* with a password, else "" */
	char password[CREDENTIAL_PASSWORD_MAX + 1];
};

/*
 * A token is TOKEN_SECRET_HEX lower-case hex digits in `Bearer S`, `token S` or
 * Basic with the secret as password (or as user name with the password empty
 * or `x-oauth-basic`).  Other Basic pairs are a name and a password.  Anything
 * else is ERR_DENIED.
 */
int credential_parse(struct view header, struct credential *out, struct err *e);
void credential_wipe(struct credential *c);
/* Would this be taken for a token? */
bool credential_is_secret(struct view v);

#endif
