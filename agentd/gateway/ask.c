#include "agentd/gateway/ask.h"

#include <string.h>
#include <strings.h>

#include "agentd/gateway/ask_scan.h"
#include "lib/base/err.h"

enum {
	ASK_NUMBER_MAX = 100 * 1000 * 1000,
	ASK_ANSWERS_MAX = 128,
	ASK_ANY = ASK_MESSAGES | ASK_CHAT | ASK_RESPONSES
};

static int
ask_to_number(struct view v, int64_t max, int64_t *out, struct err *e)
{
	int64_t n = 0;

	if (view_is(v, "null"))
		return 0;
	for (size_t i = 0; i < v.len; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return err_set(e, ERR_INVALID,
			    "a limit is not a whole number: %.*s",
			    (int)(v.len > 20 ? 20 : v.len), v.p);
		n = n * 10 + (v.p[i] - '0');
		if (n > max)
			return err_set(e, ERR_INVALID, "a limit is over %lld",
			    (long long)max);
	}
	/* A member may say the same under its old and its new name. */
	if (n > *out)
		*out = n;
	return 0;
}

/* Models that search the web whether or not they are asked to. */
static bool
ask_model_searches(const char *model)
{
	static const char *const parts[] = { ":online", "-search", "sonar",
		"deep-research" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcasestr(model, parts[i]) != NULL)
			return true;
	return false;
}

static int
ask_model(struct view v, struct ask *a, struct err *e)
{
	struct view name = { v.p + 1, v.len >= 2 ? v.len - 2 : 0 };

	if (v.len < 3 || v.p[0] != '"' || name.len > ASK_MODEL_MAX ||
	    memchr(name.p, '\\', name.len) != NULL)
		return err_set(e, ERR_INVALID,
		    "must be a plain name of at most %d bytes", ASK_MODEL_MAX);
	memcpy(a->model, name.p, name.len);
	a->model[name.len] = '\0';
	/* OpenRouter's ways to have more in a name than a model. */
	if (strstr(a->model, "@preset") != NULL)
		return err_set(
		    e, ERR_DENIED, "a preset does not pass the gateway");
	if (ask_model_searches(a->model))
		a->web = a->whole = true;
	return 0;
}

static int
ask_max(struct view v, struct ask *a, struct err *e)
{
	return ask_to_number(v, ASK_NUMBER_MAX, &a->max_output, e);
}

static int
ask_answers(struct view v, struct ask *a, struct err *e)
{
	return ask_to_number(v, ASK_ANSWERS_MAX, &a->answers, e);
}

static int
ask_stream(struct view v, struct ask *a, struct err *e)
{
	a->stream = view_is(v, "true");
	if (!a->stream && !view_is(v, "false") && !view_is(v, "null"))
		return err_set(e, ERR_INVALID, "must be true or false");
	return 0;
}

/* Where something else than what is in the body would be asked, or reached, or
 * paid for. */
static int
ask_nothing(struct view v, struct ask *a, struct err *e)
{
	static const char *const none[] = { "null", "false", "[]", "{}",
		"\"\"" };

	(void)a;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (view_is(v, none[i]))
			return 0;
	return err_set(e, ERR_DENIED, "does not pass the gateway");
}

static int
ask_web(struct view v, struct ask *a, struct err *e)
{
	(void)e;
	if (!view_is(v, "null") && !view_is(v, "false"))
		a->web = a->whole = true;
	return 0;
}

/* Dearer than the table of prices says. */
static int
ask_usual(struct view v, struct ask *a, struct err *e)
{
	static const char *const usual[] = { "null", "\"auto\"", "\"default\"",
		"\"flex\"", "\"standard\"", "\"standard_only\"", "\"global\"",
		"[\"text\"]" };

	(void)a;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (view_is(v, usual[i]))
			return 0;
	return err_set(e, ERR_DENIED, "%.*s is not in the table of prices",
	    (int)(v.len > 20 ? 20 : v.len), v.p);
}

static int
ask_tools(struct view v, struct ask *a, struct err *e)
{
	(void)e;
	a->tools = v.len > 2;
	return 0;
}

static const struct ask_member {
	const char *name;
	unsigned apis; /* elsewhere it must not be there */
	enum ask_part part;
	int (*take)(struct view v, struct ask *a, struct err *e);
} ask_members[] = {
	{ "model", ASK_ANY, ASK_PART_NONE, ask_model },
	{ "stream", ASK_ANY, ASK_PART_NONE, ask_stream },
	{ "max_tokens", ASK_MESSAGES | ASK_CHAT, ASK_PART_NONE, ask_max },
	{ "max_completion_tokens", ASK_CHAT, ASK_PART_NONE, ask_max },
	{ "max_output_tokens", ASK_RESPONSES, ASK_PART_NONE, ask_max },
	{ "n", ASK_CHAT, ASK_PART_NONE, ask_answers },
	{ "messages", ASK_ANY, ASK_PART_CONTENT, NULL },
	{ "system", ASK_ANY, ASK_PART_CONTENT, NULL },
	{ "cache_control", ASK_ANY, ASK_PART_CONTENT, NULL },
	{ "input", ASK_ANY, ASK_PART_ITEMS, NULL },
	{ "tools", ASK_ANY, ASK_PART_TOOLS, ask_tools },
	/* It would go on, and cost, with nobody there to count. */
	{ "background", ASK_ANY, ASK_PART_NONE, ask_nothing },
	/* The provider would reach what the sandbox may not. */
	{ "mcp_servers", ASK_ANY, ASK_PART_NONE, ask_nothing },
	{ "plugins", ASK_ANY, ASK_PART_NONE, ask_nothing },
	{ "web_search_options", ASK_ANY, ASK_PART_NONE, ask_web },
	{ "search_parameters", ASK_ANY, ASK_PART_NONE, ask_web },
	{ "enable_search", ASK_ANY, ASK_PART_NONE, ask_web },
	/* Another model, or what is kept at the provider. */
	{ "models", ASK_ANY, ASK_PART_NONE, ask_nothing },
	{ "preset", ASK_ANY, ASK_PART_NONE, ask_nothing },
	{ "previous_response_id", ASK_ANY, ASK_PART_NONE, ask_nothing },
	{ "conversation", ASK_ANY, ASK_PART_NONE, ask_nothing },
	{ "prompt", ASK_ANY, ASK_PART_NONE, ask_nothing },
	{ "container", ASK_ANY, ASK_PART_NONE, ask_nothing },
	/* Its own prices. */
	{ "prediction", ASK_ANY, ASK_PART_NONE, ask_nothing },
	{ "audio", ASK_ANY, ASK_PART_NONE, ask_nothing },
	{ "modalities", ASK_ANY, ASK_PART_NONE, ask_usual },
	{ "service_tier", ASK_ANY, ASK_PART_NONE, ask_usual },
	{ "speed", ASK_ANY, ASK_PART_NONE, ask_usual },
	{ "inference_geo", ASK_ANY, ASK_PART_NONE, ask_usual },
};

enum {
	ASK_MEMBERS = sizeof(ask_members) / sizeof(ask_members[0])
};

struct ask_body {
	struct ask_scan s;
	enum ask_api api;
	uint64_t seen;
};

/* Its row, or NULL; a name that only some readers would take for one of them
 * is an error. */
static int
ask_find(struct ask_body *b, struct view name, const struct ask_member **out,
    struct err *e)
{
	*out = NULL;
	if (memchr(name.p, '\\', name.len) != NULL)
		return err_set(
		    e, ERR_INVALID, "a member's name is written with escapes");
	for (size_t i = 0; i < ASK_MEMBERS; i++) {
		const char *want = ask_members[i].name;

		if (name.len != strlen(want) ||
		    strncasecmp(name.p, want, name.len) != 0)
			continue;
		if (!view_is(name, want))
			return err_set(
			    e, ERR_INVALID, "%s: is written in capitals", want);
		if ((b->seen & UINT64_C(1) << i) != 0)
			return err_set(
			    e, ERR_INVALID, "%s: is there twice", want);
		b->seen |= UINT64_C(1) << i;
		*out = &ask_members[i];
		return 0;
	}
	return 0;
}

static int
ask_take(struct ask_body *b, const struct ask_member *m, struct view v,
    struct ask *a, struct err *e)
{
	if (m == NULL)
		return 0;
	if ((m->apis & b->api) == 0)
		return view_is(v, "null")
		    ? 0
		    : err_set(e, ERR_INVALID,
			  "%s: is no member of this request", m->name);
	if (m->take != NULL && m->take(v, a, e) == -1)
		return err_wrap(e, "%s", m->name);
	return 0;
}

/* One member and what ends it; *more tells that another follows. */
static int
ask_one(struct ask_body *b, struct ask *a, bool *more, struct err *e)
{
	struct ask_scan *s = &b->s;
	struct view name = VIEW_LIT(""), value;
	const struct ask_member *m;
	size_t from;
	int c;

	ask_scan_space(s);
	if (ask_scan_string(s, &name, e) == -1 ||
	    ask_find(b, name, &m, e) == -1)
		return -1;
	ask_scan_space(s);
	if (ask_scan_peek(s) != ':')
		return ask_scan_bad(s, e);
	s->pos++;
	ask_scan_space(s);
	from = s->pos;
	if (ask_walk(s, m == NULL ? ASK_PART_NONE : m->part, a, e) == -1)
		return -1;
	value = (struct view){ s->in.p + from, s->pos - from };
	if (ask_take(b, m, value, a, e) == -1)
		return -1;
	ask_scan_space(s);
	c = ask_scan_peek(s);
	if (c != ',' && c != '}')
		return ask_scan_bad(s, e);
	s->pos++;
	*more = c == ',';
	return 0;
}

int
ask_read(struct view body, enum ask_api api, struct ask *out, struct err *e)
{
	struct ask_body b = { .s = { .in = body }, .api = api };
	bool more = true;

	memset(out, 0, sizeof(*out));
	out->answers = 1;
	ask_scan_space(&b.s);
	if (ask_scan_peek(&b.s) != '{')
		return ask_scan_bad(&b.s, e);
	b.s.pos++;
	while (more)
		if (ask_one(&b, out, &more, e) == -1)
			return -1;
	ask_scan_space(&b.s);
	if (b.s.pos != body.len)
		return ask_scan_bad(&b.s, e);
	if (out->model[0] == '\0')
		return err_set(e, ERR_INVALID, "model: is missing");
	return 0;
}
