/* What a pull request asks: sizes, lines that moved, hunks. */
#include <string.h>

#include "lib/base/auto.h"
#include "server/git/git_pull.h"
#include "server/git/worker_priv.h"

enum {
	WORKER_PULL_BLOB_MAX = 4 << 20,
	WORKER_HUNK_LINES = 8,
	WORKER_HUNK_LINE_MAX = 800 /* bytes shown of one line */
};

struct worker_line {
	const char *path;
	const char *sha; /* NULL: none given */
	int64_t line;
	bool old;
};

static int
worker_line_read(const struct json *j, struct worker_line *l, struct err *e)
{
	l->path = json_str_or(j, "file", NULL);
	l->sha = json_str_or(j, "sha", NULL);
	l->line = json_i64_or(j, "line", 0);
	l->old = json_bool_or(j, "old", false);
	if (l->path == NULL || l->line < 1)
		return err_set(e, ERR_INVALID, "a line is malformed");
	return 0;
}

static const struct json *
worker_lines(const struct worker_call *c, struct err *e)
{
	const struct json *lines = json_get(c->in, "lines");

	if (json_count(lines) > GIT_PULL_LINES_MAX) {
		(void)err_set(e, ERR_INVALID, "too many lines");
		return NULL;
	}
	return lines;
}

/* Where lines of one version of a file are in another. */
struct worker_shift {
	int64_t line;
	int64_t to;
	bool changed;
};

static int
worker_shift_hunk(
    const git_diff_delta *delta, const git_diff_hunk *h, void *arg)
{
	struct worker_shift *s = arg;

	(void)delta;
	if (h->old_lines > 0 && s->line >= h->old_start &&
	    s->line < h->old_start + h->old_lines)
		s->changed = true;
	else if (h->old_start < s->line)
		s->to += h->new_lines - h->old_lines;
	return 0;
}

/* The blob of a path, NULL when there is none or it is too large. */
static int
worker_pull_blob(git_repository *repo, git_commit *commit, const char *path,
    git_blob **out, struct err *e)
{
	AUTO_TREE git_tree *tree = NULL;
	git_tree_entry *entry = NULL;
	git_object_t type;
	git_odb *odb = NULL;
	size_t size = 0;
	int rc = git_commit_tree(&tree, commit);

	*out = NULL;
	if (rc == 0)
		rc = git_tree_entry_bypath(&entry, tree, path);
	if (rc == 0 && git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
		rc = GIT_ENOTFOUND;
	if (rc == 0)
		rc = git_repository_odb(&odb, repo);
	if (rc == 0)
		rc = git_odb_read_header(
		    &size, &type, odb, git_tree_entry_id(entry));
	if (rc == 0 && size <= WORKER_PULL_BLOB_MAX)
		rc = git_blob_lookup(out, repo, git_tree_entry_id(entry));
	git_odb_free(odb);
	git_tree_entry_free(entry);
	if (rc == GIT_ENOTFOUND || rc == GIT_EINVALIDSPEC)
		return 0;
	return rc < 0 ? worker_fail(e, rc, "file") : 0;
}

static int
worker_line_now(struct worker_call *c, const struct worker_line *l,
    git_commit *to, int64_t *now, struct err *e)
{
	struct worker_shift s = { .line = l->line, .to = l->line };
	AUTO_COMMIT git_commit *from = NULL;
	git_blob *a = NULL, *b = NULL;
	git_diff_options opts;
	int rc = -1;

	*now = 0;
	if (l->sha == NULL || to == NULL)
		return 0;
	if (worker_commit_of(c->repo, l->sha, &from, e) == -1) {
		*e = ERR_INIT;
		return 0;
	}
	if (worker_pull_blob(c->repo, from, l->path, &a, e) == -1 ||
	    worker_pull_blob(c->repo, to, l->path, &b, e) == -1)
		goto out;
	rc = 0;
	if (a == NULL || b == NULL)
		goto out;
	(void)git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);
	opts.context_lines = 0;
	opts.interhunk_lines = 0;
	if (!git_oid_equal(git_blob_id(a), git_blob_id(b)))
		rc = git_diff_blobs(a, NULL, b, NULL, &opts, NULL, NULL,
		    worker_shift_hunk, NULL, &s);
	if (rc < 0)
		(void)worker_fail(e, rc, "diff");
	else if (!s.changed)
		*now = s.to;
out:
	git_blob_free(a);
	git_blob_free(b);
	return rc < 0 ? -1 : 0;
}

static int
worker_put_stat(struct jw *w, git_diff *diff, struct err *e)
{
	size_t n = git_diff_num_deltas(diff), add = 0, del = 0;

	for (size_t i = 0; i < n && i < GIT_PULL_FILES_MAX; i++) {
		git_patch *patch = NULL;
		size_t a = 0, d = 0;
		int rc = git_patch_from_diff(&patch, diff, i);

		if (rc == 0 && patch != NULL)
			rc = git_patch_line_stats(NULL, &a, &d, patch);
		git_patch_free(patch);
		if (rc < 0)
			return worker_fail(e, rc, "diff");
		add += a;
		del += d;
	}
	jw_u64(w, "additions", add);
	jw_u64(w, "deletions", del);
	jw_u64(w, "files", n);
	return 0;
}

/* The commit that both have, NULL when there is none. */
static int
worker_pull_base(struct worker_call *c, git_commit **head, git_commit **common,
    struct err *e)
{
	AUTO_COMMIT git_commit *base = NULL;
	git_oid id;
	int rc;

	if (worker_commit(c, "base", &base, e) == -1 ||
	    worker_commit(c, "head", head, e) == -1)
		return -1;
	rc = git_merge_base(
	    &id, c->repo, git_commit_id(base), git_commit_id(*head));
	if (rc == GIT_ENOTFOUND)
		return 0;
	if (rc == 0)
		rc = git_commit_lookup(common, c->repo, &id);
	return rc < 0 ? worker_fail(e, rc, "merge base") : 0;
}

static int
worker_op_pull_facts(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *head = NULL;
	AUTO_COMMIT git_commit *common = NULL;
	AUTO_DIFF git_diff *diff = NULL;
	const struct json *lines = worker_lines(c, e);

	if (e->code != ERR_NONE ||
	    worker_pull_base(c, &head, &common, e) == -1 ||
	    worker_diff_make(c, 0, &diff, e) == -1 ||
	    worker_put_stat(c->w, diff, e) == -1)
		return -1;
	jw_array(c->w, "lines");
	for (const struct json *j = json_first(lines); j != NULL;
	     j = json_next(j)) {
		struct worker_line l;
		int64_t now = 0;

		if (worker_line_read(j, &l, e) == -1 ||
		    worker_line_now(c, &l, l.old ? common : head, &now, e) ==
			-1)
			return -1;
		jw_i64(c->w, NULL, now);
	}
	jw_end(c->w);
	return 0;
}

static bool
worker_is_text_line(const git_diff_line *x)
{
	return x->origin == GIT_DIFF_LINE_CONTEXT ||
	    x->origin == GIT_DIFF_LINE_ADDITION ||
	    x->origin == GIT_DIFF_LINE_DELETION;
}

static void
worker_hunk_line(struct str *out, const git_diff_line *x)
{
	struct view v = { .p = x->content, .len = x->content_len };

	while (v.len > 0 && v.p[v.len - 1] == '\n')
		v.len--;
	if (v.len > WORKER_HUNK_LINE_MAX)
		v.len = WORKER_HUNK_LINE_MAX;
	str_addc(out, x->origin);
	for (size_t i = 0; i < v.len; i++)
		str_addc(out, v.p[i] != '\0' ? v.p[i] : ' ');
}

/* The lines of hunk `h` up to the `at`th, the last few of them, with a head
 * that says where they are. */
static int
worker_hunk_text(
    git_patch *patch, size_t h, size_t at, struct str *out, struct err *e)
{
	size_t from = at >= WORKER_HUNK_LINES ? at - WORKER_HUNK_LINES + 1 : 0;
	AUTO_STR struct str text = STR_INIT;
	const git_diff_hunk *hunk;
	const git_diff_line *x;
	size_t count = 0;
	int old, now, olds = 0, news = 0;
	int rc = git_patch_get_hunk(&hunk, &count, patch, h);

	if (rc < 0)
		return worker_fail(e, rc, "hunk");
	old = hunk->old_start;
	now = hunk->new_start;
	for (size_t i = 0; i <= at; i++) {
		rc = git_patch_get_line_in_hunk(&x, patch, h, i);
		if (rc < 0)
			return worker_fail(e, rc, "hunk");
		if (!worker_is_text_line(x))
			continue;
		*(i < from ? &old : &olds) += x->origin !=
		    GIT_DIFF_LINE_ADDITION;
		*(i < from ? &now : &news) += x->origin !=
		    GIT_DIFF_LINE_DELETION;
		if (i >= from) {
			str_addc(&text, '\n');
			worker_hunk_line(&text, x);
		}
	}
	str_addf(out, "@@ -%d,%d +%d,%d @@", old, olds, now, news);
	str_addv(out, str_view(&text));
	return 0;
}

static int
worker_hunk_find(git_patch *patch, const struct worker_line *l, struct str *out,
    struct err *e)
{
	for (size_t h = 0; h < git_patch_num_hunks(patch); h++) {
		int n = git_patch_num_lines_in_hunk(patch, h);

		for (int i = 0; i < n; i++) {
			const git_diff_line *x;

			if (git_patch_get_line_in_hunk(
				&x, patch, h, (size_t)i) < 0)
				continue;
			if (worker_is_text_line(x) &&
			    (l->old ? x->old_lineno : x->new_lineno) == l->line)
				return worker_hunk_text(
				    patch, h, (size_t)i, out, e);
		}
	}
	return 0;
}

static int
worker_put_hunk(
    struct jw *w, git_diff *diff, const struct worker_line *l, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	size_t n = git_diff_num_deltas(diff);

	for (size_t i = 0; i < n && i < GIT_PULL_FILES_MAX; i++) {
		const git_diff_delta *d = git_diff_get_delta(diff, i);
		git_patch *patch = NULL;
		int rc;

		if (strcmp(d->new_file.path, l->path) != 0 &&
		    strcmp(d->old_file.path, l->path) != 0)
			continue;
		rc = git_patch_from_diff(&patch, diff, i);
		if (rc < 0)
			return worker_fail(e, rc, "diff");
		rc = patch != NULL ? worker_hunk_find(patch, l, &text, e) : 0;
		git_patch_free(patch);
		if (rc == -1)
			return -1;
		if (text.len > 0)
			break;
	}
	worker_text(w, NULL, str_cstr(&text));
	return 0;
}

static int
worker_op_pull_hunks(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *head = NULL;
	AUTO_COMMIT git_commit *common = NULL;
	AUTO_DIFF git_diff *diff = NULL;
	const struct json *lines = worker_lines(c, e);

	if (e->code != ERR_NONE ||
	    worker_pull_base(c, &head, &common, e) == -1 ||
	    worker_diff_make(c, 0, &diff, e) == -1)
		return -1;
	worker_oid(c->w, "head", git_commit_id(head));
	worker_oid(
	    c->w, "merge_base", common != NULL ? git_commit_id(common) : NULL);
	jw_array(c->w, "hunks");
	for (const struct json *j = json_first(lines); j != NULL;
	     j = json_next(j)) {
		struct worker_line l;

		if (worker_line_read(j, &l, e) == -1 ||
		    worker_put_hunk(c->w, diff, &l, e) == -1)
			return -1;
	}
	jw_end(c->w);
	return 0;
}

const struct worker_op worker_ops_pull[] = {
	{ "pull_facts", worker_op_pull_facts },
	{ "pull_hunks", worker_op_pull_hunks },
	{ NULL, NULL },
};
