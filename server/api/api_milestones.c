/* api_milestones: by id, or by title where it is no number. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_milestone.h"
#include "server/store/milestones.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/wire/json.h"

static void
api_milestones_list(struct call *c)
{
	struct milestone_filter f = { .state = ISSUE_OPEN };
	struct milestone_list list = { .at = NULL };
	const char *state = call_query(c, "state");
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct shape s;

	if (state != NULL && strcmp(state, "all") == 0)
		f.state = 0;
	else if (state != NULL && strcmp(state, "closed") == 0)
		f.state = ISSUE_CLOSED;
	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (call_page(c, &page, &limit) == -1)
		goto out;
	f.project_id = p.id;
	f.title = call_query(c, "name");
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (milestones_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
		goto out;
	}
	shape_page(&s, c, &p, page, limit, list.total);
	for (size_t i = 0; i < list.n; i++)
		shape_milestone(&s, NULL, &list.at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	milestone_list_release(&list);
out:
	project_release(&p);
}

static void
api_milestones_reply(struct call *c, int status, const struct milestone *m)
{
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	shape_init(&s, c, &p);
	shape_milestone(&s, NULL, m);
	shape_reply(&s, c, status);
	project_release(&p);
}

/* The milestone of the path; -1 after the reply. */
static int
api_milestones_find(struct call *c, int64_t project, struct milestone *out)
{
	const char *text = call_arg(c, 2);
	struct err e = ERR_INIT;
	int64_t id;

	if (num_i64(text, 1, INT64_MAX, &id, &e) == 0 &&
	    milestones_get(api_reader(c), project, id, out, &e) == 0)
		return 0;
	e = ERR_INIT;
	if (milestones_by_title(api_reader(c), project, text, out, &e) == 0)
		return 0;
	call_fail(c, &e);
	return -1;
}

static void
api_milestones_get(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct milestone m;

	if (project == 0 || api_milestones_find(c, project, &m) == -1)
		return;
	api_milestones_reply(c, 200, &m);
	milestone_release(&m);
}

static void
api_milestones_written(const struct err *fail, void *arg, void *call)
{
	const struct svc_milestone_write *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_milestones_reply(
		    c, op->id == 0 ? 201 : 200, &op->milestone);
	call_release(c);
}

static void
api_milestones_write(
    struct call *c, const struct json *j, int64_t project, int64_t id)
{
	struct svc_milestone_write *op = svc_milestone_write_new(
	    api_svc(c), call_who(c));
	int state = 0;

	op->project_id = project;
	op->id = id;
	if (api_text(c, j, "title", MILESTONE_TITLE_MAX, &op->title) == -1 ||
	    api_text(c, j, "description", MILESTONE_TEXT_MAX,
		&op->description) == -1 ||
	    api_word(c, j, "state", issue_state_parse, &state) == -1 ||
	    api_time(c, j, "due_on", &op->set_due, &op->due_at) == -1) {
		svc_op_drop(op);
		return;
	}
	op->state = (enum issue_state)state;
	call_hold(c);
	svc_milestone_write(op, api_milestones_written, c);
}

static void
api_milestones_on_create(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_WRITE);

	if (project != 0)
		api_milestones_write(c, j, project, 0);
}

static void
api_milestones_create(struct call *c)
{
	call_take_json(c, api_milestones_on_create);
}

static void
api_milestones_on_edit(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct milestone m;

	if (project == 0 || api_milestones_find(c, project, &m) == -1)
		return;
	api_milestones_write(c, j, project, m.id);
	milestone_release(&m);
}

static void
api_milestones_edit(struct call *c)
{
	call_take_json(c, api_milestones_on_edit);
}

static void
api_milestones_delete(struct call *c)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct svc_milestone_write *op;
	struct milestone m;

	if (project == 0 || api_milestones_find(c, project, &m) == -1)
		return;
	op = svc_milestone_write_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->id = m.id;
	op->remove = true;
	milestone_release(&m);
	call_hold(c);
	svc_milestone_write(op, api_done_empty, c);
}

const struct route api_milestones_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/milestones", ROUTE_RUN_OK,
	    api_milestones_list },
	{ "POST", "/api/v1/repos/{o}/{r}/milestones", ROUTE_USER,
	    api_milestones_create },
	{ "GET", "/api/v1/repos/{o}/{r}/milestones/{title}", ROUTE_RUN_OK,
	    api_milestones_get },
	{ "PATCH", "/api/v1/repos/{o}/{r}/milestones/{title}", ROUTE_USER,
	    api_milestones_edit },
	{ "DELETE", "/api/v1/repos/{o}/{r}/milestones/{title}", ROUTE_USER,
	    api_milestones_delete },
	{ .method = NULL },
};
