#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

enum {
	JW_DIGITS_MAX = 20, /* of a uint64_t */
	JW_WORD = 8
};

void
jw_init(struct jw *w, struct str *out)
{
	*w = (struct jw){ .out = out };
}

/* The escape of a control byte, '"' or '\\'. */
static void
jw_escape(struct str *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char shorts[0x20] = {
		['\b'] = 'b',
		['\f'] = 'f',
		['\n'] = 'n',
		['\r'] = 'r',
		['\t'] = 't',
	};
	char buf[6] = "\\u00";

	if (c >= 0x20) {
		str_addc(out, '\\');
		str_addc(out, (char)c);
	} else if (shorts[c] != '\0') {
		str_addc(out, '\\');
		str_addc(out, shorts[c]);
	} else {
		buf[4] = hex[c >> 4];
		buf[5] = hex[c & 15];
		str_addn(out, buf, sizeof(buf));
	}
}

/* Has x a byte that is 0?  May say so of one above 0x7f, too. */
#define JW_ANY_ZERO(x) \
	(((x)-UINT64_C(0x0101010101010101)) & UINT64_C(0x8080808080808080))
#define JW_EACH(c) (UINT64_C(0x0101010101010101) * (c))

/* Eight bytes at once of plain ASCII. */
static bool
jw_plain_word(const char *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return ((x | (x - JW_EACH(0x20)) | JW_ANY_ZERO(x ^ JW_EACH('"')) |
		    JW_ANY_ZERO(x ^ JW_EACH('\\'))) &
		   JW_EACH(0x80)) == 0;
}

/* Length of the run from v that can be copied as it is. */
static size_t
jw_plain(struct view v)
{
	uint32_t cp;
	size_t i = 0;

	while (v.len - i >= JW_WORD && jw_plain_word(v.p + i))
		i += JW_WORD;
	while (i < v.len) {
		unsigned char c = (unsigned char)v.p[i];
		size_t n = 1;

		if (c < 0x20 || c == '"' || c == '\\')
			break;
		if (c >= 0x80)
			n = utf8_decode(view_from(v, i), &cp);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

/* Bytes that are not UTF-8, and NUL, which json_parse refuses, become U+FFFD:
 * the document stays readable. */
static void
jw_quote_some(struct str *out, struct view v)
{
	str_addc(out, '"');
	while (v.len > 0) {
		size_t n = jw_plain(v);

		str_addn(out, v.p, n);
		v = view_from(v, n);
		if (v.len == 0)
			break;
		if ((unsigned char)*v.p >= 0x80 || *v.p == '\0')
			str_addn(out, "\xef\xbf\xbd", 3);
		else
			jw_escape(out, (unsigned char)*v.p);
		v = view_from(v, 1);
	}
	str_addc(out, '"');
}

/* Most texts have nothing to escape. */
static void
jw_quote(struct str *out, struct view v)
{
	char *p;

	if (jw_plain(v) < v.len) {
		jw_quote_some(out, v);
		return;
	}
	p = str_room(out, v.len + 2);
	if (p == NULL)
		return;
	*p++ = '"';
	if (v.len > 0)
		memcpy(p, v.p, v.len);
	p[v.len] = '"';
}

/* What stands before a value: the comma, then the key. */
static void
jw_lead(struct jw *w, const char *key)
{
	if (w->depth > 0) {
		if (w->comma[w->depth - 1])
			str_addc(w->out, ',');
		w->comma[w->depth - 1] = true;
		if (w->array[w->depth - 1] != (key == NULL))
			die("json writer: key %s in the wrong container",
			    key == NULL ? "(none)" : key);
	}
	if (key != NULL) {
		jw_quote(w->out, view_of(key));
		str_addc(w->out, ':');
	}
}

static void
jw_open(struct jw *w, const char *key, bool array)
{
	jw_lead(w, key);
	if (w->depth == JSON_MAX_DEPTH)
		die("json writer: nested deeper than %d", JSON_MAX_DEPTH);
	w->comma[w->depth] = false;
	w->array[w->depth++] = array;
	str_addc(w->out, array ? '[' : '{');
}

void
jw_object(struct jw *w, const char *key)
{
	jw_open(w, key, false);
}

void
jw_array(struct jw *w, const char *key)
{
	jw_open(w, key, true);
}

void
jw_end(struct jw *w)
{
	if (w->depth == 0)
		die("json writer: nothing is open");
	w->depth--;
	str_addc(w->out, w->array[w->depth] ? ']' : '}');
}

void
jw_str(struct jw *w, const char *key, const char *s)
{
	if (s == NULL)
		jw_null(w, key);
	else
		jw_view(w, key, view_of(s));
}

void
jw_view(struct jw *w, const char *key, struct view v)
{
	jw_lead(w, key);
	jw_quote(w->out, v);
}

static void
jw_digits(struct jw *w, uint64_t n)
{
	char buf[JW_DIGITS_MAX];
	size_t i = sizeof(buf);

	do {
		buf[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	str_addn(w->out, buf + i, sizeof(buf) - i);
}

void
jw_i64(struct jw *w, const char *key, int64_t n)
{
	jw_lead(w, key);
	if (n < 0)
		str_addc(w->out, '-');
	jw_digits(w, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void
jw_u64(struct jw *w, const char *key, uint64_t n)
{
	jw_lead(w, key);
	jw_digits(w, n);
}

void
jw_bool(struct jw *w, const char *key, bool b)
{
	jw_raw(w, key, b ? VIEW_LIT("true") : VIEW_LIT("false"));
}

void
jw_null(struct jw *w, const char *key)
{
	jw_raw(w, key, VIEW_LIT("null"));
}

void
jw_time(struct jw *w, const char *key, int64_t ms)
{
	char text[CLOCK_TEXT_MAX];

	jw_str(w, key, ms == 0 ? NULL : clock_rfc3339(ms, text));
}

void
jw_raw(struct jw *w, const char *key, struct view json)
{
	jw_lead(w, key);
	str_addv(w->out, json);
}
