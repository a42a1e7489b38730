#include "server/service/svc_token.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/domain/scope.h"
#include "server/store/tokens.h"
#include "server/store/users.h"

static void
svc_token_create_release(void *arg)
{
	struct svc_token_create *op = arg;

	free(op->name);
	free(op->repo);
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

void
svc_token_create(struct svc_token_create *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;
	size_t n = strlen(svc_text(op->name));

	op->op.done = done;
	op->op.arg = arg;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)op->name[i] < ' ')
			n = 0;
	if (n == 0 || n > NAME_LEN_MAX)
		(void)err_set(
		    &e, ERR_INVALID, "name: want 1 to %d bytes", NAME_LEN_MAX);
	else if (op->expires_at != 0 && op->expires_at <= op->op.now)
		(void)err_set(&e, ERR_INVALID, "expires_at: it is past");
	if (e.code != ERR_NONE)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_token_create_job, done, arg);
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
