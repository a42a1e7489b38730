/* api_statuses: verdicts on commits. */
#include "server/api/api.h"
#include "server/api/shape_priv.h"
#include "server/git/git_pool.h"
#include "server/service/svc_status.h"
#include "server/store/projects.h"
#include "server/store/statuses.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

struct api_combined {
	struct call *c;
	struct project project;
	uint32_t page, limit;
	bool combined;
	struct status_filter f;
};

static void
api_statuses_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_status_create *op = arg;
	struct call *c = call;
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;
	struct shape s;

	if (api_failed(c, fail)) {
		call_release(c);
		return;
	}
	if (projects_by_id(api_reader(c), op->project_id, &p, &e) == -1) {
		call_fail(c, &e);
	} else {
		shape_init(&s, c, &p);
		shape_status(&s, &op->status);
		shape_reply(&s, c, 201);
	}
	project_release(&p);
	call_release(c);
}

static void
api_statuses_on_body(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_STATUS);
	AUTO_FREE char *context = NULL;
	AUTO_FREE char *description = NULL;
	AUTO_FREE char *url = NULL;
	struct svc_status_create *op;
	int state = 0;

	if (project == 0 ||
	    api_word(c, j, "state", status_state_parse, &state) == -1 ||
	    api_text(c, j, "context", CONTEXT_LEN_MAX, &context) == -1 ||
	    api_text(c, j, "description", 1024, &description) == -1 ||
	    api_text(c, j, "target_url", 1024, &url) == -1)
		return;
	if (state == 0) {
		call_reply_error(c, 422, "state: it is missing");
		return;
	}
	op = svc_status_create_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->sha = xstrdup(call_arg(c, 2));
	op->state = (enum status_state)state;
	op->context = STEAL(context);
	op->description = STEAL(description);
	op->target_url = STEAL(url);
	call_hold(c);
	svc_status_create(op, api_statuses_created, c);
}

static void
api_statuses_create(struct call *c)
{
	call_take_json(c, api_statuses_on_body);
}

/* The newest of each context, in one object. */
static void
api_statuses_combine(struct api_combined *x, const char *sha,
    const struct status_list *all, const struct status_list *list)
{
	const struct project *p = &x->project;
	struct shape s;

	shape_init(&s, x->c, p);
	jw_object(&s.w, NULL);
	jw_str(&s.w, "state", status_state_name(status_combined(all)));
	jw_str(&s.w, "sha", sha);
	jw_i64(&s.w, "total_count", all->total);
	jw_array(&s.w, "statuses");
	for (size_t i = 0; i < list->n; i++)
		shape_status(&s, &list->at[i]);
	jw_end(&s.w);
	shape_repository(&s, "repository", p);
	shape_url(&s, "commit_url", "/api/v1/repos/%s/%s/git/commits/%s",
	    p->owner, p->name, sha);
	shape_url(&s, "url", "/api/v1/repos/%s/%s/commits/%s/status", p->owner,
	    p->name, sha);
	jw_end(&s.w);
	call_total(x->c, x->page, x->limit, all->total);
	shape_reply(&s, x->c, 200);
}

static void
api_statuses_reply(struct api_combined *x, const char *sha)
{
	struct status_list list = { .at = NULL }, all = { .at = NULL };
	struct txn *t = api_reader(x->c);
	struct err e = ERR_INIT;
	struct shape s;
	int rc;

	x->f.project_id = x->project.id;
	x->f.sha = sha;
	x->f.limit = x->limit;
	x->f.offset = (int64_t)(x->page - 1) * x->limit;
	if (!x->combined)
		rc = statuses_list(t, &x->f, &list, &e);
	else if ((rc = statuses_verdicts(t, x->project.id, sha, &all, &e)) == 0)
		rc = statuses_latest(
		    t, x->project.id, sha, x->f.limit, x->f.offset, &list, &e);
	if (rc == -1) {
		call_fail(x->c, &e);
	} else if (x->combined) {
		api_statuses_combine(x, sha, &all, &list);
	} else {
		shape_page(
		    &s, x->c, &x->project, x->page, x->limit, list.total);
		for (size_t i = 0; i < list.n; i++)
			shape_status(&s, &list.at[i]);
		jw_end(&s.w);
		shape_reply(&s, x->c, 200);
	}
	status_list_release(&list);
	status_list_release(&all);
}

static void
api_statuses_on_resolve(const struct git_result *res, void *arg)
{
	struct api_combined *x = arg;

	if (!api_failed(x->c, res->fail))
		api_statuses_reply(x, json_str_or(res->j, "sha", ""));
	project_release(&x->project);
	call_release(x->c);
	free(x);
}

/* Rows do not change, so that the time of the change and the index order them
 * as their age does. */
static int
api_statuses_filter(struct call *c, struct status_filter *f)
{
	static const struct {
		const char *word;
		enum status_sort sort;
	} sorts[] = {
		{ "recentupdate", STATUS_SORT_NEWEST },
		{ "highestindex", STATUS_SORT_NEWEST },
		{ "oldest", STATUS_SORT_OLDEST },
		{ "leastupdate", STATUS_SORT_OLDEST },
		{ "leastindex", STATUS_SORT_OLDEST },
	};
	const char *sort = call_query(c, "sort");
	const char *state = call_query(c, "state");
	int v;

	*f = (struct status_filter){ .sort = STATUS_SORT_NEWEST };
	for (size_t i = 0; sort != NULL && i < 5; i++)
		if (strcmp(sort, sorts[i].word) == 0)
			f->sort = sorts[i].sort;
	if (state == NULL || *state == '\0')
		return 0;
	v = status_state_parse(state);
	if (v == -1) {
		call_reply_error(c, 422, "state: not one of its words");
		return -1;
	}
	f->state = (enum status_state)v;
	return 0;
}

static void
api_statuses_of_ref(struct call *c, bool combined)
{
	struct status_filter f;
	struct api_combined *x;
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;

	if (call_page(c, &page, &limit) == -1 ||
	    api_statuses_filter(c, &f) == -1 ||
	    api_project(c, PERM_READ, &p) == -1)
		return;
	if (gitpool_rev_told(call_arg(c, 2), &e) == -1) {
		call_fail(c, &e);
		project_release(&p);
		return;
	}
	x = xcalloc(1, sizeof(*x));
	*x = (struct api_combined){ c, p, page, limit, combined, f };
	call_hold(c);
	gitpool_resolve(
	    api_svc(c)->git, p.id, call_arg(c, 2), api_statuses_on_resolve, x);
}

static void
api_statuses_combined(struct call *c)
{
	api_statuses_of_ref(c, true);
}

static void
api_statuses_list(struct call *c)
{
	api_statuses_of_ref(c, false);
}

const struct route api_statuses_routes[] = {
	{ "POST", "/api/v1/repos/{o}/{r}/statuses/{sha...}", ROUTE_MEMBER,
	    api_statuses_create },
	{ "GET", "/api/v1/repos/{o}/{r}/statuses/{sha...}", ROUTE_MEMBER,
	    api_statuses_list },
	{ "GET", "/api/v1/repos/{o}/{r}/commits/{ref...}/status", ROUTE_MEMBER,
	    api_statuses_combined },
	{ "GET", "/api/v1/repos/{o}/{r}/commits/{ref...}/statuses",
	    ROUTE_MEMBER, api_statuses_list },
	{ .method = NULL },
};
