#include "findings/scan.h"

#include <stdlib.h>
#include <string.h>

#include "findings/scan_lines.h"
#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

enum {
	SCAN_MODE_DIGITS = 6,
	SCAN_COUNT_MAX = 100000000,
	SCAN_OCTAL_DIGITS = 3
};

static bool
scan_take(struct view *v, const char *what)
{
	if (!view_starts(*v, what))
		return false;
	*v = view_from(*v, strlen(what));
	return true;
}

static bool
scan_mode(struct view *v, uint32_t *mode)
{
	*mode = 0;
	if (v->len < SCAN_MODE_DIGITS)
		return false;
	for (size_t i = 0; i < SCAN_MODE_DIGITS; i++) {
		if (v->p[i] < '0' || v->p[i] > '7')
			return false;
		*mode = *mode * 8 + (uint32_t)(v->p[i] - '0');
	}
	*v = view_from(*v, SCAN_MODE_DIGITS);
	return true;
}

static bool
scan_id(struct view *v, char id[SCAN_ID + 1])
{
	if (v->len < SCAN_ID)
		return false;
	for (size_t i = 0; i < SCAN_ID; i++)
		if (strchr("0123456789abcdef", v->p[i]) == NULL ||
		    v->p[i] == '\0')
			return false;
	memcpy(id, v->p, SCAN_ID);
	id[SCAN_ID] = '\0';
	*v = view_from(*v, SCAN_ID);
	return true;
}

int
scan_raw(struct view raw, scan_change_fn *fn, void *arg, struct err *e)
{
	struct view v = raw, path;

	while (v.len > 0) {
		struct scan_change c = { .status = '?' };

		if (!scan_take(&v, ":") || !scan_mode(&v, &c.old_mode) ||
		    !scan_take(&v, " ") || !scan_mode(&v, &c.new_mode) ||
		    !scan_take(&v, " ") || !scan_id(&v, c.old_id) ||
		    !scan_take(&v, " ") || !scan_id(&v, c.new_id) ||
		    !scan_take(&v, " ") || v.len < 2 || v.p[1] != '\0' ||
		    strchr("ADMT", v.p[0]) == NULL || v.p[0] == '\0')
			return err_set(
			    e, ERR_PROTO, "list of changes is malformed");
		c.status = v.p[0];
		v = view_from(v, 2);
		if (v.len == 0 || memchr(v.p, '\0', v.len) == NULL ||
		    !view_split(&v, '\0', &path) || path.len == 0)
			return err_set(e, ERR_PROTO,
			    "list of changes has a path that does not end");
		if (path.len > SCAN_PATH_MAX)
			return err_set(e, ERR_LIMIT, "a path is over %d bytes",
			    (int)SCAN_PATH_MAX);
		c.path = path.p; /* the NUL is in raw */
		fn(&c, arg);
	}
	return 0;
}

struct scan_patcher {
	scan_file_fn *on_file;
	scan_commit_fn *on_commit; /* NULL: one patch */
	scan_line_fn *fn;
	void *arg;
	struct scan_lines lines;
	struct str old_path, new_path;
	struct err *e; /* while it is fed */
	uint32_t old_left, new_left, old_line, new_line;
	char kind; /* of the line at hand */
	bool in_file, in_hunks;
};

/* A C-quoted name, as git writes names with special bytes. */
static int
scan_unquote(struct view v, struct str *out, struct err *e)
{
	static const char letters[] = "abtnvfr\"\\";
	static const char bytes[] = "\a\b\t\n\v\f\r\"\\";

	for (size_t i = 0; i < v.len; i++) {
		const char *at;
		unsigned n = 0;

		if (v.p[i] != '\\') {
			str_addc(out, v.p[i]);
			continue;
		}
		if (++i == v.len)
			return err_set(e, ERR_PROTO, "quoted name ends early");
		at = v.p[i] == '\0' ? NULL : strchr(letters, v.p[i]);
		if (at != NULL) {
			str_addc(out, bytes[at - letters]);
			continue;
		}
		if (v.len - i < SCAN_OCTAL_DIGITS)
			return err_set(e, ERR_PROTO, "quoted name ends early");
		for (size_t k = 0; k < SCAN_OCTAL_DIGITS; k++) {
			if (v.p[i + k] < '0' || v.p[i + k] > '7')
				return err_set(
				    e, ERR_PROTO, "quoted name is malformed");
			n = n * 8 + (unsigned)(v.p[i + k] - '0');
		}
		if (n == 0 || n > 0xff)
			return err_set(
			    e, ERR_PROTO, "quoted name is malformed");
		i += SCAN_OCTAL_DIGITS - 1;
		str_addc(out, (char)n);
	}
	return 0;
}

/* "a/NAME" or "\"a/NA\\tME\"" or "/dev/null" (no name then). */
static int
scan_name(struct view v, const char *prefix, struct str *out, struct err *e)
{
	AUTO_STR struct str whole = STR_INIT_MAX((size_t)2 * SCAN_PATH_MAX);
	struct view name;

	str_reset(out);
	if (view_is(v, "/dev/null"))
		return 0;
	if (v.len > 0 && v.p[v.len - 1] == '\t')
		v.len--; /* git marks the end of names with blanks so */
	if (v.len >= 2 && v.p[0] == '"' && v.p[v.len - 1] == '"') {
		v.p++;
		v.len -= 2;
		if (scan_unquote(v, &whole, e) == -1)
			return -1;
	} else {
		str_addv(&whole, v);
	}
	name = str_view(&whole);
	if (!view_starts(name, prefix) || name.len == strlen(prefix))
		return err_set(e, ERR_PROTO, "name of a file is malformed");
	name = view_from(name, strlen(prefix));
	if (name.len > SCAN_PATH_MAX || memchr(name.p, '\0', name.len) != NULL)
		return err_set(e, ERR_PROTO, "name of a file is malformed");
	str_addv(out, name);
	return 0;
}

static bool
scan_number(struct view *v, uint32_t *n)
{
	size_t i = 0;

	*n = 0;
	while (i < v->len && v->p[i] >= '0' && v->p[i] <= '9') {
		*n = *n * 10 + (uint32_t)(v->p[i++] - '0');
		if (*n > SCAN_COUNT_MAX)
			return false;
	}
	*v = view_from(*v, i);
	return i > 0;
}

static bool
scan_range(struct view *v, uint32_t *start, uint32_t *count)
{
	*count = 1;
	return scan_number(v, start) &&
	    (!scan_take(v, ",") || scan_number(v, count));
}

static int
scan_hunk(struct scan_patcher *s, struct view v, struct err *e)
{
	if (!s->in_file || (s->old_path.len == 0 && s->new_path.len == 0) ||
	    !scan_take(&v, "@@ -") ||
	    !scan_range(&v, &s->old_line, &s->old_left) ||
	    !scan_take(&v, " +") ||
	    !scan_range(&v, &s->new_line, &s->new_left) ||
	    !scan_take(&v, " @@"))
		return err_set(e, ERR_PROTO, "head of a hunk is malformed");
	s->in_hunks = true;
	return 0;
}

static void
scan_count(struct scan_patcher *s)
{
	if (s->kind != '+') {
		s->old_left--;
		s->old_line++;
	}
	if (s->kind != '-') {
		s->new_left--;
		s->new_line++;
	}
}

/* A line of a hunk, or a piece of it: its first byte says what it is. */
static int
scan_content(
    struct scan_patcher *s, const struct scan_part *part, struct err *e)
{
	bool first = part->offset == 0;
	struct scan_line l = { .text = part->text, .more = part->more };

	if (first) {
		s->kind = *(part->text.len == 0 ? "" : part->text.p);
		l.text = view_from(part->text, 1);
		if (s->kind != '\\' &&
		    ((s->kind != '+' && s->kind != '-' && s->kind != ' ') ||
			(s->kind != '+' && s->old_left == 0) ||
			(s->kind != '-' && s->new_left == 0)))
			return err_set(
			    e, ERR_PROTO, "line of a hunk is malformed");
	}
	if (s->kind == '\\')
		return 0;
	if (s->kind != ' ') {
		l.kind = s->kind;
		l.path = str_cstr(
		    s->new_path.len > 0 ? &s->new_path : &s->old_path);
		l.line = s->kind == '+' ? s->new_line : s->old_line;
		l.offset = first ? 0 : part->offset - 1;
		s->fn(&l, s->arg);
	}
	if (!part->more)
		scan_count(s);
	return 0;
}

/* What only stands between the patches of many commits. */
static bool
scan_between(struct scan_patcher *s, struct view line)
{
	char id[SCAN_ID + 1];
	struct view v = line;

	if (s->on_commit == NULL)
		return false;
	if (s->in_file && view_starts(line, "Binary files "))
		return true;
	if (!scan_id(&v, id) || v.len > 0)
		return false;
	s->in_file = s->in_hunks = false;
	s->on_commit(id, s->arg);
	return true;
}

static int
scan_header(struct scan_patcher *s, struct view line, struct err *e)
{
	static const char *const known[] = { "index ", "old mode ", "new mode ",
		"new file mode ", "deleted file mode ", "similarity index ",
		"\\ No newline" };

	if (view_starts(line, "diff --git ")) {
		s->in_file = true;
		s->in_hunks = false;
		str_reset(&s->old_path);
		str_reset(&s->new_path);
		if (s->on_file != NULL)
			s->on_file(s->arg);
		return 0;
	}
	if (view_starts(line, "@@ "))
		return scan_hunk(s, line, e);
	if (s->in_file && !s->in_hunks && view_starts(line, "--- "))
		return scan_name(view_from(line, 4), "a/", &s->old_path, e);
	if (s->in_file && !s->in_hunks && view_starts(line, "+++ "))
		return scan_name(view_from(line, 4), "b/", &s->new_path, e);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (s->in_file && view_starts(line, known[i]))
			return 0;
	if (scan_between(s, line))
		return 0;
	return err_set(e, ERR_PROTO, "patch has an unknown line");
}

static int
scan_part(const struct scan_part *part, void *arg)
{
	struct scan_patcher *s = arg;

	if (s->old_left > 0 || s->new_left > 0 || part->offset > 0)
		return scan_content(s, part, s->e);
	if (part->more)
		return err_set(s->e, ERR_PROTO, "patch has an endless line");
	return scan_header(s, part->text, s->e);
}

struct scan_patcher *
scan_patcher_new(scan_file_fn *on_file, scan_line_fn *fn, void *arg)
{
	struct scan_patcher *s = xcalloc(1, sizeof(*s));

	*s = (struct scan_patcher){ .on_file = on_file,
		.fn = fn,
		.arg = arg,
		.lines = SCAN_LINES_INIT,
		.old_path = STR_INIT,
		.new_path = STR_INIT };
	return s;
}

void
scan_patcher_commits(struct scan_patcher *s, scan_commit_fn *on_commit)
{
	s->on_commit = on_commit;
}

void
scan_patcher_free(struct scan_patcher *s)
{
	if (s == NULL)
		return;
	scan_lines_release(&s->lines);
	str_release(&s->old_path);
	str_release(&s->new_path);
	free(s);
}

int
scan_patcher_feed(struct scan_patcher *s, struct view piece, struct err *e)
{
	s->e = e;
	return scan_lines_feed(&s->lines, piece, scan_part, s);
}

int
scan_patcher_end(struct scan_patcher *s, struct err *e)
{
	s->e = e;
	if (scan_lines_end(&s->lines, scan_part, s) == -1)
		return -1;
	if (s->old_left > 0 || s->new_left > 0)
		return err_set(e, ERR_PROTO, "patch ends inside a hunk");
	return 0;
}

int
scan_patch(struct view patch, scan_line_fn *fn, void *arg, struct err *e)
{
	struct scan_patcher *s = scan_patcher_new(NULL, fn, arg);
	int rc = scan_patcher_feed(s, patch, e);

	if (rc == 0)
		rc = scan_patcher_end(s, e);
	scan_patcher_free(s);
	return rc;
}

int
scan_tree_entry(
    struct view entry, uint32_t *mode, struct view *path, struct err *e)
{
	char id[SCAN_ID + 1];
	struct view v = entry;

	if (!scan_mode(&v, mode) || !scan_take(&v, " ") ||
	    (!scan_take(&v, "blob ") && !scan_take(&v, "commit ")) ||
	    !scan_id(&v, id) || !scan_take(&v, "\t") || v.len == 0 ||
	    v.len > SCAN_PATH_MAX || memchr(v.p, '\0', v.len) != NULL)
		return err_set(e, ERR_PROTO, "list of a tree is malformed");
	*path = v;
	return 0;
}
