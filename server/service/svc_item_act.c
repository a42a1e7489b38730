/* One act on an issue or pull request. */
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/service/svc_issue.h"
#include "server/service/svc_item.h"
#include "server/store/issues.h"
#include "server/store/labels.h"

static void
svc_item_release(void *arg)
{
	struct svc_item *op = arg;

	for (size_t k = 0; k < op->n_named; k++)
		free(op->named[k]);
	free(op->text);
	item_fields_release(&op->fields);
	issue_release(&op->issue);
}

struct svc_item *
svc_item_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_item), who, svc_item_release);
}

static int
svc_item_act_labels(struct txn *t, struct svc_item *op, struct err *e)
{
	struct item_fields *f = &op->fields;

	for (size_t k = 0; k < op->n_named; k++) {
		struct label l;

		if (labels_by_name(t, op->project_id, op->named[k], &l, e) ==
		    -1) {
			if (e->code != ERR_NOTFOUND)
				return -1;
			return err_set(e, ERR_INVALID,
			    "labels: there is no label \"%s\"", op->named[k]);
		}
		if (f->n_labels < ITEM_LABELS_MAX)
			f->labels[f->n_labels++] = l.id;
		label_release(&l);
	}
	return svc_item_labels(t, &op->op, &op->issue, f->labels, f->n_labels,
	    (enum svc_labels_how)op->labels_how, e);
}

static int
svc_item_act_unlabel(struct txn *t, struct svc_item *op, struct err *e)
{
	return svc_item_labels(
	    t, &op->op, &op->issue, op->fields.labels, 1, SVC_LABELS_REMOVE, e);
}

static int
svc_item_act_assign(struct txn *t, struct svc_item *op, struct err *e)
{
	return svc_item_assignees(t, &op->op, &op->issue, op->fields.assignees,
	    op->fields.n_assignees,
	    op->act == SVC_ITEM_ASSIGN ? SVC_ASSIGNEES_ADD
				       : SVC_ASSIGNEES_REMOVE,
	    e);
}

static int
svc_item_act_lock(struct txn *t, struct svc_item *op, struct err *e)
{
	const struct issue *i = &op->issue;
	bool lock = op->act == SVC_ITEM_LOCK;
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	if (i->locked == lock)
		return 0;
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "body", svc_text(op->text));
	jw_end(&w);
	if (issues_set_lock(t, i->project_id, i->number, lock,
		svc_text(op->text), op->op.now, e) == -1 ||
	    svc_item_note(t, &op->op, i, lock ? "lock" : "unlock", &data, e) ==
		-1)
		return -1;
	return svc_item_event(
	    t, &op->op, i, lock ? "issue.locked" : "issue.unlocked", &data, e);
}

static int
svc_item_act_pin(struct txn *t, struct svc_item *op, struct err *e)
{
	const struct issue *i = &op->issue;
	bool pin = op->act == SVC_ITEM_PIN;
	int64_t n = 0;

	if (issues_pins(t, i->project_id, i->is_pull, &n, e) == -1)
		return -1;
	if ((i->pin > 0) == pin)
		return 0;
	if (pin && n >= ITEM_PINS_MAX)
		return err_set(
		    e, ERR_LIMIT, "at most %d can be pinned", ITEM_PINS_MAX);
	if (issues_set_pin(t, i, pin ? n + 1 : 0, e) == -1 ||
	    svc_item_note(t, &op->op, i, pin ? "pin" : "unpin", NULL, e) == -1)
		return -1;
	return svc_item_event(
	    t, &op->op, i, pin ? "issue.pinned" : "issue.unpinned", NULL, e);
}

static int
svc_item_act_move(struct txn *t, struct svc_item *op, struct err *e)
{
	const struct issue *i = &op->issue;
	int64_t n = 0;

	if (issues_pins(t, i->project_id, i->is_pull, &n, e) == -1)
		return -1;
	if (i->pin == 0 || op->place < 1 || op->place > n)
		return err_set(e, ERR_NOTFOUND,
		    "it is not pinned, or there is no such place");
	return issues_set_pin(t, i, op->place, e);
}

static int
svc_item_act_delete(struct txn *t, struct svc_item *op, struct err *e)
{
	const struct issue *i = &op->issue;
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	if (i->is_pull)
		return err_set(e, ERR_DENIED,
		    "a pull request is closed, it cannot be deleted");
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "id", i->id);
	jw_str(&w, "title", i->title);
	jw_str(&w, "body", i->body);
	jw_str(&w, "state", issue_state_name(i->state));
	jw_i64(&w, "created_at", i->created_at);
	jw_object(&w, "user");
	jw_i64(&w, "id", i->author.id);
	jw_str(&w, "login", i->author.login);
	jw_end(&w);
	jw_end(&w);
	if (i->pin > 0 && issues_set_pin(t, i, 0, e) == -1)
		return -1;
	if (svc_item_event(t, &op->op, i, "issue.deleted", &data, e) == -1)
		return -1;
	return issues_delete(t, i->project_id, i->number, e);
}

static int (*const svc_item_acts[])(
    struct txn *t, struct svc_item *op, struct err *e) = {
	[SVC_ITEM_LABELS] = svc_item_act_labels,
	[SVC_ITEM_UNLABEL] = svc_item_act_unlabel,
	[SVC_ITEM_ASSIGN] = svc_item_act_assign,
	[SVC_ITEM_UNASSIGN] = svc_item_act_assign,
	[SVC_ITEM_LOCK] = svc_item_act_lock,
	[SVC_ITEM_UNLOCK] = svc_item_act_lock,
	[SVC_ITEM_PIN] = svc_item_act_pin,
	[SVC_ITEM_UNPIN] = svc_item_act_pin,
	[SVC_ITEM_MOVE] = svc_item_act_move,
	[SVC_ITEM_DELETE] = svc_item_act_delete,
};

static int
svc_item_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_item *op = arg;
	enum perm_verb verb = op->act == SVC_ITEM_DELETE ? PERM_MANAGE
							 : PERM_WRITE;

	if (svc_may(t, &op->op.who, op->project_id, verb, NULL, e) == -1 ||
	    issues_get(t, op->project_id, op->number, &op->issue, e) == -1 ||
	    svc_item_acts[op->act](t, op, e) == -1)
		return -1;
	if (op->act == SVC_ITEM_DELETE)
		return 0;
	issue_release(&op->issue);
	return issues_get(t, op->project_id, op->number, &op->issue, e);
}

void
svc_item(struct svc_item *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_item_job, done, arg);
}
