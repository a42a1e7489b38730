#include "server/auth/credential.h"

#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	CREDENTIAL_BASIC_MAX = 512 /* bytes, decoded */
};

bool
credential_is_secret(struct view v)
{
	if (v.len != TOKEN_SECRET_HEX)
		return false;
	for (size_t i = 0; i < v.len; i++) {
		char c = v.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

static int
credential_take(struct view v, struct credential *out, struct err *e)
{
	if (!credential_is_secret(v))
		return err_set(e, ERR_DENIED, AUTH_TEXT_BAD);
	out->kind = CREDENTIAL_TOKEN;
	memcpy(out->secret, v.p, TOKEN_SECRET_HEX);
	return 0;
}

static int
credential_pair(
    struct view user, struct view pass, struct credential *out, struct err *e)
{
	if (user.len == 0 || user.len > NAME_LEN_MAX ||
	    pass.len > CREDENTIAL_PASSWORD_MAX ||
	    memchr(pass.p, '\0', pass.len) != NULL)
		return err_set(e, ERR_DENIED, AUTH_TEXT_BAD);
	memcpy(out->login, user.p, user.len);
	if (!path_component_ok(out->login)) {
		explicit_bzero(out->login, sizeof(out->login));
		return err_set(e, ERR_DENIED, AUTH_TEXT_BAD);
	}
	out->kind = CREDENTIAL_PASSWORD;
	memcpy(out->password, pass.p, pass.len);
	return 0;
}

/* RFC 7617: user-id up to the first colon; the password may hold colons. */
static int
credential_basic(struct view v, struct credential *out, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(CREDENTIAL_BASIC_MAX);
	struct view all, user, pass;
	const char *colon;
	int rc;

	if (esc_base64_decode(v, &text, e) == -1 || !str_ok(&text) ||
	    text.len == 0)
		return err_set(e, ERR_DENIED, AUTH_TEXT_BAD);
	all = str_view(&text);
	colon = memchr(all.p, ':', all.len);
	if (colon == NULL)
		return err_set(e, ERR_DENIED, AUTH_TEXT_BAD);
	user = (struct view){ .p = all.p, .len = (size_t)(colon - all.p) };
	pass = view_from(all, user.len + 1);
	if (pass.len == 0 || view_is(pass, "x-oauth-basic"))
		rc = credential_take(user, out, e);
	else if (credential_is_secret(pass))
		rc = credential_take(pass, out, e);
	else
		rc = credential_pair(user, pass, out, e);
	explicit_bzero(text.p, text.len);
	return rc;
}

/* The scheme is case-insensitive, RFC 9110 section 11.1. */
static bool
credential_is_scheme(struct view v, const char *name)
{
	return v.len == strlen(name) && strncasecmp(v.p, name, v.len) == 0;
}

int
credential_parse(struct view header, struct credential *out, struct err *e)
{
	struct view v, scheme, rest;
	const char *space;

	*out = (struct credential){ .kind = CREDENTIAL_NONE };
	if (header.len > AUTH_HEADER_MAX)
		return err_set(e, ERR_DENIED, AUTH_TEXT_BAD);
	v = view_trim(header);
	if (v.len == 0)
		return 0;
	space = memchr(v.p, ' ', v.len);
	if (space == NULL)
		return err_set(e, ERR_DENIED, AUTH_TEXT_BAD);
	scheme = (struct view){ .p = v.p, .len = (size_t)(space - v.p) };
	rest = view_trim(view_from(v, scheme.len));
	if (credential_is_scheme(scheme, "bearer") ||
	    credential_is_scheme(scheme, "token"))
		return credential_take(rest, out, e);
	if (credential_is_scheme(scheme, "basic"))
		return credential_basic(rest, out, e);
	return err_set(e, ERR_DENIED, AUTH_TEXT_BAD);
}

void
credential_wipe(struct credential *c)
{
	explicit_bzero(c, sizeof(*c));
}
