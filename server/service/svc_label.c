#include "server/service/svc_label.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/view.h"
#include "server/store/labels.h"

static void
svc_label_write_release(void *arg)
{
	struct svc_label_write *op = arg;

	free(op->name);
	free(op->color);
	free(op->description);
	label_release(&op->label);
}

struct svc_label_write *
svc_label_write_new(struct svc *s, const struct identity *who)
{
	struct svc_label_write *op = svc_op_new(
	    s, sizeof(struct svc_label_write), who, svc_label_write_release);

	op->exclusive = -1;
	op->archived = -1;
	return op;
}

static int
svc_label_check(const struct svc_label_write *op, struct err *e)
{
	char color[LABEL_COLOR_HEX + 1];

	if (op->id == 0 && op->name == NULL)
		return err_set(e, ERR_INVALID, "name: it is missing");
	if (op->id == 0 && op->color == NULL)
		return err_set(e, ERR_INVALID, "color: it is missing");
	if (op->name != NULL &&
	    (view_trim(view_of(op->name)).len == 0 ||
		strlen(op->name) > LABEL_NAME_MAX))
		return err_set(
		    e, ERR_INVALID, "name: want 1 to %d bytes", LABEL_NAME_MAX);
	if (op->name != NULL && strpbrk(op->name, ",\r\n\t") != NULL)
		return err_set(e, ERR_INVALID,
		    "name: no commas and no control characters");
	if (op->color != NULL && !label_color(op->color, color))
		return err_set(e, ERR_INVALID,
		    "color: want 6 hexadecimal digits, with or without #");
	if (op->description != NULL && strlen(op->description) > LABEL_TEXT_MAX)
		return err_set(e, ERR_INVALID, "description: over %d bytes",
		    LABEL_TEXT_MAX);
	return 0;
}

static void
svc_label_text(char **to, const char *from)
{
	if (from == NULL && *to != NULL)
		return;
	free(*to);
	*to = xstrdup(svc_text(from));
}

static int
svc_label_write_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_label_write *op = arg;
	struct label *l = &op->label;

	if (svc_may(t, &op->op.who, op->project_id, PERM_WRITE, NULL, e) == -1)
		return -1;
	if (op->remove)
		return labels_delete(t, op->project_id, op->id, e);
	if (op->id != 0 && labels_get(t, op->project_id, op->id, l, e) == -1)
		return -1;
	l->project_id = op->project_id;
	svc_label_text(&l->name, op->name);
	svc_label_text(&l->description, op->description);
	if (op->color != NULL)
		(void)label_color(op->color, l->color);
	if (op->exclusive != -1)
		l->exclusive = op->exclusive == 1;
	if (op->archived != -1)
		l->archived = op->archived == 1;
	return op->id != 0 ? labels_update(t, l, e)
			   : labels_insert(t, l, &l->id, e);
}

void
svc_label_write(struct svc_label_write *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (!op->remove && svc_label_check(op, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_label_write_job, done, arg);
}
