#include "server/service/svc_session.h"

#include <string.h>

#include "lib/base/err.h"
#include "server/store/tokens.h"

static void
svc_session_token_release(void *arg)
{
	struct svc_session_token *op = arg;

	explicit_bzero(op->secret, sizeof(op->secret));
}

static int
svc_session_token_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_session_token *op = arg;
	const struct token_new n = { .user_id = op->op.svc->agent_id,
		.kind = TOKEN_SESSION,
		.name = "session",
		.secret = op->secret,
		.project_id = op->project_id,
		.access = ACCESS_WRITE,
		.now = op->op.now };
	struct project p = { .id = 0 };
	bool active;
	int64_t id;

	if (svc_project_by_id(
		t, &op->op.who, op->project_id, PERM_SERVE, &p, e) == -1)
		return -1;
	active = p.state == PROJECT_ACTIVE;
	project_release(&p);
	if (!active)
		return err_set(e, ERR_EXISTS, "the project is being deleted");
	if (tokens_delete_sessions(t, op->project_id, e) == -1)
		return -1;
	tokens_make_secret(op->secret);
	return tokens_insert(t, &n, &id, e);
}

void
svc_session_token(struct svc *s, const struct identity *who, int64_t project_id,
    svc_done_fn *done, void *arg)
{
	struct svc_session_token *op = svc_op_new(
	    s, sizeof(*op), who, svc_session_token_release);

	op->project_id = project_id;
	svc_op_run(op, svc_session_token_job, done, arg);
}
