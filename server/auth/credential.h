/*
 * credential: the Authorization header (RFC 9110 section 11.6.2, RFC 6750,
 * RFC 7617) as bytes of a stranger.  Pure.
 */
#ifndef SERVER_AUTH_CREDENTIAL_H
#define SERVER_AUTH_CREDENTIAL_H

#include "lib/base/view.h"
#include "server/domain/types.h"

struct err;

enum {
	AUTH_HEADER_MAX = 1024, /* bytes */
	AUTH_BRANCH_MAX = 255
};

#define AUTH_TEXT_NONE "token is required"
#define AUTH_TEXT_BAD "invalid username, password or token"

/*
 * Finds the secret in `Bearer S`, `token S` or Basic with the secret as
 * password (or as user name with the password empty or `x-oauth-basic`).
 * Returns 0, 1 when the value is empty (no credential), -1 with ERR_DENIED for
 * anything that is not TOKEN_SECRET_HEX lower-case hex digits in such a form.
 */
int credential_parse(
    struct view header, char secret[TOKEN_SECRET_HEX + 1], struct err *e);

#endif
