#include "agentd/gateway/usage.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/money.h"
#include "lib/wire/json.h"

enum {
	USAGE_COST_MAX = 64
};

void
usage_init(struct usage_reader *r, bool events)
{
	memset(r, 0, sizeof(*r));
	r->text = STR_INIT_MAX(USAGE_TEXT_MAX);
	r->events = events;
	r->usage.cost = -1;
}

void
usage_release(struct usage_reader *r)
{
	str_release(&r->text);
}

/* A count that makes sense, or what was there before. */
static bool
usage_take(const struct json *u, const char *name, int64_t *out)
{
	int64_t n = json_i64_or(u, name, -1);

	if (n < 0 || n > PRICE_TOKENS_MAX)
		return false;
	*out = n;
	return true;
}

static void
usage_take_cost(struct usage *x, const struct json *u)
{
	AUTO_STR struct str text = STR_INIT_MAX(USAGE_COST_MAX);
	const struct json *cost = json_get(u, "cost");
	struct err e = ERR_INIT;
	int64_t micros;

	if (cost == NULL)
		return;
	json_print(cost, &text);
	/* 1e-05 is not a form of money, and less than its smallest unit is
	 * not worth more. */
	if (str_ok(&text) && money_parse(str_view(&text), &micros, &e) == 0)
		x->cost = micros;
}

/* All writes, and how many of them were for an hour; a stream's last counts
 * do not say that again. */
static void
usage_take_writes(struct tokens *t, const struct json *u)
{
	int64_t all = t->cache_write + t->cache_long, hour = t->cache_long;

	(void)usage_take(u, "cache_creation_input_tokens", &all);
	(void)usage_take(
	    json_get(u, "cache_creation"), "ephemeral_1h_input_tokens", &hour);
	t->cache_long = hour < all ? hour : all;
	t->cache_write = all - t->cache_long;
}

/*
 * Anthropic: the input without what a cache had; counts of an answer in a
 * stream come first in message_start and are then replaced by message_delta.
 */
static bool
usage_take_anthropic(struct usage *x, const struct json *u)
{
	bool in = usage_take(u, "input_tokens", &x->tokens.input);
	bool out = usage_take(u, "output_tokens", &x->tokens.output);

	usage_take_writes(&x->tokens, u);
	(void)usage_take(u, "cache_read_input_tokens", &x->tokens.cache_read);
	x->any = x->any || in || out;
	return out;
}

/* OpenAI: the input with what a cache had. */
static bool
usage_take_openai(struct usage *x, const struct json *u)
{
	const struct json *d = json_get(u, "input_tokens_details");
	int64_t in = 0, cached = 0;
	bool have = usage_take(u, "prompt_tokens", &in) ||
	    usage_take(u, "input_tokens", &in);
	bool out = usage_take(u, "completion_tokens", &x->tokens.output) ||
	    usage_take(u, "output_tokens", &x->tokens.output);

	if (d == NULL)
		d = json_get(u, "prompt_tokens_details");
	(void)usage_take(d, "cached_tokens", &cached);
	if (cached > in)
		cached = in;
	if (have) {
		x->tokens.input = in - cached;
		x->tokens.cache_read = cached;
	}
	usage_take_cost(x, u);
	x->any = x->any || have || out;
	return have && out;
}

static void
usage_take_model(struct usage *x, const struct json *j)
{
	const char *model = json_str_or(j, "model", "");

	if (*model != '\0' && strlen(model) <= ASK_MODEL_MAX)
		(void)snprintf(x->model, sizeof(x->model), "%s", model);
}

static bool
usage_is_error(const struct json *j)
{
	const struct json *error = json_get(j, "error");

	return error != NULL && !json_is_null(error);
}

/* One document: a whole reply, or the data of one event. */
static void
usage_read(struct usage_reader *r, struct view text)
{
	struct usage *x = &r->usage;
	struct err e = ERR_INIT;
	struct json *j = json_parse(text, USAGE_TEXT_MAX, &e);
	const struct json *in = j, *u;
	const char *type = json_str_or(j, "type", "");

	if (j == NULL)
		return;
	if (usage_is_error(j))
		x->failed = true;
	if (json_is_object(json_get(j, "message")))
		in = json_get(j, "message");
	else if (json_is_object(json_get(j, "response")))
		in = json_get(j, "response");
	usage_take_model(x, in);
	u = json_get(in, "usage");
	if (json_is_object(u)) {
		bool anthropic = strncmp(type, "message", 7) == 0;
		bool last = anthropic ? usage_take_anthropic(x, u)
				      : usage_take_openai(x, u);

		/* What message_start tells is not all of it. */
		if (last && strcmp(type, "message_start") != 0)
			x->complete = true;
	}
	json_free(j);
}

/* Most events are pieces of text, which need no parser. */
static bool
usage_is_of_interest(struct view data)
{
	return memmem(data.p, data.len, "\"usage\"", 7) != NULL ||
	    memmem(data.p, data.len, "\"error\"", 7) != NULL;
}

static void
usage_line(struct usage_reader *r)
{
	struct view line = str_view(&r->text);

	if (r->skip || !view_starts(line, "data:"))
		return;
	line = view_trim(view_from(line, 5));
	if (line.len > 0 && usage_is_of_interest(line))
		usage_read(r, line);
}

static void
usage_add(struct usage_reader *r, struct view part)
{
	if (r->skip)
		return;
	if (part.len > USAGE_TEXT_MAX - r->text.len) {
		r->skip = true;
		str_release(&r->text);
		r->text = STR_INIT_MAX(USAGE_TEXT_MAX);
		return;
	}
	str_addv(&r->text, part);
}

static size_t
usage_find_end(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.p[i] == '\n' || v.p[i] == '\r')
			return i;
	return v.len;
}

void
usage_feed(struct usage_reader *r, struct view chunk)
{
	r->bytes += chunk.len;
	if (!r->events) {
		usage_add(r, chunk);
		return;
	}
	while (chunk.len > 0) {
		size_t n = usage_find_end(chunk);

		usage_add(r, (struct view){ chunk.p, n });
		if (n == chunk.len)
			return;
		usage_line(r);
		str_reset(&r->text);
		r->skip = false;
		chunk = view_from(chunk, n + 1);
	}
}

void
usage_end(struct usage_reader *r)
{
	if (r->events)
		usage_line(r);
	else if (!r->skip && r->text.len > 0)
		usage_read(r, str_view(&r->text));
	str_release(&r->text);
}
