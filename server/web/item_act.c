/* item_act: what is changed on an issue or a pull request by the forms beside
 * it: each a use case of the API's. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "server/service/svc_issue.h"
#include "server/service/svc_item.h"
#include "server/store/issues.h"
#include "server/web/item.h"
#include "server/web/post.h"
#include "server/web/pull.h"

static void
item_act_back(struct call *c, const struct issue *i)
{
	AUTO_STR struct str to = STR_INIT;

	item_path(&to, c, i->is_pull, call_arg_id(c, 2));
	web_redirect(c, str_cstr(&to));
}

/* The list, when the item itself is gone. */
static void
item_act_gone(struct call *c)
{
	AUTO_STR struct str to = STR_INIT;

	str_addc(&to, '/');
	esc_url(&to, view_of(call_arg(c, 0)));
	str_addc(&to, '/');
	esc_url(&to, view_of(call_arg(c, 1)));
	str_add(&to, "/issues");
	web_redirect(c, str_cstr(&to));
}

/* The page with the form that was refused. */
static void
item_act_refused(
    struct call *c, int64_t project, bool delete, const struct err *fail)
{
	struct svc *s = call_app(c);
	struct issue i = { .id = 0 };
	struct err no = ERR_INIT;

	(void)issues_get(db_reader(s->db), project, call_arg_id(c, 2), &i, &no);
	post_fail(c,
	    delete          ? item_edit_get
		: i.is_pull ? pull_page
			    : item_get,
	    fail);
	issue_release(&i);
}

static void
item_act_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_item *op = arg;
	const bool delete = op->act == SVC_ITEM_DELETE;
	struct call *c = call;

	if (fail != NULL)
		item_act_refused(c, op->project_id, delete, fail);
	else if (delete)
		item_act_gone(c);
	else
		item_act_back(c, &op->issue);
	call_release(c);
}

static void
item_act_edited(const struct err *fail, void *arg, void *call)
{
	const struct svc_issue_edit *op = arg;
	struct call *c = call;

	if (fail != NULL)
		item_act_refused(c, op->project_id, false, fail);
	else
		item_act_back(c, &op->issue);
	call_release(c);
}

static const struct item_act {
	const char *word;
	enum svc_item_act act;
} item_acts[] = {
	{ "label", SVC_ITEM_LABELS },
	{ "assign", SVC_ITEM_ASSIGN },
	{ "lock", SVC_ITEM_LOCK },
	{ "unlock", SVC_ITEM_UNLOCK },
	{ "pin", SVC_ITEM_PIN },
	{ "unpin", SVC_ITEM_UNPIN },
	{ "delete", SVC_ITEM_DELETE },
};

enum {
	ITEM_ACTS = sizeof(item_acts) / sizeof(item_acts[0])
};

static int
item_act_label(const char *text, struct svc_item *op, struct err *e)
{
	op->fields.n_labels = 1;
	op->labels_how = SVC_LABELS_ADD;
	if (num_i64(text, 1, INT64_MAX, &op->fields.labels[0], e) == 0)
		return 0;
	return err_set(e, ERR_INVALID, "Which label is it?");
}

static int
item_act_name(const char *login, struct svc_item *op, struct err *e)
{
	if (login[0] == '\0' || strlen(login) > NAME_LEN_MAX)
		return err_set(e, ERR_INVALID, "Who is it?");
	op->fields.assignees[op->fields.n_assignees++] = xstrdup(login);
	return 0;
}

/* The act on labels, assignees, lock and pin; 1: it is none of them. */
static int
item_act_fill(const struct form *f, struct svc_item *op, struct err *e)
{
	const char *act = form_get(f, "act");
	int64_t number = 0;
	size_t i = 0;

	if (form_get(f, "unlabel")[0] != '\0') {
		op->act = SVC_ITEM_UNLABEL;
		return item_act_label(form_get(f, "unlabel"), op, e);
	}
	if (form_get(f, "unassign")[0] != '\0') {
		op->act = SVC_ITEM_UNASSIGN;
		return item_act_name(form_get(f, "unassign"), op, e);
	}
	while (i < ITEM_ACTS && strcmp(item_acts[i].word, act) != 0)
		i++;
	if (i == ITEM_ACTS)
		return 1;
	op->act = item_acts[i].act;
	if (op->act == SVC_ITEM_LABELS)
		return item_act_label(form_get(f, "label"), op, e);
	if (op->act == SVC_ITEM_ASSIGN)
		return item_act_name(form_get(f, "assignee"), op, e);
	if (op->act == SVC_ITEM_DELETE &&
	    (num_i64(form_get(f, "number"), 1, INT64_MAX, &number, e) == -1 ||
		number != op->number))
		return err_set(e, ERR_INVALID,
		    "The number is not that of this issue: nothing was "
		    "deleted.");
	if (op->act != SVC_ITEM_LOCK)
		return 0;
	if (strlen(form_get(f, "reason")) > LOCK_REASON_MAX)
		return err_set(e, ERR_INVALID,
		    "The reason has at most %d bytes.", LOCK_REASON_MAX);
	op->text = xstrdup(form_get(f, "reason"));
	return 0;
}

/* The end of a day, or of none. */
static int
item_act_due(const char *day, struct svc_issue_edit *op, struct err *e)
{
	char text[40];

	op->fields.set_due = true;
	if (day[0] == '\0')
		return 0;
	(void)snprintf(text, sizeof(text), "%sT23:59:59Z", day);
	if (strlen(day) == sizeof("2026-01-31") - 1 &&
	    clock_parse(text, &op->fields.due_at, e) == 0)
		return 0;
	return err_set(e, ERR_INVALID, "A day is written as 2026-01-31.");
}

/* State, milestone and day. */
static int
item_act_change(const struct form *f, struct svc_issue_edit *op, struct err *e)
{
	const char *act = form_get(f, "act");

	if (strcmp(act, "close") == 0) {
		op->state = ISSUE_CLOSED;
	} else if (strcmp(act, "reopen") == 0) {
		op->state = ISSUE_OPEN;
	} else if (strcmp(act, "due") == 0) {
		return item_act_due(form_get(f, "due"), op, e);
	} else if (strcmp(act, "milestone") == 0) {
		op->fields.set_milestone = true;
		return num_i64(form_get(f, "milestone"), 0, INT64_MAX,
		    &op->fields.milestone, e);
	} else {
		return err_set(e, ERR_INVALID, "There is no such act.");
	}
	return 0;
}

static void
item_act_edit(struct call *c, int64_t project, const struct form *f)
{
	struct svc_issue_edit *op = svc_issue_edit_new(
	    call_app(c), call_who(c));
	struct err e = ERR_INIT;

	op->project_id = project;
	op->number = call_arg_id(c, 2);
	if (item_act_change(f, op, &e) == -1) {
		svc_op_drop(op);
		item_act_refused(c, project, false, &e);
		return;
	}
	call_hold(c);
	svc_issue_edit(op, item_act_edited, c);
}

/* What needs a maintainer: the use case that leaves such fields out for others
 * is not asked for them. */
static enum perm_verb
item_act_verb(const struct form *f)
{
	const char *act = form_get(f, "act");

	if (strcmp(act, "delete") == 0)
		return PERM_MANAGE;
	return strcmp(act, "close") == 0 || strcmp(act, "reopen") == 0
	    ? PERM_DISCUSS
	    : PERM_WRITE;
}

static void
item_act_on_form(struct call *c)
{
	struct svc_item *op;
	struct err e = ERR_INIT;
	struct project p;
	struct form f;
	int rc;

	if (web_form(c, &f) == -1)
		return;
	if (web_project(c, item_act_verb(&f), &p) == -1) {
		form_release(&f);
		return;
	}
	op = svc_item_new(call_app(c), call_who(c));
	op->project_id = p.id;
	op->number = call_arg_id(c, 2);
	rc = item_act_fill(&f, op, &e);
	if (rc == 0) {
		call_hold(c);
		svc_item(op, item_act_done, c);
	} else {
		svc_op_drop(op);
		if (rc == -1)
			item_act_refused(c, p.id,
			    strcmp(form_get(&f, "act"), "delete") == 0, &e);
		else
			item_act_edit(c, p.id, &f);
	}
	form_release(&f);
	project_release(&p);
}

static void
item_act(struct call *c)
{
	web_take_form(c, item_act_on_form);
}

const struct route web_item_act_routes[] = {
	{ "POST", "/{owner}/{r}/issues/{n}/change", ROUTE_PAGE, item_act },
	{ .method = NULL },
};
