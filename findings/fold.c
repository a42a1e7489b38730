#include "findings/fold.h"

#include <stdint.h>
#include <string.h>

#include "findings/unicode.h"
#include "lib/base/utf8.h"

enum {
	FOLD_FIRST = 0xc0,
	FOLD_END = 0x180
};

/* U+00C0..U+017F as a letter and a mark; a blank: it has none. */
static const char fold_letters
    [] = "aaaaaa ceeeeiiii nooooo  uuuuy  aaaaaa ceeeeiiii nooooo  uuuuy y"
	 "aaaaaaccccccccdd  eeeeeeeeeegggggggghh  iiiiiiiii   jjkk llllll "
	 "   nnnnnn   oooooo  rrrrrrsssssssstttt  uuuuuuuuuuuuwwyyyzzzzzz ";
static const char fold_marks
    [] = "`'^~\"o ,`'^\"`'^\" ~`'^~\"  `'^\"'  `'^~\"o ,`'^\"`'^\" ~`'^~\"  "
	 "`'^\"' \""
	 "--uu;;''^^..vvvv  --uu..;;vv^^uu..,,^^  ~~--uu;;.   ^^,, '',,vv "
	 "   '',,vv   --uu==  '',,vv''^^,,vv,,vv  ~~--uuoo==;;^^^^\"''..vv ";
static const struct {
	char c;
	uint32_t cp;
} fold_mark_names[] = {
	{ '`', 0x0300 },
	{ '\'', 0x0301 },
	{ '^', 0x0302 },
	{ '~', 0x0303 },
	{ '-', 0x0304 },
	{ 'u', 0x0306 },
	{ '.', 0x0307 },
	{ '"', 0x0308 },
	{ 'o', 0x030a },
	{ '=', 0x030b },
	{ 'v', 0x030c },
	{ ',', 0x0327 },
	{ ';', 0x0328 },
};

/* One letter that is several without case; no longer than it was. */
static const char *
fold_full(uint32_t cp)
{
	static const struct {
		uint32_t cp;
		const char *as;
	} rows[] = { { 0xdf, "ss" }, { 0x1e9e, "ss" }, { 0xfb00, "ff" },
		{ 0xfb01, "fi" }, { 0xfb02, "fl" }, { 0xfb03, "ffi" },
		{ 0xfb04, "ffl" }, { 0xfb05, "st" }, { 0xfb06, "st" } };

	if (cp != 0xdf && cp < 0x1e9e)
		return NULL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].cp == cp)
			return rows[i].as;
	return NULL;
}

static uint32_t
fold_case(uint32_t cp)
{
	if (cp >= 'A' && cp <= 'Z')
		return cp + 0x20;
	if (cp >= 0xc0 && cp <= 0xde && cp != 0xd7)
		return cp + 0x20;
	if (cp >= 0x100 && cp <= 0x177)
		return (cp >= 0x138 && cp <= 0x148) ? cp + (cp & 1) : cp | 1;
	if (cp >= 0x391 && cp <= 0x3a9)
		return cp + 0x20;
	if (cp >= 0x410 && cp <= 0x42f)
		return cp + 0x20;
	if (cp >= 0x400 && cp <= 0x40f)
		return cp + 0x50;
	if (cp >= 0x460 && cp <= 0x4ff && cp != 0x4c0)
		return cp | 1;
	if (cp >= 0x1e00 && cp <= 0x1eff)
		return cp | 1;
	if (cp >= 0xff21 && cp <= 0xff3a)
		return cp + 0x20;
	if (cp == 0x212a) /* the Kelvin sign */
		return 'k';
	if (cp == 0x17f) /* the long s */
		return 's';
	if (cp == 0x3c2)
		return 0x3c3;
	return cp;
}

static size_t
fold_put(uint32_t cp, char out[3])
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | (cp >> 12 & 0xf));
	out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[2] = (char)(0x80 | (cp & 0x3f));
	return 3;
}

static uint32_t
fold_mark(char c)
{
	for (size_t i = 0;
	     i < sizeof(fold_mark_names) / sizeof(fold_mark_names[0]); i++)
		if (fold_mark_names[i].c == c)
			return fold_mark_names[i].cp;
	return 0;
}

size_t
fold_path(struct view path, char *out, size_t n)
{
	size_t at = 0, len = 0;

	while (at < path.len && len + 4 < n) {
		unsigned char c = (unsigned char)path.p[at];
		uint32_t cp = c;
		size_t step = 1;
		const char *full = NULL;

		if (c >= 0x80)
			step = utf8_decode(view_from(path, at), &cp);
		if (step > 1)
			full = fold_full(cp);
		if (full != NULL) {
			memcpy(out + len, full, strlen(full));
			len += strlen(full);
		} else if (step == 0 || cp > 0xffff) {
			step = step == 0 ? 1 : step;
			memcpy(out + len, path.p + at, step);
			len += step;
		} else if (cp >= FOLD_FIRST && cp < FOLD_END &&
		    fold_letters[cp - FOLD_FIRST] != ' ') {
			out[len++] = fold_letters[cp - FOLD_FIRST];
			len += fold_put(
			    fold_mark(fold_marks[cp - FOLD_FIRST]), out + len);
		} else {
			len += fold_put(fold_case(cp), out + len);
		}
		at += step;
	}
	out[len] = '\0';
	return len;
}

static bool
fold_composes(uint32_t letter, uint32_t mark)
{
	uint32_t lower = fold_case(letter);

	for (size_t i = 0; i < FOLD_END - FOLD_FIRST; i++)
		if ((uint32_t)(unsigned char)fold_letters[i] == lower &&
		    fold_mark(fold_marks[i]) == mark)
			return true;
	return false;
}

bool
fold_is_decomposed(struct view name)
{
	uint32_t before = ' ', cp = 0;
	size_t step;

	for (size_t at = 0; at < name.len; at += step, before = cp) {
		step = utf8_decode(view_from(name, at), &cp);
		if (step == 0)
			return false;
		if (cp >= 0x300 && cp < 0x370 && before < 0x80 &&
		    before != ' ' && fold_composes(before, cp))
			return true;
	}
	return false;
}

size_t
fold_skeleton(struct view path, char *out, size_t n)
{
	size_t len = 0, alike = 0, step;

	for (size_t at = 0; at < path.len && len + 1 < n; at += step) {
		uint32_t cp = 0;
		char as;

		step = utf8_decode(view_from(path, at), &cp);
		if (step == 0)
			return 0;
		as = cp < 0x80 ? (char)cp : unicode_alike(cp);
		if (as == 0 && cp >= 0xff10 && cp <= 0xff19)
			as = (char)('0' + (cp - 0xff10));
		if (as == 0)
			as = unicode_alike_sign(cp);
		if (as == 0)
			return 0;
		alike += cp >= 0x80;
		out[len++] = (char)fold_case((unsigned char)as);
	}
	out[len] = '\0';
	return alike == 0 ? 0 : len;
}
