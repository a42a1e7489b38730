#include "server/service/svc_user.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "server/store/tokens.h"
#include "server/store/users.h"

static void
svc_user_edit_release(void *arg)
{
	struct svc_user_edit *op = arg;

	free(op->login);
}

struct svc_user_edit *
svc_user_edit_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_user_edit), who, svc_user_edit_release);
}

static int
svc_user_edit_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_user_edit *op = arg;
	int64_t id;

	if (!op->remove) {
		if (users_insert(
			t, op->login, USER_PERSON, op->op.now, &id, e) == -1)
			return -1;
		return users_by_id(t, id, &op->user, e);
	}
	if (users_by_name(t, op->login, &op->user, e) == -1)
		return -1;
	if (op->user.kind != USER_PERSON)
		return err_set(e, ERR_INVALID,
		    "name: %s is a user that the server needs", op->user.login);
	return users_delete(t, op->user.id, e);
}

void
svc_user_edit(struct svc_user_edit *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (op->login == NULL || !path_component_ok(op->login)) {
		err_set(&e, ERR_INVALID,
		    "username: want 1 to 100 of A-Z a-z 0-9 . _ -, not "
		    "beginning with . or -");
		svc_op_end_later(op, &e);
	} else {
		svc_op_run(op, svc_user_edit_job, done, arg);
	}
}

static void
svc_token_create_release(void *arg)
{
	struct svc_token_create *op = arg;

	free(op->name);
	explicit_bzero(op->secret, sizeof(op->secret));
}

struct svc_token_create *
svc_token_create_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_token_create), who, svc_token_create_release);
}

static int
svc_token_create_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_token_create *op = arg;
	struct token_new n = { .user_id = op->user_id,
		.kind = TOKEN_USER,
		.name = op->name,
		.secret = op->secret,
		.now = op->op.now };
	struct user u;

	if (users_by_id(t, op->user_id, &u, e) == -1)
		return -1;
	if (u.kind == USER_AGENT)
		return err_set(
		    e, ERR_INVALID, "name: the user agent has no login");
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
	if (n == 0 || n > NAME_LEN_MAX) {
		err_set(
		    &e, ERR_INVALID, "name: want 1 to %d bytes", NAME_LEN_MAX);
		svc_op_end_later(op, &e);
	} else {
		svc_op_run(op, svc_token_create_job, done, arg);
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
