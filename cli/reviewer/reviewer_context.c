#include <string.h>

#include "cli/reviewer/reviewer.h"
#include "cli/reviewer/reviewer_reply.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	CONTEXT_MAX = 10000000,
	/* What Ollama is asked to make room for costs memory. */
	CONTEXT_SHOW_MAX = 32768
};

static int64_t
context_of_models(const struct json *j, const char *model)
{
	const struct json *list = json_get(j, "data");

	for (const struct json *m = json_first(list); m != NULL;
	     m = json_next(m)) {
		if (strcmp(json_str_or(m, "id", ""), model) != 0)
			continue;
		return json_i64_or(m, "max_model_len",
		    json_i64_or(m, "context_length",
			json_i64_or(json_get(m, "meta"), "n_ctx", 0)));
	}
	return 0;
}

static int64_t
context_of_show(const struct json *j)
{
	static const char end[] = ".context_length";
	const struct json *info = json_get(j, "model_info");
	int64_t n = 0;

	for (const struct json *m = json_first(info); m != NULL;
	     m = json_next(m))
		if (view_ends(view_of(json_key(m)), end))
			n = json_integer(m, 0);
	return n > CONTEXT_SHOW_MAX ? CONTEXT_SHOW_MAX : n;
}

int64_t
reviewer_read_context(
    enum provider_context where, const char *model, struct view body)
{
	struct err ignored = ERR_INIT;
	struct json *j = json_parse(body, REPLY_MAX, &ignored);
	int64_t n = 0;

	if (where == PROVIDER_CONTEXT_PROPS)
		n = json_i64_or(json_get(j, "default_generation_settings"),
		    "n_ctx", json_i64_or(j, "n_ctx", 0));
	else if (where == PROVIDER_CONTEXT_MODELS)
		n = context_of_models(j, model);
	else if (where == PROVIDER_CONTEXT_SHOW)
		n = context_of_show(j);
	json_free(j);
	return n < 0 || n > CONTEXT_MAX ? 0 : n;
}

/* The address without the last part that the API's own has. */
static char *
context_url(const char *base, const char *path)
{
	size_t n = strlen(base);

	if (n > 3 && strcmp(base + n - 3, "/v1") == 0)
		n -= 3;
	return xasprintf("%.*s%s", (int)n, base, path);
}

int64_t
reviewer_ask_context(struct reviewer_session *s)
{
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *url = NULL;
	struct reviewer_http h;
	struct err ignored = ERR_INIT;
	struct jw w;
	int64_t n = 0;

	if (s->p->where == PROVIDER_CONTEXT_ROW)
		return 0;
	if (s->p->where == PROVIDER_CONTEXT_PROPS)
		url = context_url(s->r->url, "/props");
	else if (s->p->where == PROVIDER_CONTEXT_MODELS)
		url = xasprintf("%s/models", s->r->url);
	else
		url = xasprintf("%s/api/show", s->r->url);
	if (s->p->where == PROVIDER_CONTEXT_SHOW) {
		jw_init(&w, &body);
		jw_object(&w, NULL);
		jw_str(&w, "model", s->r->model);
		jw_end(&w);
	}
	if (reviewer_http(s, body.len > 0 ? "POST" : "GET", url,
		body.len > 0 ? str_view(&body) : (struct view){ .p = NULL }, &h,
		&ignored) == 0 &&
	    h.status == 200)
		n = reviewer_read_context(
		    s->p->where, s->r->model, str_view(&h.body));
	reviewer_http_release(&h);
	return n;
}
