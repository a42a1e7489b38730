#include "lib/wire/json_scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

struct json_scanner {
	struct view text;
	const struct json_scan_limits *limits;
	size_t pos;
	size_t depth;
	size_t values;
	bool object[JSON_MAX_DEPTH]; /* kind of each open container */
	struct err *e;
};

static int
json_scan_fail(struct json_scanner *s, const char *what)
{
	return err_set(s->e, ERR_INVALID, "JSON: %s at byte %zu", what, s->pos);
}

/* The byte at the position, -1 at the end. */
static int
json_scan_peek(const struct json_scanner *s)
{
	if (s->pos == s->text.len)
		return -1;
	return (unsigned char)s->text.p[s->pos];
}

static void
json_scan_space(struct json_scanner *s)
{
	for (; s->pos < s->text.len; s->pos++) {
		char c = s->text.p[s->pos];

		if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
			return;
	}
}

static bool
json_scan_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool
json_scan_digits(struct json_scanner *s)
{
	size_t start = s->pos;

	while (json_scan_is_digit(json_scan_peek(s)))
		s->pos++;
	return s->pos > start;
}

static int
json_scan_number(struct json_scanner *s)
{
	int c;

	if (json_scan_peek(s) == '-')
		s->pos++;
	if (json_scan_peek(s) == '0')
		s->pos++;
	else if (!json_scan_digits(s))
		return json_scan_fail(s, "a number needs a digit");
	if (json_scan_peek(s) == '.') {
		s->pos++;
		if (!json_scan_digits(s))
			return json_scan_fail(s, "a fraction needs a digit");
	}
	c = json_scan_peek(s);
	if (c != 'e' && c != 'E')
		return 0;
	s->pos++;
	c = json_scan_peek(s);
	if (c == '+' || c == '-')
		s->pos++;
	if (!json_scan_digits(s))
		return json_scan_fail(s, "an exponent needs a digit");
	return 0;
}

static int
json_scan_hex4(struct json_scanner *s, unsigned *out)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		int c = json_scan_peek(s);

		if (json_scan_is_digit(c))
			v = v * 16 + (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + (unsigned)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			v = v * 16 + (unsigned)(c - 'A' + 10);
		else
			return json_scan_fail(s, "\\u needs four hex digits");
		s->pos++;
	}
	*out = v;
	return 0;
}

/* After "\u".  Surrogates come as a pair; NUL would cut a C string. */
static int
json_scan_unicode(struct json_scanner *s)
{
	unsigned u, low;

	if (json_scan_hex4(s, &u) == -1)
		return -1;
	if (u == 0)
		return json_scan_fail(s, "\\u0000 is not allowed");
	if (u < 0xd800 || u > 0xdfff)
		return 0;
	if (u > 0xdbff || s->text.len - s->pos < 6 ||
	    memcmp(s->text.p + s->pos, "\\u", 2) != 0)
		return json_scan_fail(s, "lone surrogate");
	s->pos += 2;
	if (json_scan_hex4(s, &low) == -1)
		return -1;
	if (low < 0xdc00 || low > 0xdfff)
		return json_scan_fail(s, "lone surrogate");
	return 0;
}

static int
json_scan_escape(struct json_scanner *s)
{
	int c = json_scan_peek(s);

	if (c == -1 || c == 0 || strchr("\"\\/bfnrtu", c) == NULL)
		return json_scan_fail(s, "unknown escape");
	s->pos++;
	return c == 'u' ? json_scan_unicode(s) : 0;
}

static int
json_scan_string(struct json_scanner *s)
{
	if (json_scan_peek(s) != '"')
		return json_scan_fail(s, "expected a string");
	s->pos++;
	for (;;) {
		int c = json_scan_peek(s);

		if (c == -1)
			return json_scan_fail(s, "unfinished string");
		if (c < 0x20)
			return json_scan_fail(s, "control byte in a string");
		s->pos++;
		if (c == '"')
			return 0;
		if (c == '\\' && json_scan_escape(s) == -1)
			return -1;
	}
}

static int
json_scan_word(struct json_scanner *s)
{
	static const char *const words[] = { "true", "false", "null" };
	struct view rest = view_from(s->text, s->pos);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (view_starts(rest, words[i])) {
			s->pos += strlen(words[i]);
			return 0;
		}
	return json_scan_fail(s, "expected a value");
}

static int
json_scan_open(struct json_scanner *s, bool object)
{
	if (s->depth == s->limits->depth)
		return err_set(s->e, ERR_LIMIT,
		    "JSON: nested deeper than %zu at byte %zu",
		    s->limits->depth, s->pos);
	s->object[s->depth++] = object;
	s->pos++;
	return 0;
}

static int
json_scan_key(struct json_scanner *s)
{
	json_scan_space(s);
	if (json_scan_string(s) == -1)
		return -1;
	json_scan_space(s);
	if (json_scan_peek(s) != ':')
		return json_scan_fail(s, "expected ':'");
	s->pos++;
	return 0;
}

/*
 * One value; a container that is not empty is only entered.  *complete tells
 * which.
 */
static int
json_scan_value(struct json_scanner *s, bool *complete)
{
	int c;

	json_scan_space(s);
	if (++s->values > s->limits->values)
		return err_set(s->e, ERR_LIMIT,
		    "JSON: more than %zu values at byte %zu", s->limits->values,
		    s->pos);
	*complete = true;
	c = json_scan_peek(s);
	if (c == '"')
		return json_scan_string(s);
	if (c == '-' || json_scan_is_digit(c))
		return json_scan_number(s);
	if (c != '{' && c != '[')
		return json_scan_word(s);
	if (json_scan_open(s, c == '{') == -1)
		return -1;
	json_scan_space(s);
	if (json_scan_peek(s) == (c == '{' ? '}' : ']')) {
		s->pos++;
		s->depth--;
		return 0;
	}
	*complete = false;
	return c == '{' ? json_scan_key(s) : 0;
}

/* After a value: close what ends here, or step over the comma. */
static int
json_scan_after(struct json_scanner *s)
{
	while (s->depth > 0) {
		bool object = s->object[s->depth - 1];
		int c;

		json_scan_space(s);
		c = json_scan_peek(s);
		if (c == ',') {
			s->pos++;
			return object ? json_scan_key(s) : 0;
		}
		if (c != (object ? '}' : ']'))
			return json_scan_fail(s,
			    object ? "expected ',' or '}'"
				   : "expected ',' or ']'");
		s->pos++;
		s->depth--;
	}
	return 0;
}

int
json_scan(
    struct view text, const struct json_scan_limits *limits, struct err *e)
{
	struct json_scanner s = { .text = text, .limits = limits, .e = e };
	bool complete = false;

	if (!utf8_valid(text))
		return err_set(e, ERR_INVALID, "JSON: not valid UTF-8");
	do {
		if (json_scan_value(&s, &complete) == -1)
			return -1;
		if (complete && json_scan_after(&s) == -1)
			return -1;
	} while (s.depth > 0);
	json_scan_space(&s);
	if (s.pos != text.len)
		return json_scan_fail(&s, "bytes after the value");
	return 0;
}
