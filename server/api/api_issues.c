/* api_issues: issues; lists show pull requests too unless told not to. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_issue.h"
#include "server/store/issues.h"
#include "server/store/milestones.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"

struct api_issues_sort {
	const char *word;
	enum issue_sort sort;
};

static const struct api_issues_sort api_issues_sorts[] = {
	{ "newest", ISSUE_NEWEST },
	{ "latest", ISSUE_NEWEST },
	{ "oldest", ISSUE_OLDEST },
	{ "recentupdate", ISSUE_RECENT_UPDATE },
	{ "leastupdate", ISSUE_LEAST_UPDATE },
	{ "mostcomment", ISSUE_MOST_COMMENT },
	{ "leastcomment", ISSUE_LEAST_COMMENT },
};

static int
api_issues_bad(struct call *c, const char *why)
{
	call_reply_error(c, 422, "%s", why);
	return -1;
}

static int
api_issues_time(struct call *c, const char *key, int64_t *out)
{
	const char *text = call_query(c, key);
	struct err e = ERR_INIT;

	if (text == NULL || *text == '\0' || clock_parse(text, out, &e) == 0)
		return 0;
	call_reply_error(c, 422, "%s: want an RFC 3339 time", key);
	return -1;
}

/* state, type and sort. */
static int
api_issues_words(struct call *c, struct issue_filter *f)
{
	const char *state = call_query(c, "state");
	const char *type = call_query(c, "type");
	const char *sort = call_query(c, "sort");
	int st = ISSUE_OPEN;

	if (state != NULL && strcmp(state, "all") == 0)
		st = 0;
	else if (state != NULL && *state != '\0')
		st = issue_state_parse(state);
	if (st == -1)
		return api_issues_bad(c, "state: want open, closed or all");
	f->state = (enum issue_state)st;
	f->is_pull = -1;
	if (type != NULL && *type != '\0') {
		f->is_pull = strcmp(type, "pulls") == 0;
		if (f->is_pull == 0 && strcmp(type, "issues") != 0)
			return api_issues_bad(c, "type: want issues or pulls");
	}
	if (sort == NULL || *sort == '\0')
		return 0;
	for (size_t i = 0;
	     i < sizeof(api_issues_sorts) / sizeof(api_issues_sorts[0]); i++)
		if (strcmp(sort, api_issues_sorts[i].word) == 0) {
			f->sort = api_issues_sorts[i].sort;
			return 0;
		}
	return api_issues_bad(c,
	    "sort: want newest, oldest, recentupdate, leastupdate, mostcomment "
	    "or leastcomment");
}

/* Splits text at its commas, in place. */
static int
api_issues_names(struct call *c, const char *key, char *text,
    const char *names[ISSUE_FILTER_NAMES], size_t *n)
{
	char *rest = text, *part;

	while ((part = strsep(&rest, ",")) != NULL) {
		if (*part == '\0')
			continue;
		if (*n == ISSUE_FILTER_NAMES) {
			call_reply_error(
			    c, 422, "%s: at most %d", key, ISSUE_FILTER_NAMES);
			return -1;
		}
		names[(*n)++] = part;
	}
	return 0;
}

/* By title, else by id; one that is not there is none. */
static int
api_issues_milestone(
    struct call *c, int64_t project, const char *text, int64_t *out)
{
	struct milestone m;
	struct err e = ERR_INIT;
	int64_t id = -1;

	*out = -1;
	if (milestones_by_title(api_reader(c), project, text, &m, &e) == 0 ||
	    (e.code == ERR_NOTFOUND &&
		num_i64(text, 1, INT64_MAX, &id, &e) == 0 &&
		milestones_get(api_reader(c), project, id, &m, &e) == 0)) {
		*out = m.id;
		milestone_release(&m);
		return 0;
	}
	if (e.code == ERR_NOTFOUND || e.code == ERR_INVALID)
		return 0;
	call_fail(c, &e);
	return -1;
}

static int
api_issues_milestones(
    struct call *c, int64_t project, char *text, struct issue_filter *f)
{
	const char *names[ISSUE_FILTER_NAMES];
	size_t n = 0;

	if (api_issues_names(c, "milestones", text, names, &n) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (api_issues_milestone(
			c, project, names[i], &f->milestones[i]) == -1)
			return -1;
	f->n_milestones = n;
	return 0;
}

/* The rest of the query; -1 after the reply. */
static int
api_issues_filter(struct call *c, struct issue_filter *f)
{
	if (api_issues_words(c, f) == -1 ||
	    api_issues_time(c, "since", &f->since) == -1 ||
	    api_issues_time(c, "before", &f->until) == -1 ||
	    call_query_i64(c, "below", 0, INT64_MAX, &f->before) == -1)
		return -1;
	if (f->before > 0 && f->sort != ISSUE_NEWEST)
		return api_issues_bad(c, "below: only with sort newest");
	f->q = call_query(c, "q");
	f->created_by = call_query(c, "created_by");
	f->mentioned = call_query(c, "mentioned_by");
	f->assigned_to = call_query(c, "assigned_by");
	if (f->assigned_to == NULL || *f->assigned_to == '\0')
		f->assigned_to = call_query(c, "assignee");
	return 0;
}

static void
api_issues_page(struct call *c, const struct project *p, struct issue_filter *f)
{
	struct issue_list list = { .at = NULL };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	if (call_page(c, &page, &limit) == -1)
		return;
	f->limit = limit;
	f->offset = (int64_t)(page - 1) * limit;
	if (issues_list(api_reader(c), f, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_page(&s, c, p, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		shape_issue(&s, &list.at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	issue_list_release(&list);
}

static void
api_issues_list(struct call *c)
{
	AUTO_FREE char *labels = xstrdup(svc_text(call_query(c, "labels")));
	AUTO_FREE char *milestones = xstrdup(
	    svc_text(call_query(c, "milestones")));
	struct issue_filter f = { .project_id = 0 };
	struct project p;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	f.project_id = p.id;
	if (api_issues_filter(c, &f) == 0 &&
	    api_issues_names(c, "labels", labels, f.labels, &f.n_labels) == 0 &&
	    api_issues_milestones(c, p.id, milestones, &f) == 0)
		api_issues_page(c, &p, &f);
	project_release(&p);
}

void
api_issues_reply(struct call *c, int status, const struct issue *i)
{
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	shape_init(&s, c, &p);
	shape_issue(&s, i);
	shape_reply(&s, c, status);
	project_release(&p);
}

static void
api_issues_get(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct issue i = { .id = 0 };
	struct err e = ERR_INIT;

	if (project == 0)
		return;
	if (issues_get(api_reader(c), project, call_arg_id(c, 2), &i, &e) == -1)
		call_fail(c, &e);
	else
		api_issues_reply(c, 200, &i);
	issue_release(&i);
}

static void
api_issues_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_issue_create *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_issues_reply(c, 201, &op->issue);
	call_release(c);
}

static void
api_issues_on_body(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_DISCUSS);
	struct svc_issue_create *op;

	if (project == 0)
		return;
	op = svc_issue_create_new(api_svc(c), call_who(c));
	op->project_id = project;
	if (api_need(c, j, "title", TITLE_LEN_MAX, &op->title) == -1 ||
	    api_text(c, j, "body", BODY_LEN_MAX, &op->body) == -1 ||
	    api_bool(c, j, "closed", &op->closed) == -1 ||
	    api_item_fields(c, j, &op->fields) == -1) {
		svc_op_drop(op);
		return;
	}
	op->fields.set_version = false;
	call_hold(c);
	svc_issue_create(op, api_issues_created, c);
}

static void
api_issues_create(struct call *c)
{
	call_take_json(c, api_issues_on_body);
}

static void
api_issues_edited(const struct err *fail, void *arg, void *call)
{
	const struct svc_issue_edit *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_issues_reply(c, 201, &op->issue);
	call_release(c);
}

static void
api_issues_on_edit(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_DISCUSS);
	struct svc_issue_edit *op;
	int state = 0;

	if (project == 0)
		return;
	op = svc_issue_edit_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	if (api_text(c, j, "title", TITLE_LEN_MAX, &op->title) == -1 ||
	    api_text(c, j, "body", BODY_LEN_MAX, &op->body) == -1 ||
	    api_word(c, j, "state", issue_state_parse, &state) == -1 ||
	    api_item_fields(c, j, &op->fields) == -1) {
		svc_op_drop(op);
		return;
	}
	/* The labels of an issue have endpoints of their own. */
	op->fields.set_labels = false;
	op->state = (enum issue_state)state;
	call_hold(c);
	svc_issue_edit(op, api_issues_edited, c);
}

static void
api_issues_patch(struct call *c)
{
	call_take_json(c, api_issues_on_edit);
}

static void
api_issues_delete(struct call *c)
{
	int64_t project = api_project_id(c, PERM_MANAGE);
	struct svc_item *op;

	if (project == 0)
		return;
	op = svc_item_new(api_svc(c), call_who(c));
	op->act = SVC_ITEM_DELETE;
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	call_hold(c);
	svc_item(op, api_done_empty, c);
}

const struct route api_issues_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/issues", ROUTE_RUN_OK,
	    api_issues_list },
	{ "POST", "/api/v1/repos/{o}/{r}/issues", ROUTE_USER,
	    api_issues_create },
	{ "GET", "/api/v1/repos/{o}/{r}/issues/{n}", ROUTE_RUN_OK,
	    api_issues_get },
	{ "PATCH", "/api/v1/repos/{o}/{r}/issues/{n}", ROUTE_USER,
	    api_issues_patch },
	{ "DELETE", "/api/v1/repos/{o}/{r}/issues/{n}", ROUTE_USER,
	    api_issues_delete },
	{ .method = NULL },
};
