#include "server/service/svc_cursor.h"

#include "lib/base/alloc.h"
#include "server/store/cursors.h"

static void
svc_cursor_put_release(void *arg)
{
	struct svc_cursor_put *op = arg;

	free(op->name);
}

static int
svc_cursor_put_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_cursor_put *op = arg;

	return cursors_put(
	    t, op->op.who.user_id, op->name, op->seq, op->op.now, e);
}

void
svc_cursor_put(struct svc *s, const struct identity *who, const char *name,
    int64_t seq, svc_done_fn *done, void *arg)
{
	struct svc_cursor_put *op = svc_op_new(
	    s, sizeof(*op), who, svc_cursor_put_release);

	op->name = xstrdup(name);
	op->seq = seq;
	svc_op_run(op, svc_cursor_put_job, done, arg);
}
