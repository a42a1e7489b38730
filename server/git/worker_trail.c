/*
 * The commits that changed one path, newest first.  A commit that has the path
 * as one of its parents has it did not change it, and only that parent is
 * followed.
 */
#include "server/git/worker_trail.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/map.h"
#include "server/git/git_pool.h"

enum {
	TRAIL_CLOCK_EVERY = 64
};

struct trail_node {
	git_commit *commit;
	git_oid id; /* of what is at the path, zero: nothing */
};

struct trail {
	git_repository *repo;
	char *path;
	struct map *seen;
	struct trail_node *v; /* by time, the newest last */
	size_t n, cap;
	unsigned steps;
	int64_t until;
};

struct trail *
trail_new(git_repository *repo, const char *path, int64_t until)
{
	struct trail *t = xcalloc(1, sizeof(*t));

	t->repo = repo;
	t->path = xstrdup(path);
	t->seen = map_new();
	t->until = until;
	return t;
}

void
trail_free(struct trail *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++)
		git_commit_free(t->v[i].commit);
	free(t->v);
	free(t->path);
	map_free(t->seen);
	free(t);
}

static int
trail_look(const struct trail *t, const git_commit *commit, git_oid *out,
    struct err *e)
{
	AUTO_TREE git_tree *tree = NULL;
	git_tree_entry *entry = NULL;
	int rc = git_commit_tree(&tree, commit);

	memset(out, 0, sizeof(*out));
	if (rc == 0)
		rc = git_tree_entry_bypath(&entry, tree, t->path);
	if (rc == 0)
		(void)git_oid_cpy(out, git_tree_entry_id(entry));
	git_tree_entry_free(entry);
	return rc < 0 && rc != GIT_ENOTFOUND ? worker_fail(e, rc, t->path) : 0;
}

/* Takes the commit. */
static void
trail_enter(struct trail *t, git_commit *commit, const git_oid *id)
{
	char sha[GIT_SHA_TEXT];
	git_time_t when = git_commit_time(commit);
	size_t at = t->n;

	(void)git_oid_tostr(sha, sizeof(sha), git_commit_id(commit));
	if (map_put(t->seen, sha, t) != NULL) {
		git_commit_free(commit);
		return;
	}
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 64 : t->cap * 2;
		t->v = xrealloc(t->v, t->cap * sizeof(*t->v));
	}
	while (at > 0 && git_commit_time(t->v[at - 1].commit) > when)
		at--;
	memmove(t->v + at + 1, t->v + at, (t->n - at) * sizeof(*t->v));
	t->v[at] = (struct trail_node){ .commit = commit, .id = *id };
	t->n++;
}

int
trail_from(struct trail *t, git_commit *commit, struct err *e)
{
	git_commit *own = NULL;
	git_oid id;

	if (trail_look(t, commit, &id, e) == -1)
		return -1;
	if (git_commit_dup(&own, commit) < 0)
		return err_set(e, ERR_INTERNAL, "commit");
	trail_enter(t, own, &id);
	return 0;
}

/* Enters the parents that matter; *changed: none has the path as x has it. */
static int
trail_parents(
    struct trail *t, const struct trail_node *x, bool *changed, struct err *e)
{
	unsigned n = git_commit_parentcount(x->commit);
	struct trail_node *v = xcalloc(n + 1, sizeof(*v));
	unsigned i, got = 0;
	int rc = 0;

	*changed = n > 0 || !git_oid_is_zero(&x->id);
	for (i = 0; rc == 0 && i < n && *changed; i++) {
		rc = git_commit_parent(&v[i].commit, x->commit, i);
		if (rc < 0) {
			rc = worker_fail(e, rc, "parent");
			break;
		}
		got++;
		rc = trail_look(t, v[i].commit, &v[i].id, e);
		if (rc == 0 && git_oid_equal(&v[i].id, &x->id))
			*changed = false;
	}
	for (i = 0; i < got; i++) {
		if (rc == 0 && (*changed || i == got - 1))
			trail_enter(t, v[i].commit, &v[i].id);
		else
			git_commit_free(v[i].commit);
	}
	free(v);
	return rc;
}

int
trail_next(struct trail *t, git_commit **out, struct err *e)
{
	while (t->n > 0) {
		struct trail_node x = t->v[--t->n];
		bool changed = false;

		if (++t->steps % TRAIL_CLOCK_EVERY == 0 &&
		    clock_mono_ms() > t->until) {
			git_commit_free(x.commit);
			return TRAIL_LATE;
		}
		if (trail_parents(t, &x, &changed, e) == -1) {
			git_commit_free(x.commit);
			return -1;
		}
		if (changed) {
			*out = x.commit;
			return 0;
		}
		git_commit_free(x.commit);
	}
	return TRAIL_END;
}
