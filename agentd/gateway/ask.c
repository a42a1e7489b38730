#include "agentd/gateway/ask.h"

#include <string.h>

#include "lib/base/err.h"

enum {
	ASK_NUMBER_MAX = 100 * 1000 * 1000,
	ASK_ANSWERS_MAX = 128
};

struct ask_scan {
	struct view in;
	size_t pos;
};

static int
ask_bad(const struct ask_scan *s, struct err *e)
{
	return err_set(
	    e, ERR_INVALID, "the body is not a JSON object (byte %zu)", s->pos);
}

static int
ask_peek(const struct ask_scan *s)
{
	return s->pos < s->in.len ? (unsigned char)s->in.p[s->pos] : -1;
}

static void
ask_space(struct ask_scan *s)
{
	int c;

	while ((c = ask_peek(s)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		s->pos++;
}

/* A string with its escapes as they are, without the quotes. */
static int
ask_string(struct ask_scan *s, struct view *out, struct err *e)
{
	size_t from;

	if (ask_peek(s) != '"')
		return ask_bad(s, e);
	from = ++s->pos;
	for (;;) {
		int c = ask_peek(s);

		if (c < ' ') /* or the end */
			return ask_bad(s, e);
		if (c == '"')
			break;
		s->pos += c == '\\' ? 2 : 1;
		if (s->pos > s->in.len)
			return ask_bad(s, e);
	}
	*out = (struct view){ s->in.p + from, s->pos - from };
	s->pos++;
	return 0;
}

/* A number or a word: up to what cannot be part of one. */
static int
ask_bare(struct ask_scan *s, struct err *e)
{
	size_t from = s->pos;

	for (;;) {
		int c = ask_peek(s);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '+' && c != '.' && c != 'E')
			break;
		s->pos++;
	}
	return s->pos == from ? ask_bad(s, e) : 0;
}

/*
 * Past a container.  Its grammar is the provider's to check: what is wrong in
 * there is an error for it as well, and costs nothing.
 */
static int
ask_skip(struct ask_scan *s, struct err *e)
{
	size_t depth = 0;
	struct view v;

	do {
		int c = ask_peek(s);

		if (c == -1)
			return ask_bad(s, e);
		if (c == '"') {
			if (ask_string(s, &v, e) == -1)
				return -1;
			continue;
		}
		if ((c == '{' || c == '[') && ++depth > ASK_DEPTH_MAX)
			return err_set(e, ERR_LIMIT,
			    "the body is nested deeper than %d", ASK_DEPTH_MAX);
		if (c == '}' || c == ']')
			depth--;
		s->pos++;
	} while (depth > 0);
	return 0;
}

static int
ask_value(struct ask_scan *s, struct view *out, struct err *e)
{
	size_t from = s->pos;
	struct view v;
	int c = ask_peek(s), rc;

	if (c == '"')
		rc = ask_string(s, &v, e);
	else if (c == '{' || c == '[')
		rc = ask_skip(s, e);
	else
		rc = ask_bare(s, e);
	*out = (struct view){ s->in.p + from, s->pos - from };
	return rc;
}

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

static int
ask_model(struct view v, struct ask *a, struct err *e)
{
	struct view name = { v.p + 1, v.len >= 2 ? v.len - 2 : 0 };

	if (v.len < 3 || v.p[0] != '"' || name.len > ASK_MODEL_MAX ||
	    memchr(name.p, '\\', name.len) != NULL)
		return err_set(e, ERR_INVALID,
		    "model: must be a plain name of at most %d bytes",
		    ASK_MODEL_MAX);
	memcpy(a->model, name.p, name.len);
	a->model[name.len] = '\0';
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
		return err_set(e, ERR_INVALID, "stream: must be true or false");
	return 0;
}

/* It would go on, and cost, with nobody there to count. */
static int
ask_background(struct view v, struct ask *a, struct err *e)
{
	(void)a;
	if (view_is(v, "false") || view_is(v, "null"))
		return 0;
	return err_set(
	    e, ERR_DENIED, "background answers do not pass the gateway");
}

/* Servers that the provider would call: a way around the network's mode. */
static int
ask_servers(struct view v, struct ask *a, struct err *e)
{
	(void)a;
	if (view_is(v, "null") || view_is(v, "[]"))
		return 0;
	return err_set(e, ERR_DENIED,
	    "mcp_servers: the provider would reach what the sandbox may not");
}

/* Dearer than the table of prices says. */
static int
ask_tier(struct view v, struct ask *a, struct err *e)
{
	static const char *const usual[] = { "null", "\"auto\"", "\"default\"",
		"\"flex\"", "\"standard\"", "\"standard_only\"" };

	(void)a;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (view_is(v, usual[i]))
			return 0;
	return err_set(e, ERR_DENIED,
	    "%.*s: this tier of service is not in the table of prices",
	    (int)(v.len > 20 ? 20 : v.len), v.p);
}

static const struct ask_member {
	const char *name;
	int (*take)(struct view v, struct ask *a, struct err *e);
} ask_members[] = {
	{ "model", ask_model },
	{ "max_tokens", ask_max },
	{ "max_completion_tokens", ask_max },
	{ "max_output_tokens", ask_max },
	{ "n", ask_answers },
	{ "stream", ask_stream },
	{ "background", ask_background },
	{ "mcp_servers", ask_servers },
	{ "service_tier", ask_tier },
	{ "speed", ask_tier },
};

enum {
	ASK_MEMBERS = sizeof(ask_members) / sizeof(ask_members[0])
};

static int
ask_take(struct view name, struct view value, struct ask *a, unsigned *seen,
    struct err *e)
{
	if (memchr(name.p, '\\', name.len) != NULL)
		return err_set(
		    e, ERR_INVALID, "a member's name is written with escapes");
	for (size_t i = 0; i < ASK_MEMBERS; i++) {
		if (!view_is(name, ask_members[i].name))
			continue;
		if ((*seen & 1U << i) != 0)
			return err_set(e, ERR_INVALID, "%s: is there twice",
			    ask_members[i].name);
		*seen |= 1U << i;
		return ask_members[i].take(value, a, e);
	}
	return 0;
}

/* One member and what ends it; *more tells that another follows. */
static int
ask_one(struct ask_scan *s, struct ask *a, unsigned *seen, bool *more,
    struct err *e)
{
	struct view name = VIEW_LIT(""), value = VIEW_LIT("");
	int c;

	ask_space(s);
	if (ask_string(s, &name, e) == -1)
		return -1;
	ask_space(s);
	if (ask_peek(s) != ':')
		return ask_bad(s, e);
	s->pos++;
	ask_space(s);
	if (ask_value(s, &value, e) == -1 ||
	    ask_take(name, value, a, seen, e) == -1)
		return -1;
	ask_space(s);
	c = ask_peek(s);
	if (c != ',' && c != '}')
		return ask_bad(s, e);
	s->pos++;
	*more = c == ',';
	return 0;
}

int
ask_read(struct view body, struct ask *out, struct err *e)
{
	struct ask_scan s = { .in = body };
	unsigned seen = 0;
	bool more = true;

	memset(out, 0, sizeof(*out));
	out->answers = 1;
	ask_space(&s);
	if (ask_peek(&s) != '{')
		return ask_bad(&s, e);
	s.pos++;
	while (more)
		if (ask_one(&s, out, &seen, &more, e) == -1)
			return -1;
	ask_space(&s);
	if (s.pos != body.len)
		return ask_bad(&s, e);
	if (out->model[0] == '\0')
		return err_set(e, ERR_INVALID, "model: is missing");
	return 0;
}
