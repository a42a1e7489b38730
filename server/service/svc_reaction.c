#include "server/service/svc_reaction.h"

#include "lib/base/err.h"
#include "server/service/svc_comment.h"
#include "server/store/reactions.h"

struct svc_reaction *
svc_reaction_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_reaction), who, NULL);
}

static int
svc_reaction_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_reaction *op = arg;
	struct words_state state;
	struct reaction_new n;

	if (svc_comment_may(t, &op->op.who, &op->on, &state, e) == -1)
		return -1;
	n = (struct reaction_new){ .on = op->on,
		.account_id = op->op.who.user_id,
		.content = op->content,
		.now = op->op.now };
	if (op->remove)
		return reactions_remove(t, &n, e);
	if (reactions_add(t, &n, &op->added, e) == -1)
		return -1;
	return reactions_get(t, &n, &op->reaction, e);
}

void
svc_reaction(struct svc_reaction *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (reaction_known(op->content)) {
		svc_op_run(op, svc_reaction_job, done, arg);
		return;
	}
	(void)err_set(
	    &e, ERR_DENIED, "content: %s is not a reaction", op->content);
	svc_op_end_later(op, &e);
}
