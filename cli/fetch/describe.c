#include "cli/fetch/describe.h"

#include <sys/mman.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

enum {
	DESCRIBE_SPOOL_MAX = 1 << 30,
	DESCRIBE_LESS_MAX = 1 << 20,
	DESCRIBE_MS = 1000
};

int
describe_write(struct fetch_job *j, const char *name, struct view text,
    char **path, struct err *e)
{
	*path = path_join(j->box, name);
	return path_replace(
	    *path, text.len == 0 ? "" : text.p, text.len, 0600, e);
}

static void
describe_fail(struct describe *d, const struct err *e)
{
	if (!d->failed)
		*d->e = *e;
	d->failed = true;
}

static int
describe_on_ends(struct view piece, void *arg, struct err *e)
{
	struct describe_ends *s = arg;
	size_t room = CHECK_HEAD - s->nhead;
	size_t n = piece.len < room ? piece.len : room;

	(void)e;
	memcpy(s->head + s->nhead, piece.p, n);
	s->nhead += n;
	if (piece.len > CHECK_HEAD)
		piece = view_from(piece, piece.len - CHECK_HEAD);
	if (s->ntail + piece.len > sizeof(s->tail)) {
		size_t keep = CHECK_HEAD;

		memmove(s->tail, s->tail + s->ntail - keep, keep);
		s->ntail = keep;
	}
	memcpy(s->tail + s->ntail, piece.p, piece.len);
	s->ntail += piece.len;
	return 0;
}

static void
describe_begin(struct describe *d, struct describe_row *r)
{
	struct describe_ends *ends = d->ends;
	struct check_content b = { .size = 0 };
	const struct scan_change *c = &r->c;
	bool gone = c->new_mode == 0;
	struct err e = ERR_INIT;

	ends->nhead = ends->ntail = 0;
	if (describe_is_blob(gone ? c->old_mode : c->new_mode) &&
	    blobs_get(d->listed, gone ? c->old_id : c->new_id, &b.size,
		describe_on_ends, ends, &e) == -1) {
		describe_fail(d, &e);
		return;
	}
	b.head = (struct view){ ends->head, ends->nhead };
	b.tail = (struct view){ ends->tail, ends->ntail };
	if (b.tail.len > CHECK_HEAD)
		b.tail = view_from(b.tail, b.tail.len - CHECK_HEAD);
	d->row = r;
	d->second = c->status == 'T';
	d->wants_lines = check_file(d->k, c, &b);
}

static void
describe_both(struct describe *d, const struct scan_change *c)
{
	AUTO_STR struct str was = STR_INIT, is = STR_INIT;
	struct err e = ERR_INIT;
	int rc = 0;

	if (describe_is_blob(c->old_mode))
		rc = blobs_text(d->blobs, c->old_id, CHECK_BOTH_MAX, &was, &e);
	if (rc == 0 && describe_is_blob(c->new_mode))
		rc = blobs_text(d->blobs, c->new_id, CHECK_BOTH_MAX, &is, &e);
	if (rc == 0)
		check_both(d->k, c, str_view(&was), str_view(&is));
	else if (e.code == ERR_LIMIT)
		check_unread(d->k, c->path,
		    "too large to compare what it was with what it is");
	else
		describe_fail(d, &e);
}

static void
describe_finish(struct describe *d)
{
	struct describe_row *r = d->row;

	d->row = NULL;
	if (r == NULL || d->failed)
		return;
	check_file_end(d->k);
	if (check_wants_both(&r->c))
		describe_both(d, &r->c);
}

static int
describe_on_whole(const struct scan_part *part, void *arg)
{
	struct describe *d = arg;
	const struct scan_line l = { .path = d->row->c.path,
		.kind = '+',
		.line = part->offset == 0 ? ++d->line : d->line,
		.text = part->text,
		.offset = part->offset,
		.more = part->more };

	check_line(d->k, &l);
	return 0;
}

static int
describe_on_huge(struct view piece, void *arg, struct err *e)
{
	struct describe *d = arg;

	(void)e;
	return scan_lines_feed(&d->lines, piece, describe_on_whole, d);
}

static void
describe_less(struct describe *d, const char *path)
{
	struct str *less = &d->j->patch_less;

	if (less->max == 0)
		less->max = DESCRIBE_LESS_MAX;
	str_addf(less, "%s\n", path);
}

/* A file that the patch has not: all that is new in it. */
static void
describe_huge(struct describe *d, struct describe_row *r)
{
	struct err e = ERR_INIT;

	describe_less(d, r->c.path);
	if (r->skip || d->failed)
		return;
	describe_begin(d, r);
	if (!d->failed && d->wants_lines && r->c.new_mode != 0) {
		d->line = 0;
		if (blobs_get(d->blobs, r->c.new_id, NULL, describe_on_huge, d,
			&e) == -1)
			describe_fail(d, &e);
		else
			(void)scan_lines_end(&d->lines, describe_on_whole, d);
	}
	describe_finish(d);
}

/* To the next file that the patch has; NULL at the end. */
static struct describe_row *
describe_next(struct describe *d)
{
	describe_finish(d);
	while (d->at < d->n && d->rows[d->at].huge)
		describe_huge(d, &d->rows[d->at++]);
	return d->at < d->n ? &d->rows[d->at++] : NULL;
}

static void
describe_on_file(void *arg)
{
	struct describe *d = arg;
	struct describe_row *r;
	struct err e = ERR_INIT;

	if (d->failed)
		return;
	/* What changes its kind goes and comes: two heads. */
	if (d->row != NULL && d->second) {
		d->second = false;
		return;
	}
	if ((r = describe_next(d)) == NULL) {
		(void)err_set(
		    &e, ERR_PROTO, "the patch has more files than changed");
		describe_fail(d, &e);
		return;
	}
	if (d->spooled >= DESCRIBE_SPOOL_MAX)
		describe_less(d, r->c.path);
	if (!d->failed)
		describe_begin(d, r);
}

static void
describe_on_line(const struct scan_line *l, void *arg)
{
	struct describe *d = arg;
	struct err e = ERR_INIT;

	if (d->failed)
		return;
	if (d->row == NULL || strcmp(l->path, d->row->c.path) != 0) {
		(void)err_set(
		    &e, ERR_PROTO, "the patch has another file than changed");
		describe_fail(d, &e);
		return;
	}
	if (d->wants_lines)
		check_line(d->k, l);
}

static int
describe_on_patch(struct view piece, void *arg, struct err *e)
{
	struct describe *d = arg;
	struct view out = piece;

	if (out.len > DESCRIBE_SPOOL_MAX - d->spooled)
		out.len = (size_t)(DESCRIBE_SPOOL_MAX - d->spooled);
	while (out.len > 0) {
		ssize_t n = write(d->spool, out.p, out.len);

		if (n == -1)
			return err_sys(e, ERR_IO, "keep the patch");
		d->spooled += (uint64_t)n;
		out = view_from(out, (size_t)n);
	}
	if (scan_patcher_feed(d->patcher, piece, e) == -1)
		return -1;
	if (d->failed) {
		*e = *d->e;
		return -1;
	}
	return 0;
}

/* The head's tree with the huge files as they were: what git compares. */
static int
describe_tree_less(struct describe *d, char id[SCAN_ID + 1], struct err *e)
{
	const char *const read[] = { "read-tree", d->j->to, NULL };
	static const char *const update[] = { "update-index", "-z",
		"--index-info", NULL };
	static const char *const write_tree[] = { "write-tree", NULL };
	const struct fetch_git g = { .place = FETCH_BOX, .argv = write_tree };
	AUTO_STR struct str lines = STR_INIT;

	for (size_t i = 0; i < d->n; i++) {
		const struct scan_change *c = &d->rows[i].c;

		if (!d->rows[i].huge)
			continue;
		str_addf(&lines, "%o %s\t%s", c->old_mode, c->old_id, c->path);
		str_addn(&lines, "", 1);
	}
	if (fetch_git_box(d->j, read, VIEW_LIT(""), false, e) == -1 ||
	    fetch_git_box(d->j, update, str_view(&lines), false, e) == -1 ||
	    fetch_git_line(d->j, &g, id, SCAN_ID + 1, e) == -1)
		return -1;
	return fetch_id_ok(id)
	    ? 0
	    : err_set(e, ERR_PROTO, "git write-tree gave no tree");
}

/* Opens what gives each row's contents. */
static int
describe_list(struct describe *d, struct err *e)
{
	AUTO_STR struct str ids = STR_INIT;
	AUTO_FREE char *path = NULL;

	for (size_t i = 0; i < d->n; i++) {
		const struct scan_change *c = &d->rows[i].c;
		bool gone = c->new_mode == 0;

		if (!d->rows[i].skip &&
		    describe_is_blob(gone ? c->old_mode : c->new_mode))
			str_addf(&ids, "%s\n", gone ? c->old_id : c->new_id);
	}
	if (describe_write(d->j, "coffer-ids", str_view(&ids), &path, e) == -1)
		return -1;
	d->listed = blobs_open_list(d->j, path, e);
	return d->listed == NULL ? -1 : 0;
}

static int
describe_contents(struct describe *d, struct err *e)
{
	char head[SCAN_ID + 1];
	const char *const argv[] = { "diff-tree", "-r", "-p", "--no-renames",
		"--no-ext-diff", "--no-textconv", "--text", "--full-index",
		"--src-prefix=a/", "--dst-prefix=b/", "--end-of-options",
		d->j->from, head, NULL };
	bool huge = false;
	int rc;

	memcpy(head, d->j->to, sizeof(head));
	for (size_t i = 0; i < d->n; i++)
		huge |= d->rows[i].huge;
	if (describe_list(d, e) == -1 ||
	    (huge && describe_tree_less(d, head, e) == -1))
		return -1;
	d->e = e;
	d->patcher = scan_patcher_new(describe_on_file, describe_on_line, d);
	rc = gitstream_all(d->j, argv, NULL, describe_on_patch, d, e);
	if (rc == 0)
		rc = scan_patcher_end(d->patcher, e);
	scan_patcher_free(d->patcher);
	if (rc == 0 && describe_next(d) != NULL)
		rc = err_set(e, ERR_PROTO, "the patch has not all changes");
	return rc == 0 && d->failed ? -1 : rc;
}

static int
describe_map(struct describe *d, struct err *e)
{
	void *p;

	if (d->spooled == 0)
		return 0;
	p = mmap(NULL, (size_t)d->spooled, PROT_READ, MAP_PRIVATE, d->spool, 0);
	if (p == MAP_FAILED)
		return err_sys(e, ERR_IO, "read the patch");
	d->j->patch = (struct view){ p, (size_t)d->spooled };
	return 0;
}

void
fetch_patch_unmap(struct fetch_job *j)
{
	if (j->patch.len > 0)
		(void)munmap((void *)(uintptr_t)j->patch.p, j->patch.len);
	j->patch = (struct view){ .len = 0 };
}

static int
describe_run(struct describe *d, struct err *e)
{
	AUTO_FREE char *spool = path_join(d->j->box, "coffer-patch");
	int rc = 0;

	if (describe_names(d, e) == -1 || describe_tree(d, e) == -1)
		return -1;
	d->spool = open(
	    spool, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (d->spool == -1)
		return err_sys(e, ERR_IO, "make %s", spool);
	/* Too many files: refused already, and cannot be allowed. */
	if (d->n <= CHECK_FILES_MAX) {
		if ((d->blobs = blobs_open(d->j, e)) == NULL)
			return -1;
		if (describe_sizes(d, e) == -1 ||
		    describe_contents(d, e) == -1 ||
		    describe_history(d->j, d->k, d->blobs, e) == -1)
			rc = -1;
	}
	if (rc == 0)
		rc = describe_map(d, e);
	return rc;
}

int
fetch_describe(struct fetch_job *j, struct err *e)
{
	struct describe d = { .j = j,
		.k = check_new(&j->findings),
		.lines = SCAN_LINES_INIT,
		.spool = -1 };
	int rc;

	d.ends = xcalloc(1, sizeof(*d.ends));
	check_set_limits(d.k, &j->limits);
	check_set_now(d.k, clock_now_ms() / DESCRIBE_MS);
	rc = describe_run(&d, e);
	if (rc == 0)
		check_end(d.k);
	if (d.spool != -1)
		(void)close(d.spool);
	blobs_close(d.blobs);
	blobs_close(d.listed);
	free(d.ends);
	scan_lines_release(&d.lines);
	check_free(d.k);
	free(d.rows);
	return rc;
}
