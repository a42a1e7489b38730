/* Which commit last changed each entry of a folder. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "server/git/git_pool.h"
#include "server/git/worker_memo.h"
#include "server/git/worker_trail.h"

enum {
	/* That a search which was cut off is made: the second finds the
	 * objects in memory, the third and later ones end at the same place. */
	LAST_TRIES = 2
};

/* Entries whose history is looked for from one commit on. */
struct last_group {
	git_commit *commit;
	git_oid id;     /* of the folder there, zero: it is not there */
	git_tree *tree; /* the folder, when it was looked at */
	bool *wants;    /* by entry */
};

struct last {
	const struct trail_last *spec;
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
last_folder(
    const struct last *x, const git_commit *commit, git_oid *out, struct err *e)
{
	AUTO_TREE git_tree *root = NULL;
	git_tree_entry *entry = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	if (x->spec->folder[0] == '\0') {
		*out = *git_commit_tree_id(commit);
		return 0;
	}
	rc = git_commit_tree(&root, commit);
	if (rc == 0)
		rc = git_tree_entry_bypath(&entry, root, x->spec->folder);
	if (rc == 0 && git_tree_entry_type(entry) == GIT_OBJECT_TREE)
		*out = *git_tree_entry_id(entry);
	git_tree_entry_free(entry);
	return rc < 0 && rc != GIT_ENOTFOUND
	    ? worker_fail(e, rc, x->spec->folder)
	    : 0;
}

/* The folder itself, which is read when it is not the same as another. */
static int
last_tree(const struct last_group *g, git_tree **tree, struct err *e)
{
	int rc = 0;

	if (*tree == NULL && !git_oid_is_zero(&g->id))
		rc = git_tree_lookup(tree, git_commit_owner(g->commit), &g->id);
	return rc < 0 ? worker_fail(e, rc, "tree") : 0;
}

/* The group of that commit; made when there is none. */
static struct last_group *
last_group_of(struct last *x, git_commit *commit, const git_oid *id)
{
	git_time_t when = git_commit_time(commit);
	size_t at = x->groups;

	for (size_t i = 0; i < x->groups; i++)
		if (git_oid_equal(
			git_commit_id(x->v[i].commit), git_commit_id(commit))) {
			git_commit_free(commit);
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
		.id = *id,
		.wants = xcalloc(x->spec->n + 1, sizeof(bool)),
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
	x = git_tree_entry_byname(a, name);
	y = git_tree_entry_byname(b, name);
	if (x == NULL || y == NULL)
		return x == y;
	return git_oid_equal(git_tree_entry_id(x), git_tree_entry_id(y)) &&
	    git_tree_entry_filemode(x) == git_tree_entry_filemode(y);
}

/* Which of the entries that g wants are the same in a folder of that id; true:
 * there is one. */
static int
last_alike(const struct last *x, struct last_group *g, struct last_group *up,
    bool *alike, struct err *e)
{
	bool same = git_oid_equal(&g->id, &up->id), any = false;

	if (!same &&
	    (last_tree(g, &g->tree, e) == -1 ||
		last_tree(up, &up->tree, e) == -1))
		return -1;
	for (size_t i = 0; i < x->spec->n; i++) {
		alike[i] = g->wants[i] &&
		    (same || last_same(g->tree, up->tree, x->spec->names[i]));
		any = any || alike[i];
	}
	return any;
}

/* Hands what a parent has alike on to it. */
static int
last_hand_on(struct last *x, struct last_group *g, unsigned parent, bool *alike,
    size_t *left, struct err *e)
{
	struct last_group up = { .commit = NULL }, *to;
	int rc = git_commit_parent(&up.commit, g->commit, parent);

	if (rc < 0)
		return worker_fail(e, rc, "parent");
	rc = last_folder(x, up.commit, &up.id, e);
	if (rc == 0)
		rc = last_alike(x, g, &up, alike, e);
	if (rc <= 0) {
		last_group_release(&up);
		return rc;
	}
	to = last_group_of(x, up.commit, &up.id);
	if (to->tree == NULL)
		to->tree = up.tree;
	else
		git_tree_free(up.tree);
	for (size_t i = 0; i < x->spec->n; i++) {
		if (!alike[i])
			continue;
		to->wants[i] = true;
		g->wants[i] = false;
		(*left)--;
	}
	return 0;
}

static char *
last_key(const struct last *x, const git_commit *commit)
{
	const struct trail_last *s = x->spec;
	char sha[GIT_SHA_TEXT];

	return xasprintf("last %s %s/%s",
	    git_oid_tostr(sha, sizeof(sha), git_commit_id(commit)), s->part,
	    s->folder);
}

/* A value: how often it was searched, then of each entry its name with the NUL
 * and the id. */
static void
last_keep(const struct last *x, unsigned tries)
{
	const struct trail_last *s = x->spec;
	AUTO_FREE char *key = last_key(x, s->from);
	AUTO_STR struct str value = STR_INIT;

	str_addc(&value, (char)tries);
	for (size_t i = 0; i < s->n; i++) {
		str_addn(&value, s->names[i], strlen(s->names[i]) + 1);
		str_addn(&value, x->out[i].id, sizeof(x->out[i].id));
	}
	worker_memo_put(s->memo, key, str_view(&value));
}

/* What is known of the commit's entries; how often it was searched, 0: it was
 * not. */
static unsigned
last_known(struct last *x, const git_commit *commit, bool *wants)
{
	const struct trail_last *s = x->spec;
	AUTO_FREE char *key = last_key(x, commit);
	size_t at = 0, name;
	struct view rest;
	unsigned tries;

	if (!worker_memo_get(*s->memo, key, &rest))
		return 0;
	tries = (unsigned char)rest.p[0];
	rest = view_from(rest, 1);
	/* Both are in the order of the folder. */
	while (rest.len > 0) {
		name = strlen(rest.p) + 1;
		for (size_t i = at; i < s->n; i++) {
			if (strcmp(s->names[i], rest.p) != 0)
				continue;
			at = i + 1;
			if (wants[i])
				memcpy(&x->out[i].id, rest.p + name,
				    sizeof(x->out[i].id));
			wants[i] = wants[i] && git_oid_is_zero(&x->out[i]);
			break;
		}
		rest = view_from(rest, name + sizeof(x->out[0].id));
	}
	return tries;
}

static int
last_step(struct last *x, struct last_group *g, bool *alike, struct err *e)
{
	unsigned n = git_commit_parentcount(g->commit);
	size_t left = 0;

	(void)last_known(x, g->commit, g->wants);
	for (size_t i = 0; i < x->spec->n; i++)
		left += g->wants[i];
	for (unsigned i = 0; left > 0 && i < n; i++)
		if (last_hand_on(x, g, i, alike, &left, e) == -1)
			return -1;
	for (size_t i = 0; i < x->spec->n; i++)
		if (g->wants[i])
			x->out[i] = *git_commit_id(g->commit);
	return 0;
}

/* How often it was searched before; enough: nothing is left to do. */
static int
last_start(struct last *x, unsigned *tries, struct err *e)
{
	git_commit *own = NULL;
	struct last_group *g;
	size_t left = 0;
	git_oid id;

	if (last_folder(x, x->spec->from, &id, e) == -1)
		return -1;
	(void)git_commit_dup(&own, x->spec->from);
	g = last_group_of(x, own, &id);
	memset(g->wants, true, x->spec->n * sizeof(bool));
	*tries = last_known(x, x->spec->from, g->wants);
	for (size_t i = 0; i < x->spec->n; i++)
		left += g->wants[i];
	if (left == 0)
		*tries = LAST_TRIES;
	return 0;
}

int
trail_last(const struct trail_last *spec, git_oid *out, struct err *e)
{
	struct last x = { .spec = spec, .out = out };
	bool *alike = xcalloc(spec->n + 1, sizeof(bool));
	unsigned tries = LAST_TRIES;
	int rc = 0;

	memset(out, 0, spec->n * sizeof(*out));
	if (spec->n > 0)
		rc = last_start(&x, &tries, e);
	while (rc == 0 && tries < LAST_TRIES && x.groups > 0 &&
	    clock_mono_ms() < spec->until) {
		struct last_group g = x.v[--x.groups];

		rc = last_step(&x, &g, alike, e);
		last_group_release(&g);
	}
	if (rc == 0 && tries < LAST_TRIES)
		last_keep(&x, tries + 1);
	for (size_t i = 0; i < x.groups; i++)
		last_group_release(&x.v[i]);
	free(x.v);
	free(alike);
	return rc;
}
