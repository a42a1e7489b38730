#include "server/service/svc_hook.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/rnd.h"
#include "server/store/deliveries.h"

static void
svc_hook_release(void *arg)
{
	struct svc_hook *op = arg;

	hook_release(&op->hook);
	hook_release(&op->out);
	free(op->payload);
	free(op->ref);
}

struct svc_hook *
svc_hook_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_hook), who, svc_hook_release);
}

void
svc_hook_uuid(char out[HOOK_UUID + 1])
{
	unsigned char b[16];

	rnd_bytes(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	(void)snprintf(out, HOOK_UUID + 1,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]);
}

bool
svc_hook_needs_git(enum hook_type t)
{
	return t == HOOK_PUSH || t == HOOK_STATUS;
}

int
svc_hook_may(struct txn *t, const struct identity *who,
    const struct hook_scope *scope, struct err *e)
{
	if (scope->project_id != 0) {
		if (svc_may(t, who, scope->project_id, PERM_ADMIN, NULL, e) ==
		    -1)
			return -1;
	} else if (scope->account_id != 0 ? who->user_id != scope->account_id
					  : !who->site_admin) {
		return err_set(e, ERR_NOTFOUND, "no such hook");
	}
	if (who->kind != IDENTITY_ADMIN && who->kind != IDENTITY_USER)
		return err_set(
		    e, ERR_DENIED, "%s may not have hooks", who->login);
	return 0;
}

static int
svc_hook_open(
    struct txn *t, struct svc_hook *op, struct hook *out, struct err *e)
{
	if (svc_hook_may(t, &op->op.who, &op->scope, e) == -1)
		return -1;
	return hooks_get(t, &op->scope, op->id, out, e);
}

static int
svc_hook_create_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_hook *op = arg;
	const struct hook *h = &op->hook;
	const struct hook_new n = { .scope = op->scope,
		.is_default = h->is_default,
		.active = h->active,
		.form = h->form,
		.type = svc_text(h->type),
		.name = svc_text(h->name),
		.url = svc_text(h->url),
		.events = svc_text(h->events),
		.branch_filter = svc_text(h->branch_filter),
		.secret = svc_text(h->secret),
		.authorization = svc_text(h->authorization),
		.now = op->op.now };

	if (svc_hook_may(t, &op->op.who, &op->scope, e) == -1 ||
	    hooks_insert(t, &n, &op->id, e) == -1)
		return -1;
	return hooks_by_id(t, op->id, &op->out, e);
}

void
svc_hook_create(struct svc_hook *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_hook_create_job, done, arg);
}

/* The text of `from`, when it has one, takes the place of *to. */
static void
svc_hook_set(char **to, char **from)
{
	char *old = *to;

	if (*from == NULL)
		return;
	*to = STEAL(*from);
	if (old != NULL)
		explicit_bzero(old, strlen(old));
	free(old);
}

static int
svc_hook_edit_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_hook *op = arg;
	struct hook *h = &op->out, *set = &op->hook;

	if (svc_hook_open(t, op, h, e) == -1)
		return -1;
	svc_hook_set(&h->name, &set->name);
	svc_hook_set(&h->url, &set->url);
	svc_hook_set(&h->events, &set->events);
	svc_hook_set(&h->branch_filter, &set->branch_filter);
	svc_hook_set(&h->secret, &set->secret);
	svc_hook_set(&h->authorization, &set->authorization);
	if (op->sets_active)
		h->active = set->active;
	if (op->sets_form)
		h->form = set->form;
	if (hooks_update(t, h, op->op.now, e) == -1)
		return -1;
	if (op->sets_active && !h->active &&
	    deliveries_give_up(
		t, h->id, "the hook was made inactive", op->op.now, e) == -1)
		return -1;
	hook_release(h);
	return hooks_by_id(t, op->id, h, e);
}

static bool
svc_hook_then(void *arg)
{
	const struct svc_hook *op = arg;
	struct svc *s = op->op.svc;

	if (s->upper != NULL && s->upper->hooks_wake != NULL)
		s->upper->hooks_wake(s->hooks);
	return false;
}

void
svc_hook_edit(struct svc_hook *op, svc_done_fn *done, void *arg)
{
	op->op.then = svc_hook_then;
	svc_op_run(op, svc_hook_edit_job, done, arg);
}

static int
svc_hook_delete_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_hook *op = arg;

	if (svc_hook_may(t, &op->op.who, &op->scope, e) == -1)
		return -1;
	return hooks_delete(t, &op->scope, op->id, e);
}

void
svc_hook_delete(struct svc_hook *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_hook_delete_job, done, arg);
}

static int
svc_hook_add(struct txn *t, struct svc_hook *op, const struct delivery_new *n,
    struct err *e)
{
	int64_t waiting, bytes;

	if (deliveries_waiting(t, op->id, &waiting, &bytes, e) == -1)
		return -1;
	if (waiting >= 2 * HOOK_PENDING_MAX || bytes >= 2 * HOOK_PENDING_BYTES)
		return err_set(e, ERR_BUSY,
		    "%" PRId64 " deliveries wait for this hook already",
		    waiting);
	if (deliveries_insert(t, n, &op->delivery, e) == -1)
		return -1;
	return hooks_wake(t, op->id, op->op.now, true, e);
}

static int
svc_hook_send_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_hook *op = arg;
	char uuid[HOOK_UUID + 1];
	struct delivery_new n = { .hook_id = op->id,
		.project_id = op->project_id,
		.uuid = uuid,
		.type = op->type,
		.action = "",
		.now = op->op.now };

	svc_hook_uuid(uuid);
	if (svc_hook_open(t, op, &op->out, e) == -1 ||
	    deliveries_payload(t, op->payload, &n.payload_id, e) == -1)
		return -1;
	return svc_hook_add(t, op, &n, e);
}

void
svc_hook_send(struct svc_hook *op, svc_done_fn *done, void *arg)
{
	op->op.then = svc_hook_then;
	svc_op_run(op, svc_hook_send_job, done, arg);
}

static int
svc_hook_redeliver_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_hook *op = arg;
	struct delivery d = { .id = 0 };
	int rc;

	if (svc_hook_open(t, op, &op->out, e) == -1 ||
	    deliveries_get(t, op->id, op->delivery, &d, e) == -1)
		return -1;
	if (d.state == DELIVERY_WAITS) {
		/* It is on its way: now, whatever was planned. */
		rc = hooks_wake(t, op->id, op->op.now, true, e);
	} else {
		const struct delivery_new n = { .hook_id = op->id,
			.project_id = d.project_id,
			.uuid = d.uuid,
			.type = d.type,
			.action = d.action,
			.redelivery = true,
			.payload_id = d.payload_id,
			.now = op->op.now };

		rc = svc_hook_add(t, op, &n, e);
	}
	delivery_release(&d);
	return rc;
}

void
svc_hook_redeliver(struct svc_hook *op, svc_done_fn *done, void *arg)
{
	op->op.then = svc_hook_then;
	svc_op_run(op, svc_hook_redeliver_job, done, arg);
}
