#include "server/service/svc_gateway.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/map.h"
#include "server/store/audit.h"

#define SVC_GATEWAY_WORD "gateway"

static void
svc_gateway_release(void *arg)
{
	struct svc_gateway *op = arg;

	for (size_t i = 0; i < op->n; i++) {
		free(op->at[i].of);
		free(op->at[i].is);
	}
	free(op->at);
}

struct svc_gateway *
svc_gateway_new(struct svc *s, const struct identity *who, size_t max)
{
	struct svc_gateway *op = svc_op_new(
	    s, sizeof(*op), who, svc_gateway_release);

	op->at = xcalloc(max + 1, sizeof(*op->at));
	return op;
}

/* What the log says that there is; borrowed by the map. */
static struct map *
svc_gateway_known(struct audit_list *l)
{
	struct map *known = map_new();

	for (size_t i = 0; i < l->n; i++)
		(void)map_put(known, l->at[i].subject, &l->at[i]);
	return known;
}

static int
svc_gateway_one_job(struct txn *t, const struct svc_gateway_one *x,
    const struct audit_row *was, struct err *e)
{
	const struct audit_new row = { .what = was == NULL
		    ? SVC_GATEWAY_WORD ".created"
		    : SVC_GATEWAY_WORD ".changed",
		.subject = x->of,
		.details = x->is,
		.old = was == NULL ? NULL : was->new_,
		.project_id = x->project };

	if (was != NULL && strcmp(was->new_, x->is) == 0)
		return 0;
	return audit_add(t, &row, e);
}

/* What is left of `known`, in the order of the log. */
static int
svc_gateway_gone(struct txn *t, const struct audit_list *l,
    const struct map *known, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct audit_row *was = &l->at[i];
		const struct audit_new row = { .what = SVC_GATEWAY_WORD
			".deleted",
			.subject = was->subject,
			.details = "",
			.old = was->new_,
			.project_id = was->project_id };

		if (map_get(known, was->subject) != NULL &&
		    audit_add(t, &row, e) == -1)
			return -1;
	}
	return 0;
}

static int
svc_gateway_job(struct txn *t, void *arg, struct err *e)
{
	const struct svc_gateway *op = arg;
	struct audit_list l;
	struct map *known;
	int rc = 0;

	if (audit_newest_of(t, SVC_GATEWAY_WORD, &l, e) == -1)
		return -1;
	known = svc_gateway_known(&l);
	for (size_t i = 0; rc == 0 && i < op->n; i++)
		rc = svc_gateway_one_job(
		    t, &op->at[i], map_del(known, op->at[i].of), e);
	if (rc == 0 && !op->more)
		rc = svc_gateway_gone(t, &l, known, e);
	map_free(known);
	audit_list_release(&l);
	return rc;
}

void
svc_gateway_tell(struct svc_gateway *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_gateway_job, done, arg);
}
