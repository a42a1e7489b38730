/* api_pulls: pull requests as rows. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/domain/pull_rule.h"
#include "server/service/svc_pull.h"
#include "server/store/pulls.h"
#include "server/store/users.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/wire/json.h"

enum {
	API_BRANCH_MAX = 255,
	API_HEAD_MAX = 2 * NAME_LEN_MAX + 2 + API_BRANCH_MAX
};

static int
api_pulls_sort(const char *s)
{
	static const struct {
		const char *word;
		enum pull_sort sort;
	} words[] = {
		{ "oldest", PULL_SORT_OLDEST },
		{ "recentupdate", PULL_SORT_RECENTUPDATE },
		{ "leastupdate", PULL_SORT_LEASTUPDATE },
		{ "mostcomment", PULL_SORT_MOSTCOMMENT },
		{ "leastcomment", PULL_SORT_LEASTCOMMENT },
		{ "recentclose", PULL_SORT_RECENTCLOSE },
	};

	for (size_t i = 0; s != NULL && i < sizeof(words) / sizeof(words[0]);
	     i++)
		if (strcmp(words[i].word, s) == 0)
			return (int)words[i].sort;
	return PULL_SORT_NEWEST;
}

/* A user's pull requests; of a user that is none, none. */
static int
api_pulls_poster(struct call *c, struct pull_filter *f)
{
	const char *login = call_query(c, "poster");
	struct err e = ERR_INIT;
	struct user u;

	if (login == NULL || *login == '\0')
		return 0;
	if (users_by_name(api_reader(c), login, &u, &e) == 0) {
		f->poster = u.id;
		return 0;
	}
	f->poster = -1;
	if (e.code == ERR_NOTFOUND)
		return 0;
	call_fail(c, &e);
	return -1;
}

/* labels=1,2 or labels=1&labels=2: ids. */
static int
api_pulls_labels(struct call *c, struct pull_filter *f)
{
	const char *text = call_query(c, "labels");
	struct view rest = view_of(text), part;

	if (text == NULL || *text == '\0')
		return 0;
	while (view_split(&rest, ',', &part)) {
		AUTO_FREE char *id = view_dup(view_trim(part));
		struct err e = ERR_INIT;

		if (f->n_labels == PULL_FILTER_LABELS ||
		    num_i64(id, 1, INT64_MAX, &f->labels[f->n_labels++], &e) ==
			-1) {
			call_reply_error(c, 422,
			    "labels: want at most %d ids of labels",
			    PULL_FILTER_LABELS);
			return -1;
		}
	}
	return 0;
}

static int
api_pulls_filter(struct call *c, struct pull_filter *f)
{
	const char *state = call_query(c, "state");
	int st = ISSUE_OPEN;

	if (state != NULL && strcmp(state, "all") == 0)
		st = 0;
	else if (state != NULL && *state != '\0')
		st = issue_state_parse(state);
	if (st == -1) {
		call_reply_error(c, 422, "state: want open, closed or all");
		return -1;
	}
	f->state = (enum issue_state)st;
	f->sort = (enum pull_sort)api_pulls_sort(call_query(c, "sort"));
	f->head = call_query(c, "head");
	f->base = call_query(c, "base_branch");
	if (f->base == NULL)
		f->base = call_query(c, "base");
	if (f->base != NULL && *f->base == '\0')
		f->base = NULL;
	if (call_query_i64(c, "milestone", 0, INT64_MAX, &f->milestone) == -1 ||
	    api_pulls_labels(c, f) == -1)
		return -1;
	return api_pulls_poster(c, f);
}

/* As the rows have it: a branch, or OWNER:BRANCH of a fork. */
static const char *
api_pulls_head(const char *head, const struct project *p, char **label)
{
	const char *branch = pull_rule_head(head, p->owner, p->name);
	const char *colon;

	if (branch != NULL)
		return branch;
	colon = strchr(head, ':');
	*label = xasprintf("%.*s%s", (int)strcspn(head, "/:"), head, colon);
	return *label;
}

static void
api_pulls_list(struct call *c)
{
	struct pull_filter f = { .state = ISSUE_OPEN };
	struct pull_list list = { .at = NULL };
	AUTO_FREE char *label = NULL;
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct shape s;

	if (call_page(c, &page, &limit) == -1 ||
	    api_pulls_filter(c, &f) == -1 ||
	    api_project(c, PERM_READ, &p) == -1)
		return;
	f.project_id = p.id;
	if (f.head != NULL)
		f.head = api_pulls_head(f.head, &p, &label);
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (pulls_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
	} else {
		shape_page(&s, c, &p, page, limit, list.total);
		for (size_t i = 0; i < list.n; i++)
			shape_pull(&s, &list.at[i]);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	pull_list_release(&list);
	project_release(&p);
}

static void
api_pulls_reply(struct call *c, int status, const struct pull *pull)
{
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	shape_init(&s, c, &p);
	shape_pull(&s, pull);
	shape_reply(&s, c, status);
	project_release(&p);
}

static void
api_pulls_get(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct pull pull = { .run_id = 0 };
	struct err e = ERR_INIT;

	if (project == 0)
		return;
	if (pulls_get(api_reader(c), project, call_arg_id(c, 2), &pull, &e) ==
	    -1)
		call_fail(c, &e);
	else
		api_pulls_reply(c, 200, &pull);
	pull_release(&pull);
}

static void
api_pulls_created(const struct err *fail, void *arg, void *call)
{
	const struct svc_pull_create *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_pulls_reply(c, 201, &op->pull);
	call_release(c);
}

static int
api_pulls_branches(struct call *c, const struct json *j,
    const struct project *p, struct svc_pull_create *op)
{
	AUTO_FREE char *head = NULL;
	struct err e = ERR_INIT;
	const char *branch;

	if (api_need(c, j, "head", API_HEAD_MAX, &head) == -1 ||
	    api_text(c, j, "base", API_BRANCH_MAX, &op->base) == -1)
		return -1;
	branch = pull_rule_head(head, p->owner, p->name);
	if (branch == NULL) {
		branch = strchr(head, ':') + 1;
		if (svc_pull_head_of(api_reader(c), call_who(c), p, head,
			&op->head_project, &op->label, &e) == -1) {
			call_fail(c, &e);
			return -1;
		}
	}
	op->head = xstrdup(branch);
	if (op->base == NULL)
		op->base = xstrdup(p->default_branch);
	if (svc_may(api_reader(c), call_who(c), p->id,
		op->head_project != 0 ? PERM_DISCUSS : PERM_PROPOSE, NULL,
		&e) == 0)
		return 0;
	call_fail(c, &e);
	return -1;
}

static int
api_pulls_fields(struct call *c, const struct json *j, const struct project *p,
    struct svc_pull_create *op)
{
	if (api_pulls_branches(c, j, p, op) == -1 ||
	    api_need(c, j, "title", TITLE_LEN_MAX, &op->title) == -1 ||
	    api_text(c, j, "body", BODY_LEN_MAX, &op->body) == -1 ||
	    api_bool(c, j, "draft", &op->draft) == -1 ||
	    api_reviewers(c, j, op->reviewers, &op->n_reviewers) == -1)
		return -1;
	return api_item_fields(c, j, &op->fields);
}

static void
api_pulls_on_body(struct call *c, const struct json *j)
{
	struct svc_pull_create *op;
	struct project p;
	int rc;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	op = svc_pull_create_new(api_svc(c), call_who(c));
	op->project_id = p.id;
	rc = api_pulls_fields(c, j, &p, op);
	project_release(&p);
	if (rc == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_pull_create(op, api_pulls_created, c);
}

static void
api_pulls_create(struct call *c)
{
	call_take_json(c, api_pulls_on_body);
}

static void
api_pulls_edited(const struct err *fail, void *arg, void *call)
{
	const struct svc_pull_edit *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_pulls_reply(c, 201, &op->pull);
	call_release(c);
}

static int
api_pulls_edit_fields(
    struct call *c, const struct json *j, struct svc_pull_edit *op)
{
	bool draft = false;
	int state = 0;

	if (api_text(c, j, "title", TITLE_LEN_MAX, &op->title) == -1 ||
	    api_text(c, j, "body", BODY_LEN_MAX, &op->body) == -1 ||
	    api_text(c, j, "base", API_BRANCH_MAX, &op->base) == -1 ||
	    api_word(c, j, "state", issue_state_parse, &state) == -1 ||
	    api_bool(c, j, "draft", &draft) == -1)
		return -1;
	/* Clients that build the whole object leave what stays empty. */
	if (op->base != NULL && *op->base == '\0') {
		free(op->base);
		op->base = NULL;
	}
	if (op->title != NULL && *op->title == '\0') {
		free(op->title);
		op->title = NULL;
	}
	if (json_get(j, "draft") != NULL && !json_is_null(json_get(j, "draft")))
		op->draft = draft;
	op->state = (enum issue_state)state;
	return api_item_fields(c, j, &op->fields);
}

/* Gitea's 412: what is merged stays so. */
static bool
api_pulls_merged(struct call *c, const struct svc_pull_edit *op)
{
	struct pull pull = { .run_id = 0 };
	struct err e = ERR_INIT;
	bool merged;

	if (op->state == 0 ||
	    pulls_get(api_reader(c), op->project_id, op->number, &pull, &e) ==
		-1)
		return false;
	merged = pull.issue.merged && op->state == ISSUE_OPEN;
	pull_release(&pull);
	if (merged)
		call_reply_error(c, 412, "state: the pull request is merged");
	return merged;
}

static void
api_pulls_on_edit(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_DISCUSS);
	struct svc_pull_edit *op;

	if (project == 0)
		return;
	op = svc_pull_edit_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->number = call_arg_id(c, 2);
	if (api_pulls_edit_fields(c, j, op) == -1 || api_pulls_merged(c, op)) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_pull_edit(op, api_pulls_edited, c);
}

static void
api_pulls_patch(struct call *c)
{
	call_take_json(c, api_pulls_on_edit);
}

/* The open one of a pair of branches; a base with slashes is one segment with
 * %2F. */
static void
api_pulls_find(struct call *c)
{
	struct pull pull = { .run_id = 0 };
	struct err e = ERR_INIT;
	AUTO_FREE char *label = NULL;
	const char *head;
	struct project p;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	head = api_pulls_head(call_arg(c, 3), &p, &label);
	if (pulls_find_open(
		api_reader(c), p.id, head, call_arg(c, 2), &pull, &e) == -1)
		call_fail(c, &e);
	else
		api_pulls_reply(c, 200, &pull);
	pull_release(&pull);
	project_release(&p);
}

/* Behind the tables of all that is below pulls/{n}. */
const struct route api_pull_find_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{base}/{head...}", ROUTE_RUN_OK,
	    api_pulls_find },
	{ .method = NULL },
};

const struct route api_pulls_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/pulls", ROUTE_RUN_OK, api_pulls_list },
	{ "POST", "/api/v1/repos/{o}/{r}/pulls", ROUTE_SESSION_OK,
	    api_pulls_create },
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}", ROUTE_RUN_OK,
	    api_pulls_get },
	{ "PATCH", "/api/v1/repos/{o}/{r}/pulls/{n}", ROUTE_USER,
	    api_pulls_patch },
	{ .method = NULL },
};
