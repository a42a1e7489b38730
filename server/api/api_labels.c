/* api_labels: a repository's labels, and those of an item. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_issue.h"
#include "server/service/svc_item.h"
#include "server/service/svc_label.h"
#include "server/store/issues.h"
#include "server/store/labels.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

static void
api_labels_list(struct call *c)
{
	struct label_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (call_page(c, &page, &limit) == -1)
		goto out;
	if (labels_list(api_reader(c), p.id, limit, (int64_t)(page - 1) * limit,
		&list, &e) == -1) {
		call_fail(c, &e);
		goto out;
	}
	shape_page(&s, c, &p, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		shape_label(&s, NULL, &list.at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	label_list_release(&list);
out:
	project_release(&p);
}

static void
api_labels_reply(struct call *c, int status, const struct label *l)
{
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	shape_init(&s, c, &p);
	shape_label(&s, NULL, l);
	shape_reply(&s, c, status);
	project_release(&p);
}

static void
api_labels_get(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct label l = { .id = 0 };
	struct err e = ERR_INIT;

	if (project == 0)
		return;
	if (labels_get(api_reader(c), project, call_arg_id(c, 2), &l, &e) == -1)
		call_fail(c, &e);
	else
		api_labels_reply(c, 200, &l);
	label_release(&l);
}

static void
api_labels_written(const struct err *fail, void *arg, void *call)
{
	const struct svc_label_write *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_labels_reply(c, op->id == 0 ? 201 : 200, &op->label);
	call_release(c);
}

static int
api_labels_flag(struct call *c, const struct json *j, const char *key, int *out)
{
	bool v = false;

	if (json_get(j, key) == NULL || json_is_null(json_get(j, key)))
		return 0;
	if (api_bool(c, j, key, &v) == -1)
		return -1;
	*out = v;
	return 0;
}

static void
api_labels_write(struct call *c, const struct json *j, int64_t id)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct svc_label_write *op;

	if (project == 0)
		return;
	op = svc_label_write_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->id = id;
	if (api_text(c, j, "name", LABEL_NAME_MAX, &op->name) == -1 ||
	    api_text(c, j, "color", LABEL_COLOR_HEX + 1, &op->color) == -1 ||
	    api_text(c, j, "description", LABEL_TEXT_MAX, &op->description) ==
		-1 ||
	    api_labels_flag(c, j, "exclusive", &op->exclusive) == -1 ||
	    api_labels_flag(c, j, "is_archived", &op->archived) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_label_write(op, api_labels_written, c);
}

static void
api_labels_on_create(struct call *c, const struct json *j)
{
	api_labels_write(c, j, 0);
}

static void
api_labels_create(struct call *c)
{
	call_take_json(c, api_labels_on_create);
}

static void
api_labels_on_edit(struct call *c, const struct json *j)
{
	api_labels_write(c, j, call_arg_id(c, 2));
}

static void
api_labels_edit(struct call *c)
{
	call_take_json(c, api_labels_on_edit);
}

static void
api_labels_delete(struct call *c)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct svc_label_write *op;

	if (project == 0)
		return;
	op = svc_label_write_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->id = call_arg_id(c, 2);
	op->remove = true;
	call_hold(c);
	svc_label_write(op, api_done_empty, c);
}

static void
api_labels_of_reply(struct call *c, const struct label_list *l)
{
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	call_count(c, (int64_t)l->n);
	shape_init(&s, c, &p);
	jw_array(&s.w, NULL);
	for (size_t i = 0; i < l->n; i++)
		shape_label(&s, NULL, &l->at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	project_release(&p);
}

static void
api_labels_of(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct issue i = { .id = 0 };
	struct err e = ERR_INIT;

	if (project == 0)
		return;
	if (issues_get(api_reader(c), project, call_arg_id(c, 2), &i, &e) == -1)
		call_fail(c, &e);
	else
		api_labels_of_reply(c, &i.labels);
	issue_release(&i);
}

static void
api_labels_set(const struct err *fail, void *arg, void *call)
{
	const struct svc_item *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_labels_of_reply(c, &op->issue.labels);
	call_release(c);
}

static struct svc_item *
api_labels_op(struct call *c, enum svc_item_act act)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct svc_item *op;

	if (project == 0)
		return NULL;
	op = svc_item_new(api_svc(c), call_who(c));
	op->act = act;
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	return op;
}

/* Ids, or names. */
static int
api_labels_take(struct call *c, const struct json *j, struct svc_item *op)
{
	const struct json *list = json_get(j, "labels");
	struct item_fields *f = &op->fields;

	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_count(list) > ITEM_LABELS_MAX) {
		call_reply_error(c, 422,
		    "labels: want an array of at most %d ids or names",
		    ITEM_LABELS_MAX);
		return -1;
	}
	for (const struct json *v = json_first(list); v != NULL;
	     v = json_next(v)) {
		int64_t id = json_integer(v, 0);

		if (json_is_string(v)) {
			op->named[op->n_named++] = xstrdup(json_string(v));
		} else if (id > 0) {
			f->labels[f->n_labels++] = id;
		} else {
			call_reply_error(c, 422, "labels: want ids or names");
			return -1;
		}
	}
	return 0;
}

static void
api_labels_change(struct call *c, const struct json *j, enum svc_labels_how how)
{
	struct svc_item *op = api_labels_op(c, SVC_ITEM_LABELS);

	if (op == NULL)
		return;
	op->labels_how = how;
	if (api_labels_take(c, j, op) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_item(op, api_labels_set, c);
}

static void
api_labels_on_add(struct call *c, const struct json *j)
{
	api_labels_change(c, j, SVC_LABELS_ADD);
}

static void
api_labels_add(struct call *c)
{
	call_take_json(c, api_labels_on_add);
}

static void
api_labels_on_replace(struct call *c, const struct json *j)
{
	api_labels_change(c, j, SVC_LABELS_REPLACE);
}

static void
api_labels_replace(struct call *c)
{
	call_take_json(c, api_labels_on_replace);
}

static void
api_labels_clear(struct call *c)
{
	struct svc_item *op = api_labels_op(c, SVC_ITEM_LABELS);

	if (op == NULL)
		return;
	op->labels_how = SVC_LABELS_REPLACE;
	call_hold(c);
	svc_item(op, api_done_empty, c);
}

static void
api_labels_remove(struct call *c)
{
	struct svc_item *op = api_labels_op(c, SVC_ITEM_UNLABEL);

	if (op == NULL)
		return;
	op->fields.labels[0] = call_arg_id(c, 3);
	op->fields.n_labels = 1;
	call_hold(c);
	svc_item(op, api_done_empty, c);
}

const struct route api_labels_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/labels", ROUTE_RUN_OK,
	    api_labels_list },
	{ "POST", "/api/v1/repos/{o}/{r}/labels", ROUTE_USER,
	    api_labels_create },
	{ "GET", "/api/v1/repos/{o}/{r}/labels/{id}", ROUTE_RUN_OK,
	    api_labels_get },
	{ "PATCH", "/api/v1/repos/{o}/{r}/labels/{id}", ROUTE_USER,
	    api_labels_edit },
	{ "DELETE", "/api/v1/repos/{o}/{r}/labels/{id}", ROUTE_USER,
	    api_labels_delete },
	{ "GET", "/api/v1/repos/{o}/{r}/issues/{n}/labels", ROUTE_RUN_OK,
	    api_labels_of },
	{ "POST", "/api/v1/repos/{o}/{r}/issues/{n}/labels", ROUTE_USER,
	    api_labels_add },
	{ "PUT", "/api/v1/repos/{o}/{r}/issues/{n}/labels", ROUTE_USER,
	    api_labels_replace },
	{ "DELETE", "/api/v1/repos/{o}/{r}/issues/{n}/labels", ROUTE_USER,
	    api_labels_clear },
	{ "DELETE", "/api/v1/repos/{o}/{r}/issues/{n}/labels/{id}", ROUTE_USER,
	    api_labels_remove },
	{ .method = NULL },
};
