#include "agentd/hook/hook_json.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/wire/json_scan.h"

enum {
	HOOK_JSON_DEPTH = 32,
	HOOK_JSON_VALUES = 100000
};

int
hook_json_check(struct view text, struct err *e)
{
	static const struct json_scan_limits limits = {
		.depth = HOOK_JSON_DEPTH, .values = HOOK_JSON_VALUES
	};

	if (json_scan(text, &limits, e) == -1)
		return -1;
	return view_starts(view_trim(text), "{")
	    ? 0
	    : err_set(e, ERR_INVALID, "it is no object");
}

/* Past the string at v. */
static struct view
hook_json_past_string(struct view v)
{
	size_t i = 1;

	while (i < v.len && v.p[i] != '"')
		i += v.p[i] == '\\' ? 2 : 1;
	return view_from(v, i < v.len ? i + 1 : v.len);
}

/* Past the value at v, which is checked. */
static struct view
hook_json_past(struct view v)
{
	int deep = 0;

	if (view_starts(v, "\""))
		return hook_json_past_string(v);
	while (v.len > 0) {
		char c = v.p[0];

		if (c == '"') {
			v = hook_json_past_string(v);
			continue;
		}
		if (deep == 0 && (c == ',' || c == '}' || c == ']'))
			break;
		if (c == '{' || c == '[')
			deep++;
		v = view_from(v, 1);
		if ((c == '}' || c == ']') && --deep == 0)
			break;
	}
	return v;
}

static uint32_t
hook_json_hex(const char *p)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i] >= 'A' && p[i] <= 'F' ? (char)(p[i] + 32) : p[i];

		v = v * 16 + (uint32_t)(strchr(digits, c) - digits);
	}
	return v;
}

static void
hook_json_utf8(struct str *out, uint32_t c)
{
	if (c < 0x80) {
		str_addc(out, (char)c);
	} else if (c < 0x800) {
		str_addc(out, (char)(0xc0 | c >> 6));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		str_addc(out, (char)(0xe0 | c >> 12));
		str_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		str_addc(out, (char)(0xf0 | c >> 18));
		str_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		str_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* At a \ of a checked string: how long it is. */
static size_t
hook_json_escape(struct view v, struct str *out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *at = strchr(from, v.p[1]);
	uint32_t c;

	if (v.p[1] != 'u') {
		str_addc(out, at != NULL ? to[at - from] : v.p[1]);
		return 2;
	}
	c = hook_json_hex(v.p + 2);
	if (c < 0xd800 || c > 0xdbff || v.len < 12 || v.p[6] != '\\' ||
	    v.p[7] != 'u') {
		hook_json_utf8(out, c);
		return 6;
	}
	hook_json_utf8(out,
	    0x10000 + ((c & 0x3ff) << 10) + (hook_json_hex(v.p + 8) & 0x3ff));
	return 12;
}

/* v: with its quotes. */
static void
hook_json_plain(struct view v, struct str *out)
{
	v = view_from(v, 1);
	while (v.len > 1) {
		size_t n = 1;

		if (v.p[0] == '\\')
			n = hook_json_escape(v, out);
		else
			str_addc(out, v.p[0]);
		v = view_from(v, n);
	}
}

int
hook_json_get(
    struct view object, const char *key, struct view *out, struct err *e)
{
	struct view v = view_trim(object);

	*out = (struct view){ .p = NULL };
	if (!view_starts(v, "{"))
		return 0;
	v = view_trim(view_from(v, 1));
	while (view_starts(v, "\"")) {
		AUTO_STR struct str name = STR_INIT;
		struct view rest = hook_json_past_string(v), value;

		hook_json_plain(
		    (struct view){ .p = v.p, .len = v.len - rest.len }, &name);
		/* The colon. */
		value = view_trim(view_from(view_trim(rest), 1));
		rest = hook_json_past(value);
		if (strcmp(str_cstr(&name), key) == 0) {
			if (out->p != NULL)
				return err_set(
				    e, ERR_INVALID, "%s is there twice", key);
			value.len -= rest.len;
			*out = view_trim(value);
		}
		rest = view_trim(rest);
		v = view_trim(view_from(rest, rest.len > 0 ? 1 : 0));
	}
	return 0;
}

int
hook_json_text(
    struct view object, const char *key, size_t max, char **out, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(max);
	struct view v;

	if (hook_json_get(object, key, &v, e) == -1)
		return -1;
	if (v.p == NULL || view_is(v, "null"))
		return 0;
	if (!view_starts(v, "\""))
		return err_set(e, ERR_INVALID, "%s is no text", key);
	hook_json_plain(v, &text);
	if (!str_ok(&text))
		return err_set(e, ERR_LIMIT, "%s is too long", key);
	*out = str_steal(&text);
	return 0;
}

int64_t
hook_json_i64(struct view object, const char *key, int64_t def)
{
	AUTO_FREE char *text = NULL;
	struct err ignored = ERR_INIT;
	struct view v;
	int64_t n = def;

	if (hook_json_get(object, key, &v, &ignored) == -1 || v.p == NULL)
		return def;
	text = view_dup(v);
	return num_i64(text, INT64_MIN, INT64_MAX, &n, &ignored) == 0 ? n : def;
}
