#include "findings/unicode.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/utf8.h"

enum {
	UNICODE_ZWNJ = 0x200c,
	UNICODE_ZWJ = 0x200d,
	UNICODE_VS16 = 0xfe0f,
	UNICODE_SYMBOLS = 0x2190, /* arrows, symbols, emoji: from here on */
	UNICODE_VARIANTS = 3,     /* in a line */
	UNICODE_PRIVATES = 8      /* in one line: bytes in disguise */
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
	{ 0x2800, 0x2800 },
	{ 0x3164, 0x3164 },
	{ 0xfdd0, 0xfdef },
	{ 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffb },
	{ 0xfffe, 0xffff },
	{ 0x13430, 0x1345f },
	{ 0x1bca0, 0x1bca3 },
	{ 0x1d159, 0x1d159 },
	{ 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe0fff },
};

static const struct unicode_range unicode_private[] = {
	{ 0xe000, 0xf8ff },
	{ 0xf0000, 0x10ffff },
};

/* Hebrew, Arabic and their neighbours; their presentation forms. */
static const struct unicode_range unicode_rtl[] = {
	{ 0x0590, 0x061b },
	{ 0x061d, 0x08ff },
	{ 0xfb1d, 0xfdcf },
	{ 0xfe70, 0xfefe },
	{ 0x10800, 0x10fff },
	{ 0x1e800, 0x1efff },
};

/* Scripts that write with joiners: Arabic and those of India. */
static const struct unicode_range unicode_joined[] = {
	{ 0x0600, 0x06ff },
	{ 0x0750, 0x077f },
	{ 0x08a0, 0x08ff },
	{ 0x0900, 0x0dff },
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

/* What of the line was seen so far. */
struct unicode_state {
	uint32_t before;
	bool latin, alike; /* in the word at hand */
	bool rtl;          /* letters from right to left */
	bool wide;         /* letters of East Asia */
	size_t privates, variants;
	size_t depth;    /* of isolates that are open */
	size_t embedded; /* of embeddings */
	bool override, marked;
	size_t flag; /* tags that a flag still has */
};

static bool
unicode_is_latin(uint32_t cp)
{
	return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z');
}

static bool
unicode_is_control(uint32_t cp)
{
	return (cp < 0x20 && cp != '\t') || (cp >= 0x7f && cp <= 0x9f) ||
	    cp == 0x2028 || cp == 0x2029;
}

/* Marks alone order the text around them a little; what opens a run of text
 * and does not end it, or overrides, shows something else than there is. */
static bool
unicode_is_mark(struct unicode_state *s, uint32_t cp)
{
	if (cp >= 0x2066 && cp <= 0x2068)
		s->depth++;
	else if (cp == 0x2069 && s->depth > 0)
		s->depth--;
	else if (cp == 0x202a || cp == 0x202b)
		s->embedded++;
	else if (cp == 0x202c && s->embedded > 0)
		s->embedded--;
	else if (cp >= 0x2069 || (cp >= 0x202c && cp <= 0x202e))
		s->override = true;
	s->marked = true;
	return cp < 0x202a || cp >= 0x2066;
}

/* The flags of England, Scotland and Wales are spelled in tags; no others. */
static bool
unicode_is_flag(struct unicode_state *s, uint32_t cp, struct view rest)
{
#define TAG(c) "\xf3\xa0\x81" c
	static const char *const flags[] = {
		TAG("\xa7") TAG("\xa2") TAG("\xa5") TAG("\xae") TAG("\xa7")
		    TAG("\xbf"),
		TAG("\xa7") TAG("\xa2") TAG("\xb3") TAG("\xa3") TAG("\xb4")
		    TAG("\xbf"),
		TAG("\xa7") TAG("\xa2") TAG("\xb7") TAG("\xac") TAG("\xb3")
		    TAG("\xbf"),
	};
#undef TAG

	if (s->before == 0x1f3f4 && cp == 0xe0067)
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			if (view_starts(rest, flags[i]))
				s->flag = strlen(flags[i]) / 4;
	if (s->flag == 0)
		return false;
	s->flag--;
	return true;
}

static bool
unicode_is_break(uint32_t cp)
{
	return cp == 0xad || cp == 0x200b || cp == 0x2060;
}

/* A shape of the ideograph before it, as names of people and places have it;
 * many of them are something else. */
static bool
unicode_is_variant(struct unicode_state *s, uint32_t cp)
{
	bool selects = (cp >= 0xfe00 && cp <= 0xfe0f) ||
	    (cp >= 0xe0100 && cp <= 0xe01ef);
	bool ideograph = (s->before >= 0x3400 && s->before <= 0x9fff) ||
	    (s->before >= 0xf900 && s->before <= 0xfaff) ||
	    (s->before >= 0x20000 && s->before <= 0x3ffff);

	return selects && ideograph && s->variants++ < UNICODE_VARIANTS;
}

static enum unicode_kind
unicode_classify(struct unicode_state *s, uint32_t cp, struct view rest)
{
	if (UNICODE_IN(unicode_bidi, cp))
		return unicode_is_mark(s, cp) ? UNICODE_MARK : UNICODE_EMBED;
	if (unicode_is_control(cp))
		return (cp == '\r' && rest.len == 1) ||
			(cp == '\f' && s->before == 0 &&
			    view_trim(view_from(rest, 1)).len == 0)
		    ? UNICODE_CLEAN
		    : UNICODE_CONTROL;
	if (UNICODE_IN(unicode_private, cp))
		return ++s->privates > UNICODE_PRIVATES ? UNICODE_INVISIBLE
							: UNICODE_PRIVATE;
	if (UNICODE_IN(unicode_invisible, cp)) {
		if (unicode_is_emoji_part(cp, s->before) ||
		    ((cp == UNICODE_ZWJ || cp == UNICODE_ZWNJ) &&
			UNICODE_IN(unicode_joined, s->before)))
			return UNICODE_SELECTOR;
		if (unicode_is_flag(s, cp, rest))
			return UNICODE_SELECTOR;
		if (unicode_is_break(cp) || unicode_is_variant(s, cp))
			return UNICODE_BREAK;
		return cp == 0x2800 && s->before > 0x2800 && s->before < 0x2900
		    ? UNICODE_CLEAN
		    : UNICODE_INVISIBLE;
	}
	return UNICODE_CLEAN;
}

/* Letters of Latin beyond the usual ones are no other script. */
static bool
unicode_is_phonetic(uint32_t cp)
{
	return cp < 0x0370 || (cp >= 0x1d00 && cp < 0x1e00) ||
	    (cp >= 0xa720 && cp < 0xa800);
}

/* Letters of two scripts in one word, one of them in the other's clothes. */
static bool
unicode_is_mixed(struct unicode_state *s, uint32_t cp)
{
	if (unicode_is_latin(cp))
		s->latin = true;
	else if (unicode_alike(cp) != 0 && !unicode_is_phonetic(cp))
		s->alike = true;
	else if (!unicode_is_letter(cp) && cp != '_' && (cp < '0' || cp > '9'))
		s->latin = s->alike = false;
	return s->latin && s->alike;
}

/* Signs of East Asia stand in its text, fractions and ratios between blanks
 * or digits; those of rare scripts are at home nowhere else. */
static bool
unicode_is_lookalike(
    const struct unicode_state *s, uint32_t cp, struct view rest)
{
	bool rare = (cp < 0x2000 && cp != 0x02b9) ||
	    (cp >= 0xa4f8 && cp < 0xfe00);

	if (unicode_alike_sign(cp) == 0 || s->wide)
		return false;
	return rare || (rest.len > 0 && s->before > ' ' && s->before < 0x80);
}

struct unicode_hit
unicode_scan(struct view line)
{
	struct unicode_hit worst = { .kind = UNICODE_CLEAN };
	struct unicode_hit mark = { .kind = UNICODE_CLEAN };
	struct unicode_state s = { .before = 0 };
	size_t at = 0, n;

	for (; at < line.len; at += n) {
		struct view rest = view_from(line, at);
		uint32_t cp = 0;
		enum unicode_kind kind;

		n = utf8_decode(rest, &cp);
		if (n == 0) {
			kind = UNICODE_MALFORMED;
			cp = (unsigned char)rest.p[0];
			n = 1;
		} else {
			kind = unicode_classify(&s, cp, rest);
		}
		if (s.marked && mark.column == 0)
			mark = (struct unicode_hit){ UNICODE_BIDI, at + 1, cp };
		s.rtl = s.rtl || UNICODE_IN(unicode_rtl, cp);
		s.wide = s.wide ||
		    (cp >= 0x2e80 && cp < 0xe000 && cp != 0x3000);
		if (unicode_is_mixed(&s, cp) && kind < UNICODE_MIXED)
			kind = UNICODE_MIXED;
		if (kind == UNICODE_CLEAN &&
		    unicode_is_lookalike(&s, cp, view_from(rest, n)))
			kind = UNICODE_LOOKALIKE;
		if (kind > worst.kind)
			worst = (struct unicode_hit){ kind, at + 1, cp };
		s.before = cp;
	}
	if (worst.kind == UNICODE_LOOKALIKE && s.wide)
		worst.kind = UNICODE_CLEAN;
	if (s.marked && (s.depth > 0 || s.embedded > 0 || s.override || !s.rtl))
		return mark;
	return worst;
}
