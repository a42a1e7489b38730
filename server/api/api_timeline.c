/* api_timeline: all that was said and done on an item, in order. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/store/comments.h"
#include "server/store/issues.h"
#include "server/store/timeline.h"

#include "lib/base/clock.h"
#include "lib/base/err.h"

static int
api_timeline_time(struct call *c, const char *key, int64_t *out)
{
	const char *text = call_query(c, key);
	struct err e = ERR_INIT;

	if (text == NULL || *text == '\0' || clock_parse(text, out, &e) == 0)
		return 0;
	call_reply_error(c, 422, "%s: want an RFC 3339 time", key);
	return -1;
}

static void
api_timeline_one(struct call *c, struct shape *s, const struct issue *i,
    const struct timeline_ref *r)
{
	struct timeline_entry x = { .id = 0 };
	struct comment m = { .id = 0 };
	struct err e = ERR_INIT;

	if (r->is_comment) {
		if (comments_get(api_reader(c), i->project_id, r->id, &m, &e) ==
		    0)
			shape_timeline_comment(s, i, &m);
	} else if (timeline_get(api_reader(c), i->project_id, r->id, &x, &e) ==
	    0) {
		shape_timeline_entry(s, i, &x);
	}
	comment_release(&m);
	timeline_entry_release(&x);
}

static void
api_timeline_list(struct call *c)
{
	struct timeline_filter f = { .item = call_arg_id(c, 2) };
	struct timeline_page list;
	struct issue i = { .id = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct project p;
	struct shape s;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	if (call_page(c, &page, &limit) == -1 ||
	    api_timeline_time(c, "since", &f.since) == -1 ||
	    api_timeline_time(c, "before", &f.before) == -1)
		goto out;
	f.project_id = p.id;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (issues_get(api_reader(c), p.id, f.item, &i, &e) == -1 ||
	    timeline_find(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
		goto out;
	}
	shape_page(&s, c, &p, page, limit, list.total);
	for (size_t k = 0; k < list.n; k++)
		api_timeline_one(c, &s, &i, &list.at[k]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
out:
	issue_release(&i);
	project_release(&p);
}

const struct route api_timeline_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/issues/{n}/timeline", ROUTE_RUN_OK,
	    api_timeline_list },
	{ .method = NULL },
};
