/* Lines that are one to a shell, or one to YAML before a shell reads it. */
#include <ctype.h>
#include <string.h>

#include "findings/check_body.h"

enum {
	JOIN_MAX = 8192,
	JOIN_KEEP = 64 /* of a text that is too long, for the rest of it */
};

static bool
join_is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* The end of what is left of a comment behind a mark that lets a shell read
 * on, and of blanks. */
static size_t
join_end(struct view line)
{
	size_t n = line.len, sign;

	for (sign = 0; sign < n; sign++)
		if (line.p[sign] == '#' && sign > 0 && line.p[sign - 1] == ' ')
			break;
	for (size_t end = sign; sign < n && end > 0; end--) {
		if (line.p[end - 1] == ' ')
			continue;
		if (join_is_one_of(line.p[end - 1], "|&"))
			n = end;
		break;
	}
	while (n > 0 && join_is_one_of(line.p[n - 1], " \t\r"))
		n--;
	return n;
}

static bool
join_is_open(struct view v)
{
	return view_ends(v, "|") || view_ends(v, "&&");
}

/* Does a shell read on in the next line?  `run: |` is YAML's. */
static bool
join_goes_on(struct check_body *b, struct view line, size_t *keep)
{
	size_t n = join_end(line);

	*keep = n;
	b->joined_open = false;
	if (n > 0 && line.p[n - 1] == '\\') {
		*keep = n - 1;
		b->joined_open = join_is_open(
		    view_trim((struct view){ line.p, n - 1 }));
		return true;
	}
	if (!join_is_open((struct view){ line.p, n }))
		return false;
	while (n > 0 && join_is_one_of(line.p[n - 1], " |&"))
		n--;
	b->joined_open = n > 0 ? line.p[n - 1] != ':' : b->joined.len > 0;
	return b->joined_open;
}

/* A line of blanks, or of a comment. */
static bool
join_is_nothing(struct view line)
{
	struct view v = view_trim(line);

	return v.len == 0 || v.p[0] == '#';
}

void
check_join_blank(struct check_body *b, uint32_t line)
{
	if ((b->joined_open || b->joined_fold > 0) &&
	    line == b->joined_last + 1)
		b->joined_last = line;
}

/* Blanks are one blank, as a shell takes them. */
static void
join_append(struct str *out, struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		char c = v.p[i] == '\t' ? ' ' : v.p[i];

		if (c != ' ' || out->len == 0 || out->p[out->len - 1] != ' ')
			str_addn(out, &c, 1);
	}
}

/* The column from which the lines of a value of YAML are deeper, which are one
 * line then: `run: >`, `run: a`, `- a`.  0: it is no such line. */
static size_t
join_fold_of(struct view v)
{
	size_t i = 0, column, key;

	while (i < v.len && v.p[i] == ' ')
		i++;
	for (column = 0; i + 1 < v.len && memcmp(v.p + i, "- ", 2) == 0;) {
		column = i + 1;
		for (i++; i < v.len && v.p[i] == ' '; i++)
			;
	}
	for (key = i; key < v.len &&
	     (isalnum((unsigned char)v.p[key]) ||
		 join_is_one_of(v.p[key], "_-"));
	     key++)
		;
	if (key > i && key + 1 < v.len && memcmp(v.p + key, ": ", 2) == 0) {
		column = i + 1;
		i = key + 1;
	}
	v = view_trim(view_from(v, i));
	return v.len == 0 || join_is_one_of(v.p[0], "|#") ? 0 : column;
}

static size_t
join_column(struct view v)
{
	size_t i = 0;

	while (i < v.len && v.p[i] == ' ')
		i++;
	return i + 1;
}

static void
join_whole(const struct check_body *b, struct scan_line *whole)
{
	*whole = (struct scan_line){ .path = b->file->path,
		.kind = '+',
		.line = b->joined_first,
		.text = str_view(&b->joined) };
}

/* More of a value of YAML?  False: the line at hand is looked at anew. */
bool
check_join_fold(
    struct check_body *b, const struct scan_line *l, struct scan_line *whole)
{
	if (b->joined_fold == 0)
		return false;
	b->joined_more = l != NULL && !l->more && l->offset == 0 &&
	    l->line == b->joined_last + 1 &&
	    join_column(l->text) > b->joined_fold;
	if (b->joined_more) {
		str_addn(&b->joined, " ", 1);
		join_append(&b->joined, l->text);
		b->joined_last = l->line;
		b->joined_folded = true;
		if (b->joined.len < JOIN_MAX)
			return false;
	} else {
		b->joined_fold = 0;
	}
	join_whole(b, whole);
	if (b->joined_folded)
		return true;
	check_join_reset(b);
	return false;
}

bool
check_join_line(struct check_body *b, struct scan_line *whole)
{
	const struct scan_line *l = b->line;
	struct str *j = &b->joined;
	size_t keep;
	bool on;

	if (!(b->traits & (CHECK_IS_SHELL | CHECK_IS_CI | CHECK_IS_UNKNOWN)) ||
	    l->more || l->offset > 0)
		return false;
	if (b->joined_open && l->line == b->joined_last + 1 &&
	    join_is_nothing(l->text)) {
		b->joined_last = l->line;
		return false;
	}
	if (j->len > 0 && l->line != b->joined_last + 1)
		check_join_reset(b);
	on = join_goes_on(b, l->text, &keep);
	if (j->len == 0 && (b->traits & CHECK_IS_CI)) {
		b->joined_fold = join_fold_of(l->text);
		b->joined_folded = false;
	}
	if (j->len == 0 && !on && b->joined_fold == 0)
		return false;
	if (j->len == 0)
		b->joined_first = l->line;
	b->joined_last = l->line;
	b->joined_more = on;
	join_append(j, (struct view){ l->text.p, keep });
	if (b->joined_fold > 0 || (on && j->len < JOIN_MAX))
		return false;
	join_whole(b, whole);
	return true;
}

/* The joined text was looked at; what goes on is known by its end and by what
 * was in it. */
void
check_join_next(struct check_body *b, unsigned told)
{
	struct str *j = &b->joined;

	if (!b->joined_more) {
		check_join_reset(b);
		return;
	}
	b->joined_tags = told & (CHECK_TAG_DECODE | CHECK_TAG_DOWNLOAD);
	if (j->len > JOIN_KEEP) {
		memmove(j->p, j->p + j->len - JOIN_KEEP, JOIN_KEEP);
		j->len = JOIN_KEEP;
		j->p[j->len] = '\0';
	}
}

void
check_join_reset(struct check_body *b)
{
	str_reset(&b->joined);
	b->joined_tags = 0;
	b->joined_fold = 0;
	b->joined_folded = b->joined_more = b->joined_open = false;
}
