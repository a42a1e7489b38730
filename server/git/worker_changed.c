/*
 * The diff of two trees.  libgit2 reads both whole; here what is equal is left
 * out before it, folder by folder, so that a small change in a large repository
 * costs what it touches.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "server/git/worker_priv.h"

enum {
	CHANGED_MAX = 20000, /* paths; beyond them both are read whole */
	CHANGED_DEPTH = 128
};

struct changed {
	git_repository *repo;
	char **v;
	size_t n, cap;
	bool all; /* it is not worth it, or cannot be told */
};

static int changed_folders(struct changed *x, const char *path,
    const git_oid *was, const git_oid *is, unsigned depth);

static void
changed_add(struct changed *x, char *path)
{
	if (x->n == CHANGED_MAX) {
		x->all = true;
		free(path);
		return;
	}
	if (x->n == x->cap) {
		x->cap = x->cap == 0 ? 64 : x->cap * 2;
		x->v = xrealloc(x->v, x->cap * sizeof(*x->v));
	}
	x->v[x->n++] = path;
}

/* One name in either tree, NULL: it is not there. */
static int
changed_entry(struct changed *x, const char *folder, const git_tree_entry *was,
    const git_tree_entry *is, unsigned depth)
{
	AUTO_FREE char *path = NULL;

	if (was != NULL && is != NULL &&
	    git_oid_equal(git_tree_entry_id(was), git_tree_entry_id(is)) &&
	    git_tree_entry_filemode_raw(was) == git_tree_entry_filemode_raw(is))
		return 0;
	path = xasprintf("%s%s%s", folder, folder[0] != '\0' ? "/" : "",
	    git_tree_entry_name(was != NULL ? was : is));
	if (was != NULL && is != NULL &&
	    git_tree_entry_type(was) == GIT_OBJECT_TREE &&
	    git_tree_entry_type(is) == GIT_OBJECT_TREE)
		return changed_folders(x, path, git_tree_entry_id(was),
		    git_tree_entry_id(is), depth + 1);
	changed_add(x, STEAL(path));
	return 0;
}

static int
changed_trees(struct changed *x, const char *path, const git_tree *a,
    const git_tree *b, unsigned depth)
{
	int rc = 0;

	/* A name may be a file here and a folder there: they stand at other
	 * places, so it is looked up. */
	for (size_t i = 0; rc == 0 && !x->all && i < git_tree_entrycount(a);
	     i++) {
		const git_tree_entry *k = git_tree_entry_byindex(a, i);

		rc = changed_entry(x, path, k,
		    git_tree_entry_byname(b, git_tree_entry_name(k)), depth);
	}
	for (size_t i = 0; rc == 0 && !x->all && i < git_tree_entrycount(b);
	     i++) {
		const git_tree_entry *k = git_tree_entry_byindex(b, i);

		if (git_tree_entry_byname(a, git_tree_entry_name(k)) == NULL)
			rc = changed_entry(x, path, NULL, k, depth);
	}
	return rc;
}

static int
changed_folders(struct changed *x, const char *path, const git_oid *was,
    const git_oid *is, unsigned depth)
{
	AUTO_TREE git_tree *a = NULL;
	AUTO_TREE git_tree *b = NULL;
	int rc;

	if (depth == CHANGED_DEPTH) {
		x->all = true;
		return 0;
	}
	rc = git_tree_lookup(&a, x->repo, was);
	if (rc == 0)
		rc = git_tree_lookup(&b, x->repo, is);
	return rc < 0 ? rc : changed_trees(x, path, a, b, depth);
}

int
worker_diff_trees(git_diff **out, git_repository *repo, git_tree *was,
    git_tree *is, const git_diff_options *opts)
{
	const bool both = was != NULL && is != NULL &&
	    opts->pathspec.count == 0;
	struct changed x = { .repo = repo };
	git_diff_options mine = *opts;
	int rc = both ? changed_trees(&x, "", was, is, 0) : 0;

	if (rc == 0 && both && !x.all) {
		mine.pathspec = (git_strarray){ .strings = x.v, .count = x.n };
		mine.flags |= GIT_DIFF_DISABLE_PATHSPEC_MATCH;
		/* No path would be all of them. */
		if (x.n == 0)
			was = is = NULL;
	}
	if (rc == 0)
		rc = git_diff_tree_to_tree(out, repo, was, is, &mine);
	for (size_t i = 0; i < x.n; i++)
		free(x.v[i]);
	free(x.v);
	return rc;
}
