/* api_search: issues and pull requests of all projects that one sees. */
#include "server/api/api.h"
#include "server/api/api_words.h"
#include "server/api/shape.h"
#include "server/store/projects.h"
#include "server/store/search.h"
#include "server/store/users.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

enum {
	API_SEARCH_NAMES_MAX = 16 /* labels or milestones */
};

static int
api_search_kind(struct call *c, struct search_filter *f)
{
	const char *state = call_query(c, "state");
	const char *type = call_query(c, "type");

	f->state = ISSUE_OPEN;
	f->is_pull = -1;
	if (state != NULL && strcmp(state, "all") == 0) {
		f->state = 0;
	} else if (state != NULL && state[0] != '\0') {
		int st = issue_state_parse(state);

		if (st == -1) {
			call_reply_error(
			    c, 422, "state: want open, closed or all");
			return -1;
		}
		f->state = (enum issue_state)st;
	}
	if (type == NULL || type[0] == '\0')
		return 0;
	if (strcmp(type, "issues") != 0 && strcmp(type, "pulls") != 0) {
		call_reply_error(c, 422, "type: want issues or pulls");
		return -1;
	}
	f->is_pull = strcmp(type, "pulls") == 0;
	return 0;
}

/* "a,b" as ["a","b"]; nothing when the parameter is absent. */
static int
api_search_names(struct call *c, const char *name, struct str *out)
{
	const char *text = call_query(c, name);
	struct view rest = view_of(text), one;
	size_t n = 0;
	struct jw w;

	if (rest.len == 0)
		return 0;
	jw_init(&w, out);
	jw_array(&w, NULL);
	while (view_split(&rest, ',', &one)) {
		if (++n > API_SEARCH_NAMES_MAX) {
			call_reply_error(c, 422, "%s: over %d names", name,
			    API_SEARCH_NAMES_MAX);
			return -1;
		}
		jw_view(&w, NULL, view_trim(one));
	}
	jw_end(&w);
	return 0;
}

/* What the caller himself has to do with it, and who made it. */
static int
api_search_people(struct call *c, struct search_filter *f)
{
	const char *author = call_query(c, "created_by");
	int64_t me = call_who(c)->user_id;
	struct err e = ERR_INIT;
	struct user u;

	if (call_query_bool(c, "assigned"))
		f->assignee = me;
	if (call_query_bool(c, "created"))
		f->author = me;
	if (call_query_bool(c, "mentioned"))
		f->mentioned = me;
	if (call_query_bool(c, "review_requested"))
		f->asked_to_review = me;
	if (call_query_bool(c, "reviewed"))
		f->reviewer = me;
	if (author == NULL || author[0] == '\0')
		return 0;
	if (users_by_name(api_reader(c), author, &u, &e) == 0) {
		f->author = u.id;
		return 0;
	}
	if (e.code == ERR_NOTFOUND) {
		f->author = -1; /* nobody */
		return 0;
	}
	call_fail(c, &e);
	return -1;
}

/* Each with the project it is of; most are of few. */
static int
api_search_put(struct call *c, struct shape *s, const struct issue_list *list,
    struct err *e)
{
	struct project p = { .id = 0 };

	for (size_t i = 0; i < list->n; i++) {
		const struct issue *x = &list->at[i];

		if (p.id != x->project_id) {
			project_release(&p);
			if (projects_by_id(
				api_reader(c), x->project_id, &p, e) == -1)
				return -1;
			s->project = &p;
		}
		shape_issue(s, x);
	}
	s->project = NULL;
	project_release(&p);
	return 0;
}

static void
api_search_reply(struct call *c, struct search_filter *f, uint32_t page)
{
	struct issue_list list = { .n = 0 };
	struct err e = ERR_INIT;
	struct shape s;

	if (search_items(api_reader(c), f, &list, &e) == -1) {
		if (e.code == ERR_TIMEOUT && f->q != NULL)
			call_reply_error(
			    c, 422, "q: too much fits; add a word");
		else
			call_fail(c, &e);
		return;
	}
	shape_page(&s, c, NULL, page, (uint32_t)f->limit, list.total);
	if (api_search_put(c, &s, &list, &e) == -1) {
		str_release(&s.body);
		call_fail(c, &e);
	} else {
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	issue_list_release(&list);
}

static void
api_search(struct call *c)
{
	AUTO_STR struct str labels = STR_INIT_MAX(16 << 10);
	AUTO_STR struct str milestones = STR_INIT_MAX(16 << 10);
	struct search_filter f = { .viewer = svc_viewer(call_who(c)) };
	uint32_t page, limit;

	if (call_page(c, &page, &limit) == -1 || api_search_kind(c, &f) == -1 ||
	    api_search_people(c, &f) == -1 ||
	    api_words_times(c, &f.since, &f.before) == -1 ||
	    api_search_names(c, "labels", &labels) == -1 ||
	    api_search_names(c, "milestones", &milestones) == -1)
		return;
	f.owner = call_query(c, "owner");
	f.q = call_query(c, "q");
	if (f.q != NULL && f.q[0] == '\0')
		f.q = NULL;
	f.labels = labels.len > 0 ? str_cstr(&labels) : NULL;
	f.milestones = milestones.len > 0 ? str_cstr(&milestones) : NULL;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	api_search_reply(c, &f, page);
}

const struct route api_search_routes[] = {
	{ "GET", "/api/v1/repos/issues/search", ROUTE_MEMBER, api_search },
	{ .method = NULL },
};
