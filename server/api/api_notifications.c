/* api_notifications: what concerns the caller. */
#include "server/api/api.h"
#include "server/api/api_words.h"
#include "server/api/shape.h"
#include "server/service/svc_notice.h"
#include "server/store/notifications.h"
#include "server/store/projects.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/httpd/httpd.h"

typedef bool api_notices_word_fn(struct notice_filter *f, const char *word);

static bool
api_notices_status(struct notice_filter *f, const char *word)
{
	int v = notice_status_parse(word);

	f->unread |= v == NOTICE_UNREAD;
	f->read |= v == NOTICE_READ;
	f->pinned |= v == NOTICE_PINNED;
	return v != -1;
}

/* Nothing is told of commits and repositories. */
static bool
api_notices_subject(struct notice_filter *f, const char *word)
{
	f->issues |= strcmp(word, "issue") == 0;
	f->pulls |= strcmp(word, "pull") == 0;
	return strcmp(word, "issue") == 0 || strcmp(word, "pull") == 0 ||
	    strcmp(word, "commit") == 0 || strcmp(word, "repository") == 0;
}

/* A parameter that may come more than once, and with commas.  How many words
 * it had, or -1 after a 422. */
static int
api_notices_words(struct call *c, const char *name, struct notice_filter *f,
    api_notices_word_fn *fn)
{
	struct view rest = view_of(request_raw_query(call_request(c)));
	struct view pair, key, word;
	int n = 0;

	while (view_split(&rest, '&', &pair)) {
		AUTO_STR struct str text = STR_INIT_MAX(1024);
		struct err e = ERR_INIT;
		struct view values;

		if (!view_split(&pair, '=', &key) || !view_is(key, name))
			continue;
		if (esc_form_decode(pair, &text, &e) == -1)
			continue;
		values = str_view(&text);
		while (values.len > 0 && view_split(&values, ',', &word)) {
			AUTO_FREE char *w = view_dup(view_trim(word));

			if (w[0] == '\0')
				continue;
			if (!fn(f, w)) {
				call_reply_error(
				    c, 422, "%s: not one of its words", name);
				return -1;
			}
			n++;
		}
	}
	(void)call_query(c, name); /* the links have it too */
	return n;
}

/* The filters that lists and marking share.  Without status-types, `def` of
 * them, or all when asked so. */
static int
api_notices_filter(
    struct call *c, struct notice_filter *f, const struct notice_filter *def)
{
	int statuses, subjects;

	f->account_id = call_who(c)->user_id;
	f->sees_all = svc_viewer(call_who(c)) == 0;
	statuses = api_notices_words(c, "status-types", f, api_notices_status);
	if (statuses == -1)
		return -1;
	subjects = api_notices_words(c, "subject-type", f, api_notices_subject);
	if (subjects == -1)
		return -1;
	f->nothing = subjects > 0 && !f->issues && !f->pulls;
	if (statuses == 0 && !call_query_bool(c, "all")) {
		f->unread = def->unread;
		f->pinned = def->pinned;
	}
	return 0;
}

static int
api_notices_put(struct call *c, struct shape *s, const struct notice_list *list,
    struct err *e)
{
	struct project p = { .id = 0 };

	for (size_t i = 0; i < list->n; i++) {
		const struct notice *n = &list->at[i];

		if (p.id != n->project_id) {
			project_release(&p);
			if (projects_by_id(
				api_reader(c), n->project_id, &p, e) == -1)
				return -1;
			s->project = &p;
		}
		shape_notice(s, n);
	}
	s->project = NULL;
	project_release(&p);
	return 0;
}

static void
api_notices_reply(struct call *c, int status, struct shape *s,
    const struct notice_list *list, bool array)
{
	struct err e = ERR_INIT;

	if (api_notices_put(c, s, list, &e) == -1) {
		str_release(&s->body);
		call_fail(c, &e);
		return;
	}
	if (array)
		jw_end(&s->w);
	shape_reply(s, c, status);
}

static void
api_notices_list_of(struct call *c, int64_t project)
{
	static const struct notice_filter def = { .unread = true,
		.pinned = true };
	struct notice_filter f = { .project_id = project };
	struct notice_list list = { .n = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;

	if (call_page(c, &page, &limit) == -1 ||
	    api_notices_filter(c, &f, &def) == -1 ||
	    api_words_times(c, &f.since, &f.before) == -1)
		return;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (notices_list(api_reader(c), &f, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_page(&s, c, NULL, page, limit, list.total);
	api_notices_reply(c, 200, &s, &list, true);
	notice_list_release(&list);
}

static void
api_notices_list(struct call *c)
{
	api_notices_list_of(c, 0);
}

static void
api_notices_list_repo(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);

	if (project != 0)
		api_notices_list_of(c, project);
}

static void
api_notices_new(struct call *c)
{
	struct notice_filter f = { .account_id = call_who(c)->user_id,
		.sees_all = svc_viewer(call_who(c)) == 0 };
	struct err e = ERR_INIT;
	int64_t n = 0;
	struct shape s;

	if (notices_unread(api_reader(c), &f, &n, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_i64(&s.w, "new", n);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

static void
api_notices_get(struct call *c)
{
	const struct notice_filter f = { .account_id = call_who(c)->user_id,
		.sees_all = svc_viewer(call_who(c)) == 0 };
	struct notice_list list = { .n = 1 };
	struct err e = ERR_INIT;
	struct shape s;

	list.at = xcalloc(1, sizeof(*list.at));
	if (notices_get(
		api_reader(c), &f, call_arg_id(c, 0), &list.at[0], &e) == -1) {
		call_fail(c, &e);
	} else {
		shape_init(&s, c, NULL);
		api_notices_reply(c, 200, &s, &list, false);
	}
	notice_list_release(&list);
}

static int
api_notices_to(struct call *c, enum notice_status *to)
{
	const char *text = call_query(c, "to-status");
	int v = text == NULL || text[0] == '\0' ? NOTICE_READ
						: notice_status_parse(text);

	if (v == -1) {
		call_reply_error(c, 422, "to-status: not one of its words");
		return -1;
	}
	*to = (enum notice_status)v;
	return 0;
}

static void
api_notices_marked(const struct err *fail, void *arg, void *call)
{
	const struct svc_notice_mark *op = arg;
	struct call *c = call;
	struct shape s;

	if (!api_failed(c, fail)) {
		shape_init(&s, c, NULL);
		if (op->id == 0)
			jw_array(&s.w, NULL);
		api_notices_reply(c, 205, &s, &op->list, op->id == 0);
	}
	call_release(c);
}

/* RFC 3339, or seconds since 1970 as Gitea also takes. */
static int
api_notices_until(struct call *c, int64_t *out)
{
	const char *text = call_query(c, "last_read_at");
	struct err e = ERR_INIT;
	int64_t s = 0;

	if (text == NULL || text[0] == '\0' || clock_parse(text, out, &e) == 0)
		return 0;
	e = ERR_INIT;
	if (num_i64(text, 0, INT64_MAX / 1000, &s, &e) == 0) {
		*out = s * 1000;
		return 0;
	}
	call_reply_error(c, 422, "last_read_at: want an RFC 3339 time");
	return -1;
}

static void
api_notices_mark_of(struct call *c, int64_t project)
{
	static const struct notice_filter def = { .unread = true };
	struct notice_filter f = { .project_id = project };
	int64_t until = api_svc(c)->now();
	struct svc_notice_mark *op;
	enum notice_status to;

	if (api_notices_to(c, &to) == -1 ||
	    api_notices_until(c, &until) == -1 ||
	    api_notices_filter(c, &f, &def) == -1)
		return;
	op = svc_notice_mark_new(api_svc(c), call_who(c));
	op->filter = f;
	op->until = until;
	op->to = to;
	call_hold(c);
	svc_notice_mark(op, api_notices_marked, c);
}

static void
api_notices_mark(struct call *c)
{
	api_notices_mark_of(c, 0);
}

static void
api_notices_mark_repo(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);

	if (project != 0)
		api_notices_mark_of(c, project);
}

static void
api_notices_mark_one(struct call *c)
{
	struct svc_notice_mark *op;
	enum notice_status to;

	if (api_notices_to(c, &to) == -1)
		return;
	op = svc_notice_mark_new(api_svc(c), call_who(c));
	op->id = call_arg_id(c, 0);
	op->to = to;
	call_hold(c);
	svc_notice_mark(op, api_notices_marked, c);
}

#define API_NOTICES "/api/v1/notifications"
#define API_NOTICES_REPO "/api/v1/repos/{o}/{r}/notifications"

const struct route api_notifications_routes[] = {
	{ "GET", API_NOTICES, ROUTE_USER, api_notices_list },
	{ "PUT", API_NOTICES, ROUTE_USER, api_notices_mark },
	{ "GET", API_NOTICES "/new", ROUTE_USER, api_notices_new },
	{ "GET", API_NOTICES "/threads/{id}", ROUTE_USER, api_notices_get },
	{ "PATCH", API_NOTICES "/threads/{id}", ROUTE_USER,
	    api_notices_mark_one },
	{ "GET", API_NOTICES_REPO, ROUTE_USER, api_notices_list_repo },
	{ "PUT", API_NOTICES_REPO, ROUTE_USER, api_notices_mark_repo },
	{ .method = NULL },
};
