#include "server/text/highlight.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "server/text/highlight_lang.h"

static const char *
highlight_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Is `word` one of a list with blanks between? */
static bool
highlight_has(const char *list, struct view word, bool no_case)
{
	size_t n;

	for (const char *p = list; *p != '\0'; p += n + (p[n] == ' ')) {
		n = strcspn(p, " ");
		if (n != word.len)
			continue;
		if (no_case ? strncasecmp(p, word.p, n) == 0
			    : memcmp(p, word.p, n) == 0)
			return true;
	}
	return false;
}

const struct highlight_lang *
highlight_by_name(struct view name)
{
	for (size_t i = 0; highlight_langs[i].names != NULL; i++)
		if (name.len > 0 &&
		    highlight_has(highlight_langs[i].names, name, true))
			return &highlight_langs[i];
	return NULL;
}

const struct highlight_lang *
highlight_by_path(const char *path)
{
	const char *base = highlight_base(path);
	const char *dot = strrchr(base, '.');

	for (size_t i = 0; highlight_langs[i].names != NULL; i++)
		if (highlight_has(
			highlight_langs[i].files, view_of(base), true))
			return &highlight_langs[i];
	return dot == NULL ? NULL : highlight_by_name(view_of(dot + 1));
}

static void
highlight_sort(struct highlight *h)
{
	const char *p = h->lang->words;

	while (*p != '\0') {
		size_t n = strcspn(p, " ");
		uint32_t bit = n < 32 ? UINT32_C(1) << n : 0;

		h->lengths[(unsigned char)*p] |= bit;
		h->lengths[tolower((unsigned char)*p)] |= bit;
		h->lengths[toupper((unsigned char)*p)] |= bit;
		p += n + (p[n] == ' ');
	}
	h->sorted = true;
}

static bool
highlight_is_word(struct highlight *h, struct view word)
{
	if (!h->sorted)
		highlight_sort(h);
	return word.len < 32 &&
	    (h->lengths[(unsigned char)word.p[0]] >> word.len & 1) != 0 &&
	    highlight_has(h->lang->words, word, h->lang->no_case);
}

static bool
highlight_at(struct view rest, const char *mark)
{
	return mark != NULL && view_starts(rest, mark);
}

/* Where `mark` ends in rest, its whole length when it does not. */
static size_t
highlight_until(struct view rest, size_t from, const char *mark, bool *found)
{
	size_t n = strlen(mark);

	*found = false;
	for (size_t i = from; i + n <= rest.len; i++)
		if (memcmp(rest.p + i, mark, n) == 0) {
			*found = true;
			return i + n;
		}
	return rest.len;
}

/* The end of a text that begins at `from` behind its quote. */
static size_t
highlight_quoted(const struct highlight_lang *l, struct view rest, size_t from,
    char quote, bool *closed)
{
	*closed = false;
	for (size_t i = from; i < rest.len; i++) {
		if (rest.p[i] == '\\' && !l->raw_quotes) {
			i++;
		} else if (rest.p[i] == quote) {
			*closed = true;
			return i + 1;
		}
	}
	return rest.len;
}

static bool
highlight_in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' ||
	    (unsigned char)c >= 0x80;
}

static size_t
highlight_word(struct view rest)
{
	size_t n = 1;

	while (n < rest.len && highlight_in_word(rest.p[n]))
		n++;
	return n;
}

static size_t
highlight_number(struct view rest)
{
	size_t n = 1;

	while (
	    n < rest.len && (highlight_in_word(rest.p[n]) || rest.p[n] == '.'))
		n++;
	return n;
}

/* The part at the start of rest: its kind and length. */
static size_t
highlight_part(struct highlight *h, struct view rest, bool first,
    enum highlight_kind *kind)
{
	const struct highlight_lang *l = h->lang;
	char c = rest.p[0];
	bool closed;
	size_t n;

	if (highlight_at(rest, l->line) || highlight_at(rest, l->line2) ||
	    (l->hash_first && first && c == '#')) {
		*kind = l->hash_first && c == '#' ? HIGHLIGHT_WORD
						  : HIGHLIGHT_COMMENT;
		return rest.len;
	}
	if (highlight_at(rest, l->open)) {
		*kind = HIGHLIGHT_COMMENT;
		n = highlight_until(rest, strlen(l->open), l->close, &closed);
		h->inside = closed ? 0 : HIGHLIGHT_INSIDE_COMMENT;
		return n;
	}
	for (size_t i = 0; i < 2 && l->triple[i] != NULL; i++) {
		if (!highlight_at(rest, l->triple[i]))
			continue;
		*kind = HIGHLIGHT_STRING;
		n = highlight_until(rest, 3, l->triple[i], &closed);
		h->inside = closed ? 0 : HIGHLIGHT_INSIDE_TRIPLE + (int)i;
		return n;
	}
	if (c != '\0' && strchr(l->quotes, c) != NULL) {
		*kind = HIGHLIGHT_STRING;
		n = highlight_quoted(l, rest, 1, c, &closed);
		if (!closed && c == '`')
			h->inside = '`';
		return n;
	}
	*kind = HIGHLIGHT_PLAIN;
	if (isdigit((unsigned char)c)) {
		*kind = HIGHLIGHT_NUMBER;
		return highlight_number(rest);
	}
	if (!highlight_in_word(c))
		return 1;
	n = highlight_word(rest);
	if (highlight_is_word(h, (struct view){ rest.p, n }))
		*kind = HIGHLIGHT_WORD;
	return n;
}

/* What goes on from the line before. */
static size_t
highlight_inside(
    struct highlight *h, struct view line, enum highlight_kind *kind)
{
	const struct highlight_lang *l = h->lang;
	bool closed;
	size_t n;

	if (h->inside == HIGHLIGHT_INSIDE_COMMENT) {
		*kind = HIGHLIGHT_COMMENT;
		n = highlight_until(line, 0, l->close, &closed);
	} else if (h->inside >= HIGHLIGHT_INSIDE_TRIPLE) {
		*kind = HIGHLIGHT_STRING;
		n = highlight_until(line, 0,
		    l->triple[h->inside - HIGHLIGHT_INSIDE_TRIPLE], &closed);
	} else {
		*kind = HIGHLIGHT_STRING;
		n = highlight_quoted(l, line, 0, (char)h->inside, &closed);
	}
	if (closed)
		h->inside = 0;
	return n;
}

void
highlight_line(
    struct highlight *h, struct view line, highlight_fn *fn, void *arg)
{
	struct view rest = line, plain = { line.p, 0 };
	enum highlight_kind kind;
	bool first = true;
	size_t n;

	if (h->lang == NULL) {
		if (line.len > 0)
			fn(HIGHLIGHT_PLAIN, line, arg);
		return;
	}
	while (rest.len > 0) {
		n = h->inside != 0 ? highlight_inside(h, rest, &kind)
				   : highlight_part(h, rest, first, &kind);
		if (n == 0 || n > rest.len)
			n = rest.len;
		first = first && isspace((unsigned char)rest.p[0]);
		if (kind == HIGHLIGHT_PLAIN) {
			plain.len += n;
		} else {
			if (plain.len > 0)
				fn(HIGHLIGHT_PLAIN, plain, arg);
			fn(kind, (struct view){ rest.p, n }, arg);
			plain = (struct view){ rest.p + n, 0 };
		}
		rest = view_from(rest, n);
		if (plain.len == 0)
			plain.p = rest.p;
	}
	if (plain.len > 0)
		fn(HIGHLIGHT_PLAIN, plain, arg);
}
