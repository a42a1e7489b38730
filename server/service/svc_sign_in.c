#include "server/service/svc_sign_in.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "server/auth/password.h"
#include "server/domain/scope.h"
#include "server/service/svc_audit.h"
#include "server/store/tokens.h"
#include "server/store/users.h"

static void
svc_sign_in_release(void *arg)
{
	struct svc_sign_in *op = arg;

	explicit_bzero(op->password, sizeof(op->password));
	explicit_bzero(op->secret, sizeof(op->secret));
	explicit_bzero(op->old, sizeof(op->old));
}

struct svc_sign_in *
svc_sign_in_new(struct svc *s)
{
	const struct identity nobody = { .kind = IDENTITY_NONE };

	return svc_op_new(
	    s, sizeof(struct svc_sign_in), &nobody, svc_sign_in_release);
}

static int
svc_sign_in_wrong(struct err *e)
{
	return err_set(
	    e, ERR_DENIED, "the name, password or access token is not right");
}

static int
svc_sign_in_may(const struct identity *who, struct err *e)
{
	if (who->barred)
		return err_set(e, ERR_DENIED,
		    "this user is deactivated or may not sign in");
	if (who->must_change)
		return err_set(e, ERR_DENIED,
		    "the password must be changed first: PUT "
		    "/api/coffer/v1/user/password");
	return 0;
}

/* The session that the browser gives up for the new one. */
static int
svc_sign_in_replace(const struct svc_sign_in *op, struct txn *t, struct err *e)
{
	struct err none = ERR_INIT;
	struct token k;
	int rc = 0;

	if (op->old[0] == '\0')
		return 0;
	if (tokens_by_secret(t, op->old, &k, &none) == -1) {
		if (none.code == ERR_NOTFOUND)
			return 0;
		*e = none;
		return -1;
	}
	if (k.kind == TOKEN_WEB)
		rc = tokens_delete_web(t, k.user_id, k.id, false, e);
	token_release(&k);
	return rc;
}

static int
svc_sign_in_insert(struct svc_sign_in *op, struct txn *t, int64_t by,
    int64_t until, struct err *e)
{
	struct token_new n = { .user_id = op->user_id,
		.secret = op->secret,
		.expires_at = op->op.now + SIGN_IN_MS,
		.now = op->op.now };
	int64_t id;

	if (until != 0 && until < n.expires_at)
		n.expires_at = until;
	op->expires_at = n.expires_at;
	tokens_make_secret(op->secret);
	if (svc_sign_in_replace(op, t, e) == -1)
		return -1;
	return tokens_insert_web(t, &n, by, &id, e);
}

/* While the password was checked its user may have lost it, or his rights. */
static int
svc_sign_in_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_sign_in *op = arg;
	struct auth_account a;

	if (auth_account(t, op->login, &a, e) == -1)
		return -1;
	if (a.who.user_id != op->user_id || strcmp(a.hash, op->hash) != 0)
		return svc_sign_in_wrong(e);
	if (svc_sign_in_may(&a.who, e) == -1 ||
	    svc_sign_in_insert(op, t, 0, 0, e) == -1)
		return -1;
	return users_touch(t, op->user_id, op->op.now, e);
}

/* A session may all that its user may: so must the token. */
static int
svc_sign_in_by_token(struct txn *t, void *arg, struct err *e)
{
	struct svc_sign_in *op = arg;
	struct credential c = { .kind = CREDENTIAL_TOKEN };
	struct identity who;
	struct user u;
	int rc;

	memcpy(c.secret, op->password, TOKEN_SECRET_HEX);
	rc = auth_by_token(t, &c, "", op->op.now, &who, e);
	credential_wipe(&c);
	if (rc == -1)
		return e->code == ERR_DENIED ? svc_sign_in_wrong(e) : -1;
	if ((who.kind != IDENTITY_USER && who.kind != IDENTITY_ADMIN) ||
	    who.bound_project != 0 || !scope_holds(who.scopes, SCOPE_ALL))
		return err_set(e, ERR_DENIED,
		    "a token signs a person in only with all scopes, and of no "
		    "single repository");
	if (users_by_id(t, who.user_id, &u, e) == -1)
		return -1;
	if (u.bot)
		return err_set(e, ERR_DENIED,
		    "%s is a bot: only people sign in here", u.login);
	who.must_change = u.must_change;
	if (svc_sign_in_may(&who, e) == -1)
		return -1;
	op->user_id = who.user_id;
	return svc_sign_in_insert(op, t, who.token_id, who.expires_at, e);
}

/* How many there are is bounded by what bounds the tries. */
static void
svc_sign_in_note(const struct svc_sign_in *op)
{
	svc_audit_note(op->op.svc, &op->op.who,
	    &(struct svc_audit_note){
		.what = "sign-in.refused", .subject = op->login });
}

static void
svc_sign_in_on_password(enum password_verdict v, int64_t retry_ms, void *arg)
{
	struct svc_sign_in *op = arg;
	struct err e = ERR_INIT;

	op->retry_ms = retry_ms;
	if (v == PASSWORD_RIGHT && op->user_id != 0) {
		svc_op_run(op, svc_sign_in_job, op->op.done, op->op.arg);
		return;
	}
	if (v == PASSWORD_RIGHT || v == PASSWORD_WRONG) {
		svc_sign_in_note(op);
		(void)svc_sign_in_wrong(&e);
	} else
		(void)err_set(
		    &e, ERR_BUSY, "too many wrong ones: try again soon");
	svc_op_end_later(op, &e);
}

void
svc_sign_in(struct svc_sign_in *op, svc_done_fn *done, void *arg)
{
	struct svc *s = op->op.svc;
	struct auth_account a;
	struct password_ask ask = { .login = op->login,
		.hash = op->hash,
		.address = op->address,
		.password = op->password };
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	(void)snprintf(
	    op->op.who.origin, sizeof(op->op.who.origin), "%.80s", op->address);
	if (credential_is_secret(view_of(op->password))) {
		svc_op_run(op, svc_sign_in_by_token, done, arg);
		return;
	}
	if (auth_account(db_reader(s->db), op->login, &a, &e) == -1) {
		svc_op_end_later(op, &e);
		return;
	}
	op->user_id = a.who.user_id;
	memcpy(op->hash, a.hash, sizeof(op->hash));
	ask.user_id = op->user_id;
	(void)passwords_ask(s->passwords, &ask, svc_sign_in_on_password, op);
}

static int
svc_sign_out_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_sign_out *op = arg;

	return tokens_delete_web(t, op->op.who.user_id, op->id, op->others, e);
}

void
svc_sign_out(struct svc *s, const struct identity *who, int64_t id, bool others,
    svc_done_fn *done, void *arg)
{
	struct svc_sign_out *op = svc_op_new(s, sizeof(*op), who, NULL);

	op->id = id;
	op->others = others;
	svc_op_run(op, svc_sign_out_job, done, arg);
}
