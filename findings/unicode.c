#include "findings/unicode.h"

#include <stdbool.h>

#include "lib/base/utf8.h"

enum {
	UNICODE_ZWJ = 0x200d,
	UNICODE_VS16 = 0xfe0f,
	UNICODE_SYMBOLS = 0x2190 /* arrows, symbols, emoji: from here on */
};

struct unicode_range {
	uint32_t first, last;
};

static const struct unicode_range unicode_bidi[] = {
	{ 0x061c, 0x061c },
	{ 0x200e, 0x200f },
	{ 0x202a, 0x202e },
	{ 0x2066, 0x2069 },
};

static const struct unicode_range unicode_invisible[] = {
	{ 0x00ad, 0x00ad },
	{ 0x034f, 0x034f },
	{ 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f },
	{ 0x200b, 0x200d },
	{ 0x2060, 0x2065 },
	{ 0x206a, 0x206f },
	{ 0x3164, 0x3164 },
	{ 0xe000, 0xf8ff },
	{ 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffb },
	{ 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe0fff },
	{ 0xf0000, 0x10ffff },
};

#define UNICODE_IN(set, cp) \
	unicode_in((set), sizeof(set) / sizeof((set)[0]), (cp))

static bool
unicode_in(const struct unicode_range *set, size_t n, uint32_t cp)
{
	for (size_t i = 0; i < n; i++)
		if (cp >= set[i].first && cp <= set[i].last)
			return true;
	return false;
}

static bool
unicode_is_control(uint32_t cp)
{
	return (cp < 0x20 && cp != '\t') || (cp >= 0x7f && cp <= 0x9f) ||
	    cp == 0x2028 || cp == 0x2029;
}

/* An emoji may be followed by VS16 (a keycap's digit too), and joined by ZWJ;
 * never by a second one: sequences of them carry hidden bytes. */
static bool
unicode_is_emoji_part(uint32_t cp, uint32_t before)
{
	bool keycap = (before >= '0' && before <= '9') || before == '#' ||
	    before == '*';

	if (cp == UNICODE_VS16 && keycap)
		return true;
	if (cp == UNICODE_ZWJ && before == UNICODE_VS16)
		return true;
	return (cp == UNICODE_VS16 || cp == UNICODE_ZWJ) &&
	    (before >= UNICODE_SYMBOLS || before == 0xa9 || before == 0xae) &&
	    !UNICODE_IN(unicode_invisible, before);
}

static bool
unicode_is_latin(uint32_t cp)
{
	return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z');
}

/* Greek, Cyrillic, Armenian, Cherokee, fullwidth: alike to Latin. */
static bool
unicode_is_alike(uint32_t cp)
{
	return (cp >= 0x0370 && cp <= 0x058f) ||
	    (cp >= 0x13a0 && cp <= 0x13ff) || (cp >= 0xff21 && cp <= 0xff5a);
}

static enum unicode_kind
unicode_classify(uint32_t cp, uint32_t before, bool last)
{
	if (UNICODE_IN(unicode_bidi, cp))
		return UNICODE_BIDI;
	if (unicode_is_control(cp))
		return cp == '\r' && last ? UNICODE_CLEAN : UNICODE_CONTROL;
	if (UNICODE_IN(unicode_invisible, cp))
		return unicode_is_emoji_part(cp, before) ? UNICODE_CLEAN
							 : UNICODE_INVISIBLE;
	return UNICODE_CLEAN;
}

struct unicode_hit
unicode_scan(struct view line)
{
	struct unicode_hit worst = { .kind = UNICODE_CLEAN };
	bool latin = false, alike = false;
	uint32_t before = 0;
	size_t at = 0;

	while (at < line.len) {
		struct view rest = view_from(line, at);
		uint32_t cp = 0;
		size_t n = utf8_decode(rest, &cp);
		enum unicode_kind kind;

		if (n == 0) {
			kind = UNICODE_MALFORMED;
			cp = (unsigned char)rest.p[0];
			n = 1;
		} else {
			kind = unicode_classify(cp, before, n == rest.len);
		}
		if (unicode_is_latin(cp))
			latin = true;
		else if (unicode_is_alike(cp))
			alike = true;
		else if (cp != '_' && (cp < '0' || cp > '9'))
			latin = alike = false;
		if (kind == UNICODE_CLEAN && latin && alike)
			kind = UNICODE_MIXED;
		if (kind > worst.kind)
			worst = (struct unicode_hit){ kind, at + 1, cp };
		before = cp;
		at += n;
	}
	return worst;
}
