#include "server/text/diff.h"

#include <ctype.h>
#include <string.h>

void
diff_init(struct diff *d, struct view patch)
{
	*d = (struct diff){ .rest = patch };
	if (d->rest.p == NULL)
		d->rest = (struct view){ "", 0 };
}

void
diff_release(struct diff *d)
{
	str_release(&d->old_path);
	str_release(&d->new_path);
}

static bool
diff_take(struct diff *d, struct view *line)
{
	return d->rest.len > 0 && view_split(&d->rest, '\n', line);
}

static struct view
diff_peek(const struct diff *d)
{
	struct view rest = d->rest, line = { "", 0 };

	if (rest.len > 0)
		(void)view_split(&rest, '\n', &line);
	return line;
}

/* One byte of git's quoted form at text[i], i moved to its end. */
static char
diff_unquote_one(struct view text, size_t *i)
{
	static const char from[] = "abtnvfr", to[] = "\a\b\t\n\v\f\r";
	char c = text.p[*i];
	const char *at;
	int n = 0;

	if (c != '\\' || *i + 1 >= text.len)
		return c;
	c = text.p[++*i];
	at = strchr(from, c);
	if (c != '\0' && at != NULL)
		return to[at - from];
	if (c < '0' || c > '7')
		return c;
	for (int k = 0;
	     k < 3 && *i < text.len && text.p[*i] >= '0' && text.p[*i] <= '7';
	     k++)
		n = n * 8 + (text.p[(*i)++] - '0');
	--*i;
	return (char)n;
}

/* A path as git prints it, quoted or not; a TAB ends one with blanks. */
static void
diff_path(struct view text, struct str *out)
{
	const char *tab;

	str_reset(out);
	if (text.len >= 2 && text.p[0] == '"') {
		for (size_t i = 1; i < text.len && text.p[i] != '"'; i++)
			str_addc(out, diff_unquote_one(text, &i));
		return;
	}
	tab = memchr(text.p, '\t', text.len);
	if (tab != NULL)
		text.len = (size_t)(tab - text.p);
	str_addv(out, text);
}

/* "a/x" of "--- a/x"; /dev/null is none. */
static void
diff_side(struct view text, struct str *out)
{
	if (view_is(text, "/dev/null")) {
		str_reset(out);
		return;
	}
	diff_path(text, out);
	if (out->len >= 2 && out->p[1] == '/')
		str_drop(out, 2);
}

/* "a/x b/x": both are the same where nothing below says otherwise. */
static void
diff_git_line(struct diff *d, struct view text)
{
	size_t half = (text.len - 1) / 2;

	str_reset(&d->old_path);
	str_reset(&d->new_path);
	if (text.len > 0 && text.p[0] == '"') {
		diff_side(text, &d->old_path);
	} else if (text.len >= 5 && text.len % 2 == 1 && text.p[half] == ' ') {
		diff_side((struct view){ text.p, half }, &d->old_path);
	}
	str_addv(&d->new_path, str_view(&d->old_path));
}

static void
diff_mode(struct view text, char out[7])
{
	size_t n = text.len < 6 ? text.len : 6;

	memcpy(out, text.p, n);
	out[n] = '\0';
}

/* One line between "diff --git" and the first hunk. */
static void
diff_header(struct diff *d, struct view line)
{
	if (view_starts(line, "--- ")) {
		diff_side(view_from(line, 4), &d->old_path);
	} else if (view_starts(line, "+++ ")) {
		diff_side(view_from(line, 4), &d->new_path);
	} else if (view_starts(line, "rename from ")) {
		d->renamed = true;
		diff_path(view_from(line, 12), &d->old_path);
	} else if (view_starts(line, "rename to ")) {
		diff_path(view_from(line, 10), &d->new_path);
	} else if (view_starts(line, "copy from ")) {
		d->copied = true;
		diff_path(view_from(line, 10), &d->old_path);
	} else if (view_starts(line, "copy to ")) {
		diff_path(view_from(line, 8), &d->new_path);
	} else if (view_starts(line, "new file mode ")) {
		d->added = true;
		diff_mode(view_from(line, 14), d->new_mode);
	} else if (view_starts(line, "deleted file mode ")) {
		d->deleted = true;
		diff_mode(view_from(line, 18), d->old_mode);
	} else if (view_starts(line, "old mode ")) {
		diff_mode(view_from(line, 9), d->old_mode);
	} else if (view_starts(line, "new mode ")) {
		diff_mode(view_from(line, 9), d->new_mode);
	} else if (view_starts(line, "Binary files ") ||
	    view_starts(line, "GIT binary patch")) {
		d->binary = true;
	}
}

static void
diff_file(struct diff *d, struct view line)
{
	struct view next;

	d->added = d->deleted = d->renamed = d->copied = d->binary = false;
	d->old_mode[0] = d->new_mode[0] = '\0';
	diff_git_line(d, view_from(line, strlen("diff --git ")));
	while (d->rest.len > 0) {
		next = diff_peek(d);
		if (view_starts(next, "@@ ") ||
		    view_starts(next, "diff --git "))
			break;
		(void)diff_take(d, &next);
		diff_header(d, next);
	}
}

static bool
diff_number(struct view *rest, uint32_t *n)
{
	uint64_t v = 0;
	size_t i = 0;

	while (i < rest->len && isdigit((unsigned char)rest->p[i]) && i < 9)
		v = v * 10 + (uint64_t)(rest->p[i++] - '0');
	*rest = view_from(*rest, i);
	*n = (uint32_t)v;
	return i > 0;
}

/* "-A,B" or "-A" */
static bool
diff_span(struct view *rest, char sign, uint32_t *at, uint32_t *n)
{
	*n = 1;
	if (rest->len == 0 || rest->p[0] != sign)
		return false;
	*rest = view_from(*rest, 1);
	if (!diff_number(rest, at))
		return false;
	if (rest->len > 0 && rest->p[0] == ',') {
		*rest = view_from(*rest, 1);
		return diff_number(rest, n);
	}
	return true;
}

static bool
diff_hunk(struct diff *d, struct view line)
{
	struct view rest = view_from(line, 3);

	if (!diff_span(&rest, '-', &d->old_at, &d->old_left) || rest.len == 0)
		return false;
	rest = view_from(rest, 1);
	return diff_span(&rest, '+', &d->new_at, &d->new_left);
}

/* A line of the hunk at hand; false: it is none. */
static bool
diff_line(struct diff *d, struct diff_part *out)
{
	struct view line = diff_peek(d);
	char sign = line.len == 0 ? ' ' : line.p[0];
	bool was = sign != '+', is = sign != '-';

	if (sign != ' ' && sign != '+' && sign != '-')
		return false;
	if ((was && d->old_left == 0) || (is && d->new_left == 0))
		return false;
	(void)diff_take(d, &line);
	*out = (struct diff_part){ .kind = DIFF_LINE,
		.text = view_from(line, 1),
		.sign = sign,
		.old = was ? d->old_at : 0,
		.new = is ? d->new_at : 0 };
	d->old_at += was;
	d->old_left -= was;
	d->new_at += is;
	d->new_left -= is;
	if (view_starts(diff_peek(d), "\\ ")) {
		(void)diff_take(d, &line);
		out->no_newline = true;
	}
	return true;
}

bool
diff_next(struct diff *d, struct diff_part *out)
{
	struct view line;

	while (d->rest.len > 0) {
		if (d->old_left + d->new_left > 0) {
			if (diff_line(d, out))
				return true;
			d->old_left = d->new_left = 0;
		}
		if (!diff_take(d, &line))
			return false;
		*out = (struct diff_part){ .kind = DIFF_HUNK, .text = line };
		if (view_starts(line, "diff --git ")) {
			out->kind = DIFF_FILE;
			diff_file(d, line);
			return true;
		}
		if (view_starts(line, "@@ ") && diff_hunk(d, line))
			return true;
		d->old_left = d->new_left = 0;
	}
	return false;
}
