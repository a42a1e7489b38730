/* Rules that look at the letters of a line. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "findings/check_body.h"
#include "findings/unicode.h"

enum {
	CHECK_LONG_LINE = 1000,
	CHECK_PADDING = 120,
	CHECK_COMMENT_FAR = 200,
	CHECK_BLOB_ASK = 400, /* bytes without a break */
	CHECK_WORD_MIN = 3,
	CHECK_WORD_MAX = 64
};

/* What every line is passed by: most need no closer look. */
enum {
	SHAPE_ODD = 1, /* beyond ASCII, or a control */
	SHAPE_BLANK = 2,
	SHAPE_WORD = 4,
	SHAPE_BLOB = 8 /* of base64 and its like */
};

#define O SHAPE_ODD
#define S SHAPE_BLANK
#define W (SHAPE_WORD | SHAPE_BLOB)
#define B SHAPE_BLOB
#define N 0
/* clang-format off */
static const unsigned char check_shapes[256] = {
	O, O, O, O, O, O, O, O, O, S, O, O, O, O, O, O,
	O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
	S, N, N, N, N, N, N, N, N, N, N, B, N, B, N, B,
	W, W, W, W, W, W, W, W, W, W, N, N, N, B, N, N,
	N, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	W, W, W, W, W, W, W, W, W, W, W, N, N, N, N, W,
	N, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	W, W, W, W, W, W, W, W, W, W, W, N, N, N, N, O,
	O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
	O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
	O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
	O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
	O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
	O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
	O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
	O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
};
/* clang-format on */
#undef O
#undef S
#undef W
#undef B
#undef N

static unsigned char
check_shape(char c)
{
	return check_shapes[(unsigned char)c];
}

static bool
check_line_is_odd(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (check_shape(v.p[i]) == SHAPE_ODD)
			return true;
	return false;
}

static const struct {
	const char *id, *what;
} check_kinds[] = {
	[UNICODE_SELECTOR] = { "emoji-selector",
	    "an unseen character that joins or makes an emoji" },
	[UNICODE_LOOKALIKE] = { "lookalike",
	    "a character that looks like one of ASCII" },
	[UNICODE_MIXED] = { "mixed-scripts",
	    "a word mixes letters that look alike" },
	[UNICODE_PRIVATE] = { "private-use",
	    "a character whose shape is the font's" },
	[UNICODE_MALFORMED] = { "encoding", "not UTF-8" },
	[UNICODE_MARK] = { "bidi-mark", "a mark of the direction of text" },
	[UNICODE_EMBED] = { "bidi-mark",
	    "an embedding in text of another direction" },
	[UNICODE_BREAK] = { "soft-break",
	    "a place where a word may break, or may not" },
	[UNICODE_CONTROL] = { "control-character", "a control character" },
	[UNICODE_INVISIBLE] = { "invisible", "an invisible character" },
	[UNICODE_BIDI] = { "bidi",
	    "a character that turns the direction of text" },
};

static uint64_t *
check_name_slot(struct check_body *b, uint64_t hash)
{
	size_t i = (size_t)hash & (CHECK_NAMES_MAX - 1);

	while (b->names[i] != 0 && b->names[i] != hash)
		i = (i + 1) & (CHECK_NAMES_MAX - 1);
	return &b->names[i];
}

static bool
check_names_full(const struct check_body *b)
{
	return b->names_n >= CHECK_NAMES_MAX / 2;
}

/* Names are remembered for their twins in other scripts. */
void
check_line_names(struct check_body *b)
{
	struct view v = b->line->text;

	if (!(b->traits & CHECK_IS_CODE))
		return;
	for (size_t i = 0; i < v.len && !check_names_full(b);) {
		size_t start = i;
		uint64_t hash, *slot;

		while (i < v.len && (check_shape(v.p[i]) & SHAPE_WORD))
			i++;
		if (i - start < CHECK_WORD_MIN || i - start > CHECK_WORD_MAX) {
			i += i == start;
			continue;
		}
		hash = check_hash((struct view){ v.p + start, i - start });
		slot = check_name_slot(b, hash | 1);
		if (*slot == 0) {
			*slot = hash | 1;
			b->names_n++;
		}
	}
}

/* A whole word in another script's letters that reads like a name here, or
 * that is the only one of its kind in a line of code. */
static void
check_twins(struct check_body *b)
{
	struct view text = b->line->text;
	char twin[CHECK_WORD_MAX + 1];
	size_t at = 0, column = 0, odd = 0, known = 0, first = 0;

	while (unicode_twin(text, &at, &column, twin, sizeof(twin))) {
		uint64_t hash = check_hash(view_of(twin)) | 1;

		if (strlen(twin) < CHECK_WORD_MIN)
			continue;
		first = first == 0 ? column : first;
		for (size_t i = column - 1; i < at; i++)
			known += check_shape(text.p[i]) == SHAPE_ODD;
		b->point = column - 1;
		if (check_names_full(b) || *check_name_slot(b, hash) == hash)
			check_say(b, "homoglyph", b->line->line,
			    "a word in column %zu looks like \"%s\" and is "
			    "another",
			    column, twin);
	}
	for (size_t i = 0; i < text.len; i++)
		odd += check_shape(text.p[i]) == SHAPE_ODD;
	if (known > 0 && known == odd)
		check_say(b, "lookalike", b->line->line,
		    "a word in column %zu has letters that look like ASCII",
		    first);
}

/* What is usual in texts alone is in other files what it looks like. */
static enum unicode_kind
check_at_home(const struct check_body *b, enum unicode_kind kind)
{
	bool code = (b->traits & CHECK_RUNS) != 0;
	bool prose = !code &&
	    ((b->traits & CHECK_IS_DOC) || check_has_ext(b->file->path, ".po"));

	if ((kind == UNICODE_MARK && (b->traits & CHECK_IS_CODE)) ||
	    (kind == UNICODE_EMBED && !prose))
		return UNICODE_BIDI;
	return kind == UNICODE_BREAK && !prose ? UNICODE_INVISIBLE : kind;
}

void
check_line_unicode(struct check_body *b)
{
	const struct scan_line *l = b->line;
	struct view text = l->text;
	struct unicode_hit hit;

	if (!check_line_is_odd(text))
		return;
	/* The mark at the start of a file is usual. */
	if (l->line == 1 && l->offset == 0 && view_starts(text, "\xef\xbb\xbf"))
		text = view_from(text, 3);
	hit = unicode_scan(text);
	if (b->traits & CHECK_IS_CODE)
		check_twins(b);
	/* In what people read, signs of any script are at home. */
	if (hit.kind == UNICODE_CLEAN ||
	    (hit.kind == UNICODE_LOOKALIKE && !(b->traits & CHECK_IS_CODE)))
		return;
	hit.kind = check_at_home(b, hit.kind);
	b->point = hit.column - 1 + (size_t)(text.p - l->text.p);
	if (hit.kind == UNICODE_SELECTOR)
		check_note(b, check_kinds[hit.kind].id, l->path, l->line,
		    "%s, U+%04X in column %zu", check_kinds[hit.kind].what,
		    hit.cp, hit.column);
	else
		check_say(b, check_kinds[hit.kind].id, l->line,
		    "%s, U+%04X in column %zu", check_kinds[hit.kind].what,
		    hit.cp, hit.column);
}

/* Bits that a byte carries, of the bytes of v. */
double
check_entropy(struct view v)
{
	size_t count[256] = { 0 };
	double bits = 0;

	for (size_t i = 0; i < v.len; i++)
		count[(unsigned char)v.p[i]]++;
	for (size_t i = 0; i < 256; i++) {
		double p = (double)count[i] / (double)v.len;

		if (count[i] > 0)
			bits -= p * log2(p);
	}
	return bits;
}

/* A run without a blank or a mark. */
static void
check_run(struct check_body *b, struct view v)
{
	double bits;

	if (v.len > b->longest)
		b->longest = v.len;
	if (v.len < CHECK_BLOB_ASK || !(b->traits & CHECK_IS_CODE))
		return;
	bits = check_entropy(v);
	/* Rulers of dashes and the like carry nothing. */
	if (bits > 2.5)
		check_say(b, "encoded-data", b->line->line,
		    "%zu bytes of encoded data, %.1f bits each", v.len, bits);
}

/* The name behind the first "coding" that has a mark for it, as Python finds
 * it; empty: none. */
static struct view
check_cookie_name(struct view v)
{
	size_t n = 0;

	while (v.len > 0) {
		const char *at = memmem(v.p, v.len, "coding", 6);

		if (at == NULL)
			break;
		v = view_from(v, (size_t)(at - v.p) + 6);
		if (v.len < 2 || (v.p[0] != ':' && v.p[0] != '='))
			continue;
		v = view_trim(view_from(v, 1));
		while (n < v.len &&
		    ((check_shape(v.p[n]) & SHAPE_WORD) || v.p[n] == '-' ||
			v.p[n] == '.'))
			n++;
		if (n > 0)
			break;
	}
	return (struct view){ v.p, n };
}

/* The encoding that a source says it has: what it reads like is another
 * thing in others than these. */
static void
check_cookie(struct check_body *b)
{
	static const char *const plain[] = { "utf-8", "utf8", "utf_8", "ascii",
		"us-ascii", "latin-1", "latin1", "iso-8859-1", "iso-8859-15",
		"binary", "cp1252" };
	const struct scan_line *l = b->line;
	struct view name;

	if (l->text.len == 0 || memchr(l->text.p, '#', l->text.len) == NULL)
		return;
	name = check_cookie_name(l->text);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (name.len == strlen(plain[i]) &&
		    strncasecmp(name.p, plain[i], name.len) == 0)
			return;
	if (name.len > 0)
		check_say(b, "encoding", l->line,
		    "a source that says it is in %.*s",
		    (int)(name.len > 40 ? 40 : name.len), name.p);
}

/* The next character as Java reads it: \\u and more u are an escape. */
static unsigned
check_java_char(struct view *v, bool *escaped)
{
	unsigned c = (unsigned char)v->p[0];
	size_t n = 1;

	*escaped = false;
	/* No escape begins with the second of two. */
	if (c == '\\' && v->len > 1 && v->p[1] == '\\') {
		*v = view_from(*v, 2);
		return c;
	}
	while (c == '\\' && n < v->len && v->p[n] == 'u')
		n++;
	if (n > 1 && v->p[n - 1] == 'u' && n + 4 <= v->len) {
		char digits[5] = "";

		memcpy(digits, v->p + n, 4);
		if (strspn(digits, "0123456789abcdefABCDEF") == 4) {
			*escaped = true;
			c = (unsigned)strtoul(digits, NULL, 16);
			n += 4;
		}
	}
	*v = view_from(*v, n);
	return c;
}

/* Java takes an escape for what it means before it knows of comments and
 * strings: one that ends them is a trick. */
void
check_line_escapes(struct check_body *b)
{
	static const char *const exts[] = { ".java", ".scala", ".groovy",
		".gradle" };
	struct view v = b->line->text;
	unsigned last = 0;
	bool java = strncmp(
			check_path_base(b->file->path), "Jenkinsfile", 11) == 0,
	     escaped, before = false, ends = false;

	for (size_t i = 0; i < sizeof(exts) / sizeof(exts[0]); i++)
		java = java || check_has_ext(b->file->path, exts[i]);
	while (java && !ends && v.len > 0) {
		unsigned c = check_java_char(&v, &escaped);

		ends = (escaped && (c == '\n' || c == '\r' || c == '"')) ||
		    (last == '*' && c == '/' && (escaped || before));
		last = c;
		before = escaped;
	}
	if (ends)
		check_say(b, "comment-trick", b->line->line,
		    "an escape that ends the line, a comment or a string");
}

/* A comment that ends far to the right, and what comes behind it; a comment
 * that swallows or lets go of the next line. */
static void
check_comments(struct check_body *b)
{
	const struct scan_line *l = b->line;
	struct view v = view_trim(l->text);
	const char *end = NULL;

	if (!(b->traits & CHECK_IS_CLIKE))
		return;
	if (l->text.len > CHECK_COMMENT_FAR)
		end = memmem(l->text.p + CHECK_COMMENT_FAR,
		    l->text.len - CHECK_COMMENT_FAR, "*/", 2);
	if (end != NULL && end + 2 < v.p + v.len)
		check_say(b, "hidden-code", l->line,
		    "text behind a comment that ends in column %zu",
		    (size_t)(end - l->text.p) + 1);
	if (view_starts(v, "//") &&
	    (view_ends(v, "\\") || view_ends(v, "\?\?/")))
		check_say(b, "comment-trick", l->line,
		    "the comment goes on in the next line");
}

void
check_line_long(struct check_body *b)
{
	const struct scan_line *l = b->line;
	size_t blanks = 0, blob = 0, spaces = 0, i;
	bool hidden = false;

	b->longest = 0;
	for (i = 0; i <= l->text.len; i++) {
		unsigned char shape = i < l->text.len
		    ? check_shape(l->text.p[i])
		    : 0;

		if (shape & SHAPE_BLOB) {
			blob++;
		} else if (blob > 0) {
			check_run(
			    b, (struct view){ l->text.p + i - blob, blob });
			blob = 0;
		}
		if (shape == SHAPE_BLANK) {
			blanks += l->text.p[i] == '\t' ? 8 : 1;
			spaces++;
		} else if (blanks > 0) {
			hidden = hidden ||
			    (blanks > CHECK_PADDING && i < l->text.len &&
				l->text.p[i] != '\r');
			blanks = 0;
		}
	}
	if (hidden && !(b->traits & CHECK_IS_DATA))
		check_say(b, "hidden-code", l->line,
		    "text after more than %d blanks is off the screen",
		    (int)CHECK_PADDING);
	check_comments(b);
	if (l->line <= 2 && (b->traits & CHECK_IS_CODE))
		check_cookie(b);
	if (l->text.len <= CHECK_LONG_LINE)
		return;
	if (b->traits & (CHECK_IS_DATA | CHECK_IS_DOC))
		check_note(b, "long-data", l->path, l->line,
		    "a line of %zu bytes", l->text.len);
	else
		check_say(b, "long-line", l->line, "a line of %zu bytes%s",
		    l->text.len,
		    spaces * 20 < l->text.len ? ", hardly a blank in it" : "");
}
