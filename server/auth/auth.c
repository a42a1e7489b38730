#include "server/auth/auth.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/num.h"
#include "server/domain/word.h"
#include "server/store/tokens.h"

static const enum identity_kind auth_user_kinds[] = {
	[USER_ADMIN] = IDENTITY_ADMIN,
	[USER_PERSON] = IDENTITY_USER,
	[USER_AGENT] = IDENTITY_AGENT,
	[USER_CI] = IDENTITY_CI,
	[USER_SERVICE] = IDENTITY_SERVICE,
};

/* One answer for every reason: the caller learns nothing of the token. */
static int
auth_deny(struct err *e)
{
	return err_set(e, ERR_DENIED, AUTH_TEXT_BAD);
}

static bool
auth_label_fits(const struct token *k, const char *label)
{
	struct err ignored = ERR_INIT;
	int64_t project = 0;

	if (k->kind == TOKEN_USER || k->kind == TOKEN_RUNNER)
		return label[0] == '\0';
	return num_i64(label, 1, INT64_MAX, &project, &ignored) == 0 &&
	    project == k->project_id;
}

static bool
auth_is_good(const struct token *k, const char *label, int64_t now)
{
	bool alive = k->expires_at == 0 || k->expires_at > now;

	/* The user `agent` cannot log in; a run acts in its name. */
	if (k->user_kind == USER_AGENT && k->kind == TOKEN_USER)
		return false;
	if (k->kind == TOKEN_WEB)
		return false;
	return alive && !k->user_deleted && auth_label_fits(k, label);
}

static enum identity_kind
auth_kind(const struct token *k)
{
	if (k->kind == TOKEN_RUN)
		return IDENTITY_RUN;
	if (k->kind == TOKEN_SESSION)
		return IDENTITY_SESSION;
	if (k->kind == TOKEN_RUNNER)
		return IDENTITY_RUNNER;
	if ((size_t)k->user_kind < WORD_COUNT(auth_user_kinds))
		return auth_user_kinds[k->user_kind];
	return IDENTITY_NONE;
}

static int
auth_fill(const struct token *k, struct identity *out, struct err *e)
{
	out->kind = auth_kind(k);
	if (out->kind == IDENTITY_NONE || strlen(k->branch) > AUTH_BRANCH_MAX)
		return auth_deny(e);
	out->user_id = k->user_id;
	(void)snprintf(out->login, sizeof(out->login), "%s", k->login);
	out->user_kind = k->user_kind;
	out->site_admin = out->kind == IDENTITY_ADMIN;
	out->token_id = k->id;
	out->token_used_at = k->used_at;
	out->expires_at = k->expires_at;
	out->scopes = k->scopes;
	out->barred = k->user_barred;
	if (k->kind == TOKEN_WEB)
		return 0;
	if (k->kind == TOKEN_USER) {
		out->bound_project = k->project_id;
		return 0;
	}
	out->run_id = k->run_id;
	out->project_id = k->project_id;
	out->access = k->access;
	(void)snprintf(out->branch, sizeof(out->branch), "%s", k->branch);
	return 0;
}

int64_t
auth_credential(const struct identity *who)
{
	return who->token_id != 0 ? who->token_id : -who->user_id;
}

int
auth_by_token(struct txn *t, const struct credential *c, const char *label,
    int64_t now, struct identity *out, struct err *e)
{
	struct token k;
	int rc;

	*out = (struct identity){ .kind = IDENTITY_NONE };
	if (c->kind == CREDENTIAL_NONE)
		return 0;
	if (tokens_by_secret(t, c->secret, &k, e) == -1)
		return e->code == ERR_NOTFOUND ? auth_deny(e) : -1;
	rc = auth_is_good(&k, label, now) ? auth_fill(&k, out, e)
					  : auth_deny(e);
	token_release(&k);
	if (rc == -1)
		*out = (struct identity){ .kind = IDENTITY_NONE };
	return rc;
}

int
auth_by_session(struct txn *t, struct view secret, int64_t now,
    struct identity *out, struct err *e)
{
	char text[TOKEN_SECRET_HEX + 1];
	struct token k = { .id = 0 };
	int rc = -1;

	*out = (struct identity){ .kind = IDENTITY_NONE };
	if (!credential_is_secret(secret))
		return auth_deny(e);
	memcpy(text, secret.p, TOKEN_SECRET_HEX);
	text[TOKEN_SECRET_HEX] = '\0';
	if (tokens_by_secret(t, text, &k, e) == -1) {
		if (e->code == ERR_NOTFOUND)
			(void)auth_deny(e);
	} else if (k.kind != TOKEN_WEB || k.user_deleted || k.user_bot ||
	    k.expires_at <= now ||
	    (k.user_kind != USER_ADMIN && k.user_kind != USER_PERSON)) {
		(void)auth_deny(e);
	} else {
		rc = auth_fill(&k, out, e);
	}
	explicit_bzero(text, sizeof(text));
	token_release(&k);
	return rc;
}

int
auth_account(
    struct txn *t, const char *login, struct auth_account *out, struct err *e)
{
	struct user u;

	*out = (struct auth_account){ .who = { .kind = IDENTITY_NONE } };
	if (users_by_name(t, login, &u, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	/* Programs and bots have tokens only. */
	if (u.bot || (u.kind != USER_ADMIN && u.kind != USER_PERSON))
		return 0;
	if (users_password(t, u.id, out->hash, e) == -1)
		return -1;
	out->who.kind = auth_user_kinds[u.kind];
	out->who.user_id = u.id;
	memcpy(out->who.login, u.login, sizeof(out->who.login));
	out->who.user_kind = u.kind;
	out->who.site_admin = u.kind == USER_ADMIN;
	out->who.by_password = true;
	out->who.barred = !u.active || u.no_login;
	out->who.must_change = u.must_change;
	out->login_at = u.login_at;
	return 0;
}
