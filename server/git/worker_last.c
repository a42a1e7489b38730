/* Which commit last changed each entry of a folder. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "server/git/worker_trail.h"

/* Entries whose history is looked for from one commit on. */
struct last_group {
	git_commit *commit;
	git_tree *tree; /* the folder there, NULL: it is not there */
	bool *wants;    /* by entry */
};

struct last {
	const char *folder;
	const char *const *names;
	size_t n;
	git_oid *out;
	struct last_group *v; /* by time, the newest last */
	size_t groups, cap;
};

static void
last_group_release(struct last_group *g)
{
	git_commit_free(g->commit);
	git_tree_free(g->tree);
	free(g->wants);
}

static int
last_folder(const struct last *x, const git_commit *commit, git_tree **out,
    struct err *e)
{
	AUTO_TREE git_tree *root = NULL;
	git_tree_entry *entry = NULL;
	int rc = git_commit_tree(&root, commit);

	*out = NULL;
	if (rc == 0 && x->folder[0] == '\0') {
		*out = root;
		root = NULL;
		return 0;
	}
	if (rc == 0)
		rc = git_tree_entry_bypath(&entry, root, x->folder);
	if (rc == 0 && git_tree_entry_type(entry) == GIT_OBJECT_TREE)
		rc = git_tree_lookup(
		    out, git_commit_owner(commit), git_tree_entry_id(entry));
	git_tree_entry_free(entry);
	return rc < 0 && rc != GIT_ENOTFOUND ? worker_fail(e, rc, x->folder)
					     : 0;
}

/* The group of that commit; made when there is none. */
static struct last_group *
last_group_of(struct last *x, git_commit *commit, git_tree *tree)
{
	git_time_t when = git_commit_time(commit);
	size_t at = x->groups;

	for (size_t i = 0; i < x->groups; i++)
		if (git_oid_equal(
			git_commit_id(x->v[i].commit), git_commit_id(commit))) {
			git_commit_free(commit);
			git_tree_free(tree);
			return &x->v[i];
		}
	if (x->groups == x->cap) {
		x->cap = x->cap == 0 ? 16 : x->cap * 2;
		x->v = xrealloc(x->v, x->cap * sizeof(*x->v));
	}
	while (at > 0 && git_commit_time(x->v[at - 1].commit) > when)
		at--;
	memmove(x->v + at + 1, x->v + at, (x->groups - at) * sizeof(*x->v));
	x->v[at] = (struct last_group){
		.commit = commit,
		.tree = tree,
		.wants = xcalloc(x->n + 1, sizeof(bool)),
	};
	x->groups++;
	return &x->v[at];
}

static bool
last_same(const git_tree *a, const git_tree *b, const char *name)
{
	const git_tree_entry *x, *y;

	if (a == NULL || b == NULL)
		return a == b;
	if (git_oid_equal(git_tree_id(a), git_tree_id(b)))
		return true;
	x = git_tree_entry_byname(a, name);
	y = git_tree_entry_byname(b, name);
	if (x == NULL || y == NULL)
		return x == y;
	return git_oid_equal(git_tree_entry_id(x), git_tree_entry_id(y)) &&
	    git_tree_entry_filemode(x) == git_tree_entry_filemode(y);
}

/* Hands what a parent has alike on to it. */
static int
last_hand_on(struct last *x, struct last_group *g, unsigned parent,
    size_t *left, struct err *e)
{
	git_commit *commit = NULL;
	git_tree *tree = NULL;
	struct last_group *to = NULL;
	int rc = git_commit_parent(&commit, g->commit, parent);

	if (rc < 0)
		return worker_fail(e, rc, "parent");
	if (last_folder(x, commit, &tree, e) == -1) {
		git_commit_free(commit);
		return -1;
	}
	for (size_t i = 0; i < x->n; i++) {
		if (!g->wants[i] || !last_same(g->tree, tree, x->names[i]))
			continue;
		if (to == NULL) {
			to = last_group_of(x, commit, tree);
			commit = NULL;
		}
		to->wants[i] = true;
		g->wants[i] = false;
		(*left)--;
		/* The group may own a tree that is equal to the one here. */
		tree = to->tree;
	}
	if (to == NULL) {
		git_commit_free(commit);
		git_tree_free(tree);
	}
	return 0;
}

static int
last_step(struct last *x, struct last_group *g, struct err *e)
{
	unsigned n = git_commit_parentcount(g->commit);
	size_t left = 0;

	for (size_t i = 0; i < x->n; i++)
		left += g->wants[i];
	for (unsigned i = 0; left > 0 && i < n; i++)
		if (last_hand_on(x, g, i, &left, e) == -1)
			return -1;
	for (size_t i = 0; i < x->n; i++)
		if (g->wants[i])
			x->out[i] = *git_commit_id(g->commit);
	return 0;
}

static int
last_start(struct last *x, git_commit *from, struct err *e)
{
	struct last_group *g;
	git_commit *own = NULL;
	git_tree *tree = NULL;

	if (last_folder(x, from, &tree, e) == -1)
		return -1;
	(void)git_commit_dup(&own, from);
	g = last_group_of(x, own, tree);
	for (size_t i = 0; i < x->n; i++)
		g->wants[i] = true;
	return 0;
}

int
trail_last(git_commit *from, const char *folder, const char *const *names,
    size_t n, int64_t until, git_oid *out, struct err *e)
{
	struct last x = {
		.folder = folder, .names = names, .n = n, .out = out
	};
	int rc = 0;

	memset(out, 0, n * sizeof(*out));
	if (n > 0)
		rc = last_start(&x, from, e);
	while (rc == 0 && x.groups > 0 && clock_mono_ms() < until) {
		struct last_group g = x.v[--x.groups];

		rc = last_step(&x, &g, e);
		last_group_release(&g);
	}
	for (size_t i = 0; i < x.groups; i++)
		last_group_release(&x.v[i]);
	free(x.v);
	return rc;
}
