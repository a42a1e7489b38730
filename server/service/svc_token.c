#include "server/service/svc_token.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/auth/password.h"
#include "server/domain/scope.h"
#include "server/store/tokens.h"
#include "server/store/users.h"

static void
svc_token_create_release(void *arg)
{
	struct svc_token_create *op = arg;

	free(op->name);
	free(op->repo);
	if (op->confirm != NULL)
		explicit_bzero(op->confirm, strlen(op->confirm));
	free(op->confirm);
	explicit_bzero(op->hash, sizeof(op->hash));
	explicit_bzero(op->secret, sizeof(op->secret));
}

struct svc_token_create *
svc_token_create_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_token_create), who, svc_token_create_release);
}

static int
svc_token_project(const struct svc_token_create *op, struct txn *t, int64_t *id,
    struct err *e)
{
	const char *slash = strchr(op->repo, '/');
	AUTO_FREE char *owner = NULL;
	struct project p = { .id = 0 };

	if (slash == NULL || slash == op->repo || slash[1] == '\0')
		return err_set(e, ERR_INVALID, "scopes: want repo:OWNER/NAME");
	owner = xstrndup(op->repo, (size_t)(slash - op->repo));
	if (svc_project_open(
		t, &op->op.who, owner, slash + 1, PERM_READ, &p, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		return err_set(e, ERR_INVALID,
		    "scopes: there is no repository %s", op->repo);
	}
	*id = p.id;
	project_release(&p);
	return 0;
}

static int
svc_token_create_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_token_create *op = arg;
	const struct identity *who = &op->op.who;
	struct token_new n = { .user_id = op->user_id,
		.kind = TOKEN_USER,
		.name = op->name,
		.secret = op->secret,
		.scopes = op->scopes,
		.expires_at = op->expires_at,
		.now = op->op.now };
	struct user u;
	int64_t have = 0;

	if (users_by_id(t, op->user_id, &u, e) == -1)
		return -1;
	if (u.kind == USER_AGENT)
		return err_set(
		    e, ERR_INVALID, "name: the user agent has no login");
	if (op->repo != NULL &&
	    svc_token_project(op, t, &n.project_id, e) == -1)
		return -1;
	if (!scope_holds(who->scopes, op->scopes) ||
	    (who->bound_project != 0 && who->bound_project != n.project_id) ||
	    (who->expires_at != 0 &&
		(op->expires_at == 0 || op->expires_at > who->expires_at)))
		return err_set(e, ERR_DENIED,
		    "a token does not make one that may more than itself");
	if (tokens_count(t, op->user_id, &have, e) == -1)
		return -1;
	if (have >= TOKENS_PER_USER_MAX)
		return err_set(e, ERR_INVALID,
		    "name: the user has %d tokens, more are not kept: delete "
		    "some",
		    (int)TOKENS_PER_USER_MAX);
	tokens_make_secret(op->secret);
	return tokens_insert(t, &n, &op->id, e);
}

/* True: the op ended with what is wrong. */
static bool
svc_token_refused(struct svc_token_create *op)
{
	struct err e = ERR_INIT;
	size_t n = strlen(svc_text(op->name));

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)op->name[i] < ' ')
			n = 0;
	if (n == 0 || n > NAME_LEN_MAX)
		(void)err_set(
		    &e, ERR_INVALID, "name: want 1 to %d bytes", NAME_LEN_MAX);
	else if (op->expires_at != 0 && op->expires_at <= op->op.now)
		(void)err_set(&e, ERR_INVALID, "expires_at: it is past");
	if (e.code == ERR_NONE)
		return false;
	svc_op_end_later(op, &e);
	return true;
}

void
svc_token_create(struct svc_token_create *op, svc_done_fn *done, void *arg)
{
	op->op.done = done;
	op->op.arg = arg;
	if (!svc_token_refused(op))
		svc_op_run(op, svc_token_create_job, done, arg);
}

static int
svc_token_wrong(struct err *e)
{
	return err_set(
	    e, ERR_DENIED, "the password or access token is not right");
}

static int
svc_token_by(struct svc_token_create *op, struct txn *t,
    const struct identity *who, struct err *e)
{
	if (who->user_id != op->op.who.user_id || who->barred ||
	    who->must_change ||
	    (who->kind != IDENTITY_USER && who->kind != IDENTITY_ADMIN))
		return svc_token_wrong(e);
	op->op.who = *who;
	return svc_token_create_job(t, op, e);
}

/* While the password was checked it may have changed. */
static int
svc_token_by_password(struct txn *t, void *arg, struct err *e)
{
	struct svc_token_create *op = arg;
	struct auth_account a;

	if (auth_account(t, op->op.who.login, &a, e) == -1)
		return -1;
	if (a.hash[0] == '\0' || strcmp(a.hash, op->hash) != 0)
		return svc_token_wrong(e);
	return svc_token_by(op, t, &a.who, e);
}

static int
svc_token_by_token(struct txn *t, void *arg, struct err *e)
{
	struct svc_token_create *op = arg;
	struct credential c = { .kind = CREDENTIAL_TOKEN };
	struct identity who;
	int rc;

	memcpy(c.secret, op->confirm, TOKEN_SECRET_HEX);
	rc = auth_by_token(t, &c, "", op->op.now, &who, e);
	credential_wipe(&c);
	if (rc == -1)
		return e->code == ERR_DENIED ? svc_token_wrong(e) : -1;
	return svc_token_by(op, t, &who, e);
}

static void
svc_token_on_password(enum password_verdict v, int64_t retry_ms, void *arg)
{
	struct svc_token_create *op = arg;
	struct err e = ERR_INIT;

	(void)retry_ms;
	if (v == PASSWORD_RIGHT) {
		svc_op_run(op, svc_token_by_password, op->op.done, op->op.arg);
		return;
	}
	if (v == PASSWORD_WRONG)
		(void)svc_token_wrong(&e);
	else
		(void)err_set(
		    &e, ERR_BUSY, "too many wrong ones: try again soon");
	svc_op_end_later(op, &e);
}

void
svc_token_create_sure(struct svc_token_create *op, svc_done_fn *done, void *arg)
{
	struct svc *s = op->op.svc;
	struct password_ask ask = { .login = op->op.who.login,
		.hash = op->hash,
		.address = op->address,
		.user_id = op->op.who.user_id,
		.password = svc_text(op->confirm) };
	struct auth_account a;
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (svc_token_refused(op))
		return;
	if (credential_is_secret(view_of(op->confirm))) {
		svc_op_run(op, svc_token_by_token, done, arg);
	} else if (auth_account(db_reader(s->db), op->op.who.login, &a, &e) ==
	    -1) {
		svc_op_end_later(op, &e);
	} else {
		memcpy(op->hash, a.hash, sizeof(op->hash));
		(void)passwords_ask(
		    s->passwords, &ask, svc_token_on_password, op);
	}
}

static int
svc_token_delete_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_token_delete *op = arg;

	return tokens_delete(t, op->user_id, op->id, e);
}

void
svc_token_delete(struct svc *s, const struct identity *who, int64_t user_id,
    int64_t id, svc_done_fn *done, void *arg)
{
	struct svc_token_delete *op = svc_op_new(s, sizeof(*op), who, NULL);

	op->user_id = user_id;
	op->id = id;
	svc_op_run(op, svc_token_delete_job, done, arg);
}
