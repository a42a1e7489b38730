#include "cli/fetch/describe.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"

enum {
	/* Larger files are not compared line by line (git would hold many
	 * times as much): the whole of what is new is looked at. */
	DESCRIBE_DIFF_MAX = 8 << 20
};

#define DESCRIBE_FILE_MAX ((uint64_t)2 << 30)
#define DESCRIBE_TOTAL_MAX ((uint64_t)8 << 30)

bool
describe_is_blob(uint32_t mode)
{
	return mode != 0 && (mode & SCAN_MODE_TYPE) != SCAN_MODE_SUBMODULE;
}

static void
describe_on_change(const struct scan_change *c, void *arg)
{
	struct describe *d = arg;

	check_change(d->k, c);
	if (d->n >= CHECK_FILES_MAX) {
		d->n = CHECK_FILES_MAX + 1;
		return;
	}
	if (d->n == d->cap) {
		d->cap = d->cap == 0 ? 64 : 2 * d->cap;
		d->rows = xrealloc(d->rows, d->cap * sizeof(*d->rows));
	}
	d->rows[d->n++] = (struct describe_row){ .c = *c };
}

struct describe_count {
	size_t words; /* two a change */
};

static int
describe_on_count(struct view piece, void *arg, struct err *e)
{
	struct describe_count *n = arg;

	for (size_t i = 0; i < piece.len; i++)
		n->words += piece.p[i] == '\0';
	return n->words / 2 <= CHECK_FILES_MAX
	    ? 0
	    : err_set(e, ERR_DENIED,
		  "too-large: over %d files are changed; have it split",
		  (int)CHECK_FILES_MAX);
}

int
fetch_count(struct fetch_job *j, struct err *e)
{
	const char *const argv[] = { "diff-tree", "-r", "-z", "--raw",
		"--no-renames", "--end-of-options", j->from, j->to, NULL };
	struct describe_count n = { .words = 0 };

	/* git holds the whole list before it writes: its limit of memory may
	 * come first. */
	if (gitstream_all(j, argv, NULL, describe_on_count, &n, e) == 0)
		return 0;
	if (n.words / 2 > CHECK_FILES_MAX)
		return -1;
	e->code = ERR_DENIED;
	return err_wrap(e, "too-large: the changed files cannot be listed");
}

static int
describe_on_raw(struct view piece, void *arg, struct err *e)
{
	struct describe *d = arg;

	str_addv(&d->j->raw, piece);
	return str_ok(&d->j->raw) ? 0
				  : err_set(e, ERR_LIMIT,
					"the list of changed files is over "
					"%d bytes",
					(int)FETCH_RAW_MAX);
}

int
describe_names(struct describe *d, struct err *e)
{
	const char *const argv[] = { "diff-tree", "-r", "-z", "--raw",
		"--no-renames", "--full-index", "--no-abbrev",
		"--end-of-options", d->j->from, d->j->to, NULL };

	str_release(&d->j->raw);
	d->j->raw = STR_INIT_MAX(FETCH_RAW_MAX);
	if (gitstream_all(d->j, argv, NULL, describe_on_raw, d, e) == -1)
		return -1;
	return scan_raw(str_view(&d->j->raw), describe_on_change, d, e);
}

/* The tree as it comes, entry by entry. */
struct describe_tree {
	struct check *k;
	char entry[SCAN_PATH_MAX + 128];
	size_t n;
};

static int
describe_entry(struct describe_tree *t, struct err *e)
{
	struct view path;
	uint32_t mode;

	t->entry[t->n] = '\0';
	if (scan_tree_entry((struct view){ t->entry, t->n }, &mode, &path, e) ==
	    -1)
		return -1;
	t->n = 0;
	check_tree(t->k, path.p, mode);
	return 0;
}

static int
describe_on_tree(struct view piece, void *arg, struct err *e)
{
	struct describe_tree *t = arg;

	while (piece.len > 0) {
		const char *end = memchr(piece.p, '\0', piece.len);
		size_t n = end == NULL ? piece.len : (size_t)(end - piece.p);

		if (n > sizeof(t->entry) - 1 - t->n)
			return err_set(e, ERR_LIMIT, "a path is over %d bytes",
			    (int)SCAN_PATH_MAX);
		memcpy(t->entry + t->n, piece.p, n);
		t->n += n;
		if (end == NULL)
			return 0;
		if (describe_entry(t, e) == -1)
			return -1;
		piece = view_from(piece, n + 1);
	}
	return 0;
}

int
describe_tree(struct describe *d, struct err *e)
{
	const char *const argv[] = { "ls-tree", "-r", "-z", "--full-tree",
		d->j->to, NULL };
	struct describe_tree t = { .k = d->k };

	return gitstream_all(d->j, argv, NULL, describe_on_tree, &t, e);
}

/* Sizes, of both sides, in the order in which they were asked for. */
struct describe_sizes {
	struct describe *d;
	struct scan_lines lines;
	size_t at;
	bool new_side;
	struct err *e;
};

/* The row and side that the next answer is of. */
static struct describe_row *
describe_sizes_next(struct describe_sizes *s)
{
	for (; s->at < s->d->n; s->at++, s->new_side = false) {
		struct describe_row *r = &s->d->rows[s->at];

		if (!s->new_side && describe_is_blob(r->c.old_mode))
			return r;
		s->new_side = true;
		if (describe_is_blob(r->c.new_mode))
			return r;
	}
	return NULL;
}

static void
describe_size(
    struct describe *d, struct describe_row *r, bool new_side, uint64_t size)
{
	if (size > DESCRIBE_DIFF_MAX)
		r->huge = true;
	if (!new_side)
		return;
	if (size > DESCRIBE_FILE_MAX) {
		check_unread(d->k, r->c.path, "a file over 2 GiB");
		r->skip = true;
		return;
	}
	if (d->total <= DESCRIBE_TOTAL_MAX &&
	    d->total + size > DESCRIBE_TOTAL_MAX)
		check_unread(d->k, r->c.path, "contents over 8 GiB");
	d->total += size;
	if (d->total > DESCRIBE_TOTAL_MAX)
		r->huge = r->skip = true;
}

static int
describe_on_size(const struct scan_part *part, void *arg)
{
	struct describe_sizes *s = arg;
	struct describe_row *r = describe_sizes_next(s);
	struct view rest = part->text, type;
	AUTO_FREE char *number = NULL;
	uint64_t size;

	if (r == NULL || rest.len == 0 || !view_split(&rest, ' ', &type) ||
	    !view_is(type, "blob") || rest.len == 0)
		return err_set(s->e, ERR_PROTO,
		    "a changed file is not in the branch's objects");
	number = view_dup(rest);
	if (num_u64(number, 0, UINT64_MAX / 4, &size, s->e) == -1)
		return -1;
	describe_size(s->d, r, s->new_side, size);
	if (s->new_side)
		s->at++;
	s->new_side = !s->new_side;
	return 0;
}

static int
describe_on_sizes(struct view piece, void *arg, struct err *e)
{
	struct describe_sizes *s = arg;

	s->e = e;
	return scan_lines_feed(&s->lines, piece, describe_on_size, s);
}

int
describe_sizes(struct describe *d, struct err *e)
{
	static const char *const argv[] = { "cat-file",
		"--batch-check=%(objecttype) %(objectsize)", NULL };
	struct describe_sizes s = { .d = d, .lines = SCAN_LINES_INIT };
	AUTO_STR struct str ids = STR_INIT;
	AUTO_FREE char *path = NULL;
	int rc;

	for (size_t i = 0; i < d->n; i++) {
		const struct scan_change *c = &d->rows[i].c;

		if (describe_is_blob(c->old_mode))
			str_addf(&ids, "%s\n", c->old_id);
		if (describe_is_blob(c->new_mode))
			str_addf(&ids, "%s\n", c->new_id);
	}
	rc = describe_write(d->j, "coffer-ids", str_view(&ids), &path, e);
	if (rc == 0)
		rc = gitstream_all(d->j, argv, path, describe_on_sizes, &s, e);
	scan_lines_release(&s.lines);
	if (rc == 0 && describe_sizes_next(&s) != NULL)
		rc = err_set(e, ERR_PROTO, "git told not all sizes");
	return rc;
}
