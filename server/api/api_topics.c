/* api_topics: a repository's topics, and whether the caller watches it. */
#include "server/api/api.h"
#include "server/api/shape_priv.h"
#include "server/service/svc_repo.h"
#include "server/store/repo_facts.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/wire/json.h"

static void
api_topics_get(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct topic_list list = { .n = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct shape s;
	size_t from;

	if (project == 0 || call_page(c, &page, &limit) == -1)
		return;
	if (topics_get(api_reader(c), project, &list, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	call_total(c, page, limit, (int64_t)list.n);
	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_array(&s.w, "topics");
	from = (size_t)(page - 1) * limit;
	for (size_t i = from; i < list.n && i < from + limit; i++)
		jw_str(&s.w, NULL, list.name[i]);
	jw_end(&s.w);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

/* Gitea's shape for what it does not take. */
static void
api_topics_invalid(struct call *c, const struct json *list, const char *why)
{
	char clean[REPO_TOPIC_MAX + 1];
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_str(&s.w, "message", why);
	jw_array(&s.w, "invalidTopics");
	for (const struct json *v = json_first(list); v != NULL;
	     v = json_next(v))
		if (json_is_string(v) &&
		    !repo_topic_clean(json_string(v), clean))
			jw_str(&s.w, NULL, json_string(v));
	jw_end(&s.w);
	jw_end(&s.w);
	shape_reply(&s, c, 422);
}

static void
api_topics_on_body(struct call *c, const struct json *j)
{
	const struct json *list = json_get(j, "topics");
	struct svc_topics ask = { .what = TOPICS_SET };
	size_t n = 0;

	ask.project_id = api_project_id(c, PERM_WRITE);
	if (ask.project_id == 0)
		return;
	if (list != NULL && !json_is_null(list) && !json_is_array(list)) {
		call_reply_error(c, 422, "topics: want an array of texts");
		return;
	}
	if (json_count(list) > REPO_TOPICS_MAX) {
		api_topics_invalid(
		    c, NULL, "Exceeding maximum number of topics per repo");
		return;
	}
	for (const struct json *v = json_first(list); v != NULL;
	     v = json_next(v)) {
		if (!json_is_string(v)) {
			call_reply_error(
			    c, 422, "topics: want an array of texts");
			return;
		}
		if (!repo_topic_clean(json_string(v), ask.topics.name[n++])) {
			api_topics_invalid(c, list, "Topic names are invalid");
			return;
		}
	}
	ask.topics.n = n;
	call_hold(c);
	svc_topics(api_svc(c), call_who(c), &ask, api_done_empty, c);
}

static void
api_topics_put(struct call *c)
{
	call_take_json(c, api_topics_on_body);
}

static void
api_topics_one(struct call *c, int what)
{
	struct svc_topics ask = { .project_id = api_project_id(c, PERM_WRITE) };

	if (ask.project_id == 0)
		return;
	if (!repo_topic_clean(call_arg(c, 2), ask.topics.name[0])) {
		api_topics_invalid(c, NULL, "Topic name is invalid");
		return;
	}
	ask.topics.n = 1;
	ask.what = what;
	call_hold(c);
	svc_topics(api_svc(c), call_who(c), &ask, api_done_empty, c);
}

static void
api_topics_add(struct call *c)
{
	api_topics_one(c, TOPICS_ADD);
}

static void
api_topics_remove(struct call *c)
{
	api_topics_one(c, TOPICS_REMOVE);
}

static void
api_watch_reply(struct call *c, const struct watching *w)
{
	struct shape s;

	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_bool(&s.w, "subscribed", true);
	jw_bool(&s.w, "ignored", false);
	jw_null(&s.w, "reason");
	jw_time(&s.w, "created_at", w->at);
	shape_url(&s, "url", "/api/v1/repos/%s/%s/subscription", call_arg(c, 0),
	    call_arg(c, 1));
	shape_url(&s, "repository_url", "/api/v1/repos/%s/%s", call_arg(c, 0),
	    call_arg(c, 1));
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

static void
api_watch_get(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct watching w;
	struct err e = ERR_INIT;

	if (project == 0)
		return;
	if (watching_get(
		api_reader(c), project, call_who(c)->user_id, &w, &e) == -1)
		call_fail(c, &e);
	else if (w.at == 0)
		call_reply_error(c, 404, "not subscribed");
	else
		api_watch_reply(c, &w);
}

static void
api_watch_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_watch *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail)) {
		if (op->on)
			api_watch_reply(c, &op->watch);
		else
			call_reply_empty(c, 204);
	}
	call_release(c);
}

static void
api_watch_set(struct call *c, bool on)
{
	int64_t project = api_project_id(c, PERM_READ);

	if (project == 0)
		return;
	call_hold(c);
	svc_watch(api_svc(c), call_who(c), project, on, api_watch_done, c);
}

static void
api_watch_put(struct call *c)
{
	api_watch_set(c, true);
}

static void
api_watch_delete(struct call *c)
{
	api_watch_set(c, false);
}

#define API_REPO "/api/v1/repos/{o}/{r}"

const struct route api_topics_routes[] = {
	{ "GET", API_REPO "/topics", ROUTE_MEMBER, api_topics_get },
	{ "PUT", API_REPO "/topics", ROUTE_USER, api_topics_put },
	{ "PUT", API_REPO "/topics/{topic}", ROUTE_USER, api_topics_add },
	{ "DELETE", API_REPO "/topics/{topic}", ROUTE_USER, api_topics_remove },
	{ "GET", API_REPO "/subscription", ROUTE_USER, api_watch_get },
	{ "PUT", API_REPO "/subscription", ROUTE_USER, api_watch_put },
	{ "DELETE", API_REPO "/subscription", ROUTE_USER, api_watch_delete },
	{ .method = NULL },
};
