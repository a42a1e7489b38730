#include <string.h>

#include "lib/base/auto.h"
#include "server/git/git_pool.h"
#include "server/git/worker_priv.h"

enum {
	WORKER_FILES_MAX = 3000,
	WORKER_DIFF_BLOB_MAX = 4 << 20 /* larger files are shown as binary */
};

int
worker_diff_make(
    struct worker_call *c, uint32_t flags, git_diff **out, struct err *e)
{
	AUTO_COMMIT git_commit *base = NULL;
	AUTO_COMMIT git_commit *head = NULL;
	AUTO_COMMIT git_commit *mb = NULL;
	AUTO_TREE git_tree *a = NULL;
	AUTO_TREE git_tree *b = NULL;
	git_diff_options opts;
	git_diff_find_options find;
	git_oid id;
	int rc;

	if (worker_commit(c, "base", &base, e) == -1 ||
	    worker_commit(c, "head", &head, e) == -1)
		return -1;
	rc = git_merge_base(
	    &id, c->repo, git_commit_id(base), git_commit_id(head));
	if (rc == 0)
		rc = git_commit_lookup(&mb, c->repo, &id);
	if (rc < 0 && rc != GIT_ENOTFOUND)
		return worker_fail(e, rc, "merge base");
	(void)git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);
	(void)git_diff_find_options_init(&find, GIT_DIFF_FIND_OPTIONS_VERSION);
	opts.max_size = WORKER_DIFF_BLOB_MAX;
	opts.id_abbrev = 40;
	opts.flags |= flags;
	rc = git_commit_tree(&a, mb != NULL ? mb : base);
	if (rc == 0)
		rc = git_commit_tree(&b, head);
	if (rc == 0)
		rc = worker_diff_trees(out, c->repo, a, b, &opts);
	find.flags = GIT_DIFF_FIND_RENAMES;
	if (rc == 0)
		rc = git_diff_find_similar(*out, &find);
	return rc < 0 ? worker_fail(e, rc, "diff") : 0;
}

struct worker_text_out {
	struct str *out;
	size_t max;
	bool truncated;
};

static int
worker_diff_line(const git_diff_delta *delta, const git_diff_hunk *hunk,
    const git_diff_line *line, void *arg)
{
	struct worker_text_out *t = arg;
	bool marked = line->origin == GIT_DIFF_LINE_CONTEXT ||
	    line->origin == GIT_DIFF_LINE_ADDITION ||
	    line->origin == GIT_DIFF_LINE_DELETION;

	(void)delta;
	(void)hunk;
	if (line->content_len + 1 > t->max - t->out->len) {
		t->truncated = true;
		return 1;
	}
	if (marked)
		str_addc(t->out, line->origin);
	str_addn(t->out, line->content, line->content_len);
	return 0;
}

static int
worker_op_diff(struct worker_call *c, struct err *e)
{
	AUTO_DIFF git_diff *diff = NULL;
	int64_t max = json_i64_or(c->in, "max", 0);
	struct worker_text_out t = { .out = c->raw };
	int rc;

	if (max < 1 || max > WORKER_RAW_MAX)
		return err_set(e, ERR_INVALID, "max is out of range");
	t.max = (size_t)max;
	if (worker_diff_make(c, 0, &diff, e) == -1)
		return -1;
	rc = git_diff_print(diff, GIT_DIFF_FORMAT_PATCH, worker_diff_line, &t);
	if (rc != 0 && !t.truncated)
		return worker_fail(e, rc, "diff");
	jw_bool(c->w, "truncated", t.truncated);
	return 0;
}

static const char *
worker_status_name(git_delta_t status)
{
	static const char *const names[] = {
		[GIT_DELTA_ADDED] = "added",
		[GIT_DELTA_DELETED] = "deleted",
		[GIT_DELTA_RENAMED] = "renamed",
		[GIT_DELTA_COPIED] = "added",
	};

	if ((size_t)status >= sizeof(names) / sizeof(names[0]) ||
	    names[status] == NULL)
		return "changed";
	return names[status];
}

static int
worker_put_file(struct jw *w, git_diff *diff, size_t i, struct err *e)
{
	const git_diff_delta *d = git_diff_get_delta(diff, i);
	git_patch *patch = NULL;
	size_t add = 0, del = 0;
	int rc = git_patch_from_diff(&patch, diff, i);

	if (rc == 0 && patch != NULL) {
		rc = git_patch_line_stats(NULL, &add, &del, patch);
		d = git_patch_get_delta(patch);
	}
	if (rc < 0) {
		git_patch_free(patch);
		return worker_fail(e, rc, "diff");
	}
	jw_object(w, NULL);
	worker_text(w, "path",
	    d->status == GIT_DELTA_DELETED ? d->old_file.path
					   : d->new_file.path);
	worker_text(w, "old_path", d->old_file.path);
	jw_str(w, "status", worker_status_name(d->status));
	jw_u64(w, "additions", add);
	jw_u64(w, "deletions", del);
	jw_bool(w, "binary", (d->flags & GIT_DIFF_FLAG_BINARY) != 0);
	jw_end(w);
	git_patch_free(patch);
	return 0;
}

static uint32_t
worker_whitespace(const struct worker_call *c)
{
	static const struct {
		const char *word;
		uint32_t flag;
	} words[] = {
		{ "ignore-all", GIT_DIFF_IGNORE_WHITESPACE },
		{ "ignore-change", GIT_DIFF_IGNORE_WHITESPACE_CHANGE },
		{ "ignore-eol", GIT_DIFF_IGNORE_WHITESPACE_EOL },
	};
	const char *word = json_str_or(c->in, "whitespace", "");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].flag;
	return 0;
}

static size_t
worker_files_from(const struct worker_call *c, git_diff *diff)
{
	const char *path = json_str_or(c->in, "skip_to", NULL);
	int64_t skip = json_i64_or(c->in, "skip", 0);

	for (size_t i = 0; path != NULL && i < git_diff_num_deltas(diff); i++)
		if (strcmp(git_diff_get_delta(diff, i)->new_file.path, path) ==
		    0)
			return i;
	return skip > 0 ? (size_t)skip : 0;
}

static int
worker_op_files(struct worker_call *c, struct err *e)
{
	AUTO_DIFF git_diff *diff = NULL;
	int64_t limit = json_i64_or(c->in, "limit", 0);
	size_t n, from;

	if (limit < 1 || limit > WORKER_FILES_MAX)
		return err_set(e, ERR_INVALID, "limit is out of range");
	if (worker_diff_make(c, worker_whitespace(c), &diff, e) == -1)
		return -1;
	n = git_diff_num_deltas(diff);
	from = worker_files_from(c, diff);
	jw_array(c->w, "files");
	for (size_t i = from; i < n && i - from < (size_t)limit; i++)
		if (worker_put_file(c->w, diff, i, e) == -1)
			return -1;
	jw_end(c->w);
	jw_bool(c->w, "truncated", n > from && n - from > (size_t)limit);
	jw_u64(c->w, "total", n);
	return 0;
}

const struct worker_op worker_ops_diff[] = {
	{ "diff", worker_op_diff },
	{ "files", worker_op_files },
	{ NULL, NULL },
};
