#include "server/service/svc_ticket.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/rnd.h"
#include "server/store/audit.h"
#include "server/store/tickets.h"

static void
svc_ticket_create_release(void *arg)
{
	struct svc_ticket_create *op = arg;

	explicit_bzero(op->secret, sizeof(op->secret));
}

static int
svc_ticket_create_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_ticket_create *op = arg;
	struct ticket_new n = { .secret = op->secret,
		.user_id = op->op.who.user_id,
		.project_id = op->project_id,
		.verb = op->verb };
	struct project p = { .id = 0 };

	if (svc_project_by_id(
		t, &op->op.who, op->project_id, PERM_WRITE, &p, e) == -1)
		return -1;
	project_release(&p);
	op->expires_at = op->op.now + SVC_TICKET_MS;
	n.expires_at = op->expires_at;
	rnd_hex(op->secret, TICKET_HEX / 2);
	if (tickets_delete_expired(t, op->op.now, e) == -1)
		return -1;
	if (audit_add(t,
		&(struct audit_new){ .what = "ticket.created",
		    .subject = op->verb,
		    .project_id = op->project_id },
		e) == -1)
		return -1;
	return tickets_insert(t, &n, e);
}

void
svc_ticket_create(struct svc *s, const struct identity *who, int64_t project_id,
    const char *verb, svc_done_fn *done, void *arg)
{
	struct svc_ticket_create *op = svc_op_new(
	    s, sizeof(*op), who, svc_ticket_create_release);
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	op->project_id = project_id;
	snprintf(op->verb, sizeof(op->verb), "%s", verb);
	if (strcmp(verb, "attach") != 0 && strcmp(verb, "exec") != 0 &&
	    strcmp(verb, "dial") != 0 && strcmp(verb, "prove") != 0) {
		err_set(
		    &e, ERR_INVALID, "verb: want attach, exec, dial or prove");
		svc_op_end_later(op, &e);
	} else {
		svc_op_run(op, svc_ticket_create_job, done, arg);
	}
}

static int
svc_ticket_redeem_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_ticket_redeem *op = arg;

	return tickets_redeem(t, op->secret, op->op.now, &op->ticket, e);
}

void
svc_ticket_redeem(struct svc *s, const struct identity *who, const char *secret,
    svc_done_fn *done, void *arg)
{
	struct svc_ticket_redeem *op = svc_op_new(s, sizeof(*op), who, NULL);

	if (strlen(secret) == TICKET_HEX)
		snprintf(op->secret, sizeof(op->secret), "%s", secret);
	svc_op_run(op, svc_ticket_redeem_job, done, arg);
}
