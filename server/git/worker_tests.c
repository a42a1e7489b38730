/* What a change does to the tests, and the base's tree with the head's tests
 * laid over it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "server/domain/test_rule.h"
#include "server/git/worker_priv.h"

enum {
	WORKER_TESTS_FILES = 3000,
	WORKER_TESTS_NOTES = 50,
	WORKER_TESTS_LINES = 1000000, /* of tests and thresholds */
	WORKER_TESTS_KEYS = 32,       /* thresholds of one file */
	WORKER_TESTS_KEY = 200,
	WORKER_TESTS_BLOB = 4 << 20
};

struct worker_threshold {
	char key[WORKER_TESTS_KEY + 1];
	size_t len;
	int64_t milli;
};

struct worker_tests {
	struct worker_call *c;
	const char *patterns;
	const char *words; /* commands that may name files */
	size_t notes;
	size_t lines;
	/* Of the file at hand. */
	const git_diff_delta *delta;
	bool is_test, has_thresholds;
	int64_t defs, skips;
	int skip_line;
	struct worker_threshold was[WORKER_TESTS_KEYS];
	size_t n_was;
};

static const char *
worker_tests_path(const git_diff_delta *d)
{
	return d->status == GIT_DELTA_DELETED ? d->old_file.path
					      : d->new_file.path;
}

static bool
worker_tests_sign(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.' ||
	    c == '/';
}

/* Does a command name that file?  "./" before it is nothing. */
static bool
worker_tests_named(const char *words, const char *path)
{
	size_t n = strlen(path);

	for (const char *p = words; (p = strstr(p, path)) != NULL; p++) {
		const char *from = p;

		if (from - words >= 2 && from[-1] == '/' && from[-2] == '.')
			from -= 2;
		if ((from == words || !worker_tests_sign(from[-1])) &&
		    !worker_tests_sign(p[n]))
			return true;
	}
	return false;
}

static void
worker_tests_note(struct worker_tests *t, const char *what, const char *path,
    int line, const char *text)
{
	struct jw *w = t->c->w;

	if (t->notes++ >= WORKER_TESTS_NOTES)
		return;
	jw_object(w, NULL);
	jw_str(w, "what", what);
	worker_text(w, "path", path);
	jw_i64(w, "line", line);
	worker_text(w, "text", text);
	jw_end(w);
}

/* What the lines of the file at hand came to. */
static void
worker_tests_flush(struct worker_tests *t)
{
	AUTO_STR struct str text = STR_INIT;

	if (t->delta == NULL)
		return;
	if (t->is_test && t->defs < 0 &&
	    t->delta->status != GIT_DELTA_DELETED) {
		str_addf(&text, "%lld fewer", (long long)-t->defs);
		worker_tests_note(t, "fewer", worker_tests_path(t->delta), 0,
		    str_cstr(&text));
	}
	if (t->is_test && t->skips > 0)
		worker_tests_note(t, "skipped", worker_tests_path(t->delta),
		    t->skip_line, "");
	t->delta = NULL;
	t->defs = t->skips = 0;
	t->skip_line = 0;
	t->n_was = 0;
}

static int
worker_tests_on_file(const git_diff_delta *d, float progress, void *arg)
{
	struct worker_tests *t = arg;
	struct view path = view_of(worker_tests_path(d));

	(void)progress;
	worker_tests_flush(t);
	t->delta = d;
	t->is_test = test_path_is(t->patterns, path);
	t->has_thresholds = test_path_has_thresholds(path);
	if (t->is_test && d->status == GIT_DELTA_DELETED)
		worker_tests_note(t, "deleted", worker_tests_path(d), 0, "");
	return 0;
}

static void
worker_tests_threshold(
    struct worker_tests *t, struct view text, const git_diff_line *line)
{
	AUTO_STR struct str note = STR_INIT;
	struct view key;
	int64_t milli;

	if (!test_line_threshold(text, &key, &milli) ||
	    key.len > WORKER_TESTS_KEY)
		return;
	if (line->origin == GIT_DIFF_LINE_DELETION) {
		struct worker_threshold *was = &t->was[t->n_was];

		if (t->n_was == WORKER_TESTS_KEYS)
			return;
		memcpy(was->key, key.p, key.len);
		was->len = key.len;
		was->milli = milli;
		t->n_was++;
		return;
	}
	for (size_t i = 0; i < t->n_was; i++) {
		const struct worker_threshold *was = &t->was[i];

		if (!view_eq(key, (struct view){ was->key, was->len }) ||
		    milli >= was->milli)
			continue;
		str_addf(&note, "from %g to %g", (double)was->milli / 1000,
		    (double)milli / 1000);
		worker_tests_note(t, "lowered", worker_tests_path(t->delta),
		    line->new_lineno, str_cstr(&note));
		return;
	}
}

static int
worker_tests_on_line(const git_diff_delta *d, const git_diff_hunk *hunk,
    const git_diff_line *line, void *arg)
{
	struct worker_tests *t = arg;
	bool added = line->origin == GIT_DIFF_LINE_ADDITION;
	struct view text = { line->content, line->content_len };

	(void)d;
	(void)hunk;
	if (!added && line->origin != GIT_DIFF_LINE_DELETION)
		return 0;
	/* Files that go are told all the same; others cost nothing here. */
	if ((!t->is_test && !t->has_thresholds) ||
	    ++t->lines > WORKER_TESTS_LINES)
		return 0;
	if (t->has_thresholds)
		worker_tests_threshold(t, text, line);
	if (!t->is_test)
		return 0;
	if (test_line_defines(text))
		t->defs += added ? 1 : -1;
	if (test_line_skips(text)) {
		t->skips += added ? 1 : -1;
		if (added && t->skip_line == 0)
			t->skip_line = line->new_lineno;
	}
	return 0;
}

/* The base's tree with those files as the head has them; null without one of
 * either, or where a folder is a file. */
struct worker_overlay {
	git_tree_update *v;
	size_t n;
};

static void
worker_overlay_add(struct worker_overlay *o, const git_diff_delta *d)
{
	if (d->status == GIT_DELTA_DELETED ||
	    d->new_file.mode == GIT_FILEMODE_COMMIT)
		return;
	o->v[o->n++] = (git_tree_update){ .action = GIT_TREE_UPDATE_UPSERT,
		.id = d->new_file.id,
		.filemode = (git_filemode_t)d->new_file.mode,
		.path = d->new_file.path };
}

static void
worker_overlay_put(struct worker_call *c, const char *key, git_tree *base,
    const struct worker_overlay *o)
{
	git_oid id;
	bool made = o->n > 0 && base != NULL &&
	    git_tree_create_updated(&id, c->repo, base, o->n, o->v) == 0;

	worker_oid(c->w, key, made ? &id : NULL);
}

static void
worker_tests_trees(
    struct worker_tests *t, git_diff *diff, git_tree *base, bool one)
{
	size_t n = git_diff_num_deltas(diff);
	AUTO_FREE git_tree_update *a = xcalloc(n + 1, sizeof(*a));
	AUTO_FREE git_tree_update *b = xcalloc(n + 1, sizeof(*b));
	struct worker_overlay tests = { .v = a }, bug = { .v = b };
	size_t code = 0;

	for (size_t i = 0; i < n; i++) {
		const git_diff_delta *d = git_diff_get_delta(diff, i);
		const char *path = worker_tests_path(d);

		if (test_path_is(t->patterns, view_of(path))) {
			worker_overlay_add(&tests, d);
			worker_overlay_add(&bug, d);
			continue;
		}
		code++;
		if (worker_tests_named(t->words, path))
			worker_overlay_add(&bug, d);
	}
	worker_overlay_put(t->c, "tree", one ? base : NULL, &tests);
	worker_overlay_put(t->c, "bug_tree", one ? base : NULL, &bug);
	jw_u64(t->c->w, "tests", tests.n);
	jw_u64(t->c->w, "code", code);
}

static void
worker_tests_files(struct worker_call *c, git_diff *diff)
{
	size_t n = git_diff_num_deltas(diff);
	bool file = false;

	jw_array(c->w, "files");
	for (size_t i = 0; i < n; i++) {
		const char *path = worker_tests_path(
		    git_diff_get_delta(diff, i));

		file = file || strcmp(path, ".coffer/checks.yml") == 0;
		if (i < WORKER_TESTS_FILES)
			worker_text(c->w, NULL, path);
	}
	jw_end(c->w);
	jw_bool(c->w, "truncated", n > WORKER_TESTS_FILES);
	jw_bool(c->w, "checks_file", file);
}

/*
 * What the head's changes are over.  Branches that were merged crosswise have
 * several merge bases, each of which lacks what the others have: over one of
 * them the base's own changes would be taken for the head's.  As git's merge
 * does, the merge of them is taken; *one is false where that conflicts.
 */
static int
worker_tests_base(struct worker_call *c, const git_commit *head,
    git_tree **base, bool *one, struct err *e)
{
	AUTO_COMMIT git_commit *from = NULL;
	AUTO_COMMIT git_commit *tip = NULL;
	AUTO_COMMIT git_commit *other = NULL;
	AUTO_INDEX git_index *index = NULL;
	git_oidarray all = { .count = 0 };
	git_oid id;
	int rc;

	*one = true;
	if (worker_commit(c, "base", &from, e) == -1 ||
	    worker_commit(c, "tip", &tip, e) == -1)
		return -1;
	rc = git_merge_bases(
	    &all, c->repo, git_commit_id(tip), git_commit_id(head));
	if (rc == 0 && all.count == 2)
		rc = git_commit_lookup(&other, c->repo,
		    git_oid_equal(&all.ids[0], git_commit_id(from))
			? &all.ids[1]
			: &all.ids[0]);
	*one = all.count < 2;
	git_oidarray_dispose(&all);
	if (rc == 0 && other != NULL)
		rc = git_merge_commits(&index, c->repo, from, other, NULL);
	if (rc == 0 && index != NULL && !git_index_has_conflicts(index)) {
		*one = true;
		rc = git_index_write_tree_to(&id, index, c->repo);
		if (rc == 0)
			rc = git_tree_lookup(base, c->repo, &id);
	} else if (rc == 0 || rc == GIT_ENOTFOUND) {
		rc = git_commit_tree(base, from);
	}
	return rc < 0 ? worker_fail(e, rc, "merge base") : 0;
}

static int
worker_tests_diff(struct worker_call *c, git_tree **base, bool *one,
    git_diff **diff, struct err *e)
{
	AUTO_COMMIT git_commit *head = NULL;
	AUTO_TREE git_tree *tree = NULL;
	git_diff_options opts;
	int rc;

	if (worker_commit(c, "head", &head, e) == -1 ||
	    worker_tests_base(c, head, base, one, e) == -1)
		return -1;
	(void)git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);
	opts.max_size = WORKER_TESTS_BLOB;
	opts.context_lines = 0;
	rc = git_commit_tree(&tree, head);
	if (rc == 0)
		rc = worker_diff_trees(diff, c->repo, *base, tree, &opts);
	return rc < 0 ? worker_fail(e, rc, "diff") : 0;
}

static int
worker_op_tests(struct worker_call *c, struct err *e)
{
	AUTO_TREE git_tree *base = NULL;
	AUTO_DIFF git_diff *diff = NULL;
	AUTO_FREE struct worker_tests *t = xcalloc(1, sizeof(*t));
	bool one;
	int rc;

	t->c = c;
	t->patterns = json_str_or(c->in, "patterns", "");
	t->words = json_str_or(c->in, "words", "");
	if (worker_tests_diff(c, &base, &one, &diff, e) == -1)
		return -1;
	jw_array(c->w, "notes");
	rc = git_diff_foreach(
	    diff, worker_tests_on_file, NULL, NULL, worker_tests_on_line, t);
	worker_tests_flush(t);
	jw_end(c->w);
	if (rc < 0)
		return worker_fail(e, rc, "diff");
	jw_u64(c->w, "notes_total", t->notes);
	worker_tests_files(c, diff);
	worker_tests_trees(t, diff, base, one);
	jw_bool(c->w, "several", !one);
	return 0;
}

const struct worker_op worker_ops_tests[] = {
	{ "tests", worker_op_tests },
	{ NULL, NULL },
};
