#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/map.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"
#include "server/domain/refname.h"
#include "server/git/git_merge.h"
#include "server/git/git_pool.h"
#include "server/service/svc_mirror_priv.h"
#include "server/store/db.h"
#include "server/store/pulls.h"

enum {
	MIRROR_PULLS_MAX = 1000
};

static const char mirror_up[] = "refs/namespaces/upstream/";

void
mirror_items_release(struct mirror_job *j)
{
	for (size_t i = 0; i < j->n; i++) {
		free(j->items[i].ref);
		free(j->items[i].kept);
		free(j->items[i].failed);
	}
	free(j->items);
	j->items = NULL;
	j->n = j->cap = 0;
}

struct mirror_item *
mirror_item_add(struct mirror_job *j, const char *ref)
{
	struct mirror_item *x;

	if (j->n == j->cap) {
		j->cap = j->cap == 0 ? 64 : j->cap * 2;
		j->items = xrealloc(j->items, j->cap * sizeof(*j->items));
	}
	x = &j->items[j->n++];
	*x = (struct mirror_item){ .ref = xstrdup(ref) };
	return x;
}

static void
mirror_set_sha(char out[SHA_HEX + 1], const char *sha)
{
	if (sha != NULL)
		(void)snprintf(out, SHA_HEX + 1, "%s", sha);
}

/* Branches of open pull requests, as full names. */
static int
mirror_open_pulls(struct mirror_job *j, struct map *out, struct err *e)
{
	struct pull_list list = { .n = 0 };
	const struct pull_filter f = { .project_id = j->project.id,
		.state = ISSUE_OPEN,
		.limit = MIRROR_PULLS_MAX };

	if (pulls_list(db_reader(j->m->spec.db), &f, &list, e) == -1)
		return -1;
	for (size_t i = 0; i < list.n; i++) {
		AUTO_FREE char *head = xasprintf(
		    "refs/heads/%s", list.at[i].head);
		AUTO_FREE char *base = xasprintf(
		    "refs/heads/%s", list.at[i].base);

		(void)map_put(out, head, j);
		(void)map_put(out, base, j);
	}
	pull_list_release(&list);
	return 0;
}

/* The local refs that a new name cannot live beside. */
static bool
mirror_collides(const struct map *folded, const char *ref)
{
	AUTO_FREE char *name = xstrdup(ref);
	char *slash;

	if (map_get(folded, name) != NULL)
		return true; /* it is a directory of others */
	while ((slash = strrchr(name, '/')) != NULL) {
		const char *other;

		*slash = '\0';
		other = map_get(folded, name);
		if (other != NULL && strcmp(other, name) == 0)
			return true;
	}
	return false;
}

/* Every local ref that upstream does not take away, with its directories. */
static struct map *
mirror_taken(const struct mirror_job *j)
{
	struct map *taken = map_new(), *leaving = map_new();
	size_t cursor = 0;
	const char *name;

	for (size_t i = 0; i < j->n; i++) {
		const struct mirror_item *x = &j->items[i];

		if (x->new_up[0] == '\0' && strcmp(x->old_up, x->local) == 0)
			(void)map_put(leaving, x->ref, leaving);
	}
	while (map_next(j->local, &cursor, &name, NULL)) {
		AUTO_FREE char *dir = xstrdup(name);
		char *slash;

		if (map_get(leaving, name) != NULL)
			continue;

		free(map_put(taken, name, xstrdup(name)));
		while (
		    (slash = strrchr(dir, '/')) != NULL && slash - dir > 11) {
			*slash = '\0';
			if (map_get(taken, dir) != NULL)
				break;
			(void)map_put(taken, dir, xstrdup(name));
		}
	}
	map_free(leaving);
	return taken;
}

static void
mirror_map_free(struct map *m)
{
	size_t cursor = 0;
	void *value;

	while (map_next(m, &cursor, NULL, &value))
		free(value);
	map_free(m);
}

static void
mirror_item_facts(struct mirror_job *j, struct mirror_item *x,
    const struct map *pulls, const struct map *taken)
{
	const char *branch = refname_branch(x->ref);
	struct mirror_branch *f = &x->facts;

	f->is_tag = branch == NULL;
	f->is_default = branch != NULL &&
	    (strcmp(x->ref, j->head) == 0 ||
		(j->head[0] == '\0' &&
		    strcmp(branch, j->project.default_branch) == 0));
	f->open_pull = map_get(pulls, x->ref) != NULL;
	f->hold = j->project.settings.hold;
	f->collides = x->local[0] == '\0' && x->new_up[0] != '\0' &&
	    mirror_collides(taken, x->ref);
}

/* Items point into themselves: only when no more are added. */
static void
mirror_item_point(struct mirror_item *x)
{
	x->facts.old_up = x->old_up[0] != '\0' ? x->old_up : NULL;
	x->facts.new_up = x->new_up[0] != '\0' ? x->new_up : NULL;
	x->facts.local = x->local[0] != '\0' ? x->local : NULL;
}

int
mirror_items_make(struct mirror_job *j, struct view raw, struct err *e)
{
	size_t skip = sizeof(mirror_up) - 1, cursor = 0;
	struct map *seen = map_new(), *pulls = map_new(), *taken;
	struct git_ref ref;
	const char *name;
	void *value;

	while (gitpool_ref_next(&raw, &ref)) {
		AUTO_FREE char *full = view_dup(ref.name);
		struct mirror_item *x;

		if (!view_starts(ref.name, mirror_up))
			continue;
		x = mirror_item_add(j, full + skip);
		mirror_set_sha(x->new_up, ref.sha);
		mirror_set_sha(x->old_up, map_get(j->shadow, full));
		mirror_set_sha(x->local, map_get(j->local, x->ref));
		(void)map_put(seen, full, j);
		j->refs++;
	}
	while (map_next(j->shadow, &cursor, &name, &value)) {
		struct mirror_item *x;

		if (map_get(seen, name) != NULL)
			continue;
		x = mirror_item_add(j, name + skip);
		mirror_set_sha(x->old_up, value);
		mirror_set_sha(x->local, map_get(j->local, x->ref));
	}
	map_free(seen);
	mirror_report_recall(j);
	if (mirror_open_pulls(j, pulls, e) == -1) {
		map_free(pulls);
		return -1;
	}
	taken = mirror_taken(j);
	for (size_t i = 0; i < j->n; i++) {
		mirror_item_facts(j, &j->items[i], pulls, taken);
		mirror_item_point(&j->items[i]);
	}
	mirror_map_free(taken);
	map_free(pulls);
	return 0;
}

static enum mirror_fact
mirror_fact_of(const struct git_result *r, const char *key)
{
	if (r->fail != NULL)
		return MIRROR_NO;
	return json_bool_or(r->j, key, false) ? MIRROR_YES : MIRROR_NO;
}

static void
mirror_on_old_in_new(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;

	j->items[j->at].facts.old_in_new = mirror_fact_of(r, "yes");
	mirror_items_plan(j);
}

static void
mirror_on_local_in_new(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;

	j->items[j->at].facts.local_in_new = mirror_fact_of(r, "yes");
	mirror_items_plan(j);
}

static void
mirror_on_new_in_local(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;

	j->items[j->at].facts.new_in_local = mirror_fact_of(r, "yes");
	mirror_items_plan(j);
}

static void
mirror_on_same(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;

	j->items[j->at].facts.same = mirror_fact_of(r, "same");
	mirror_items_plan(j);
}

static void
mirror_on_new_in_old(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;

	j->items[j->at].facts.new_in_old = mirror_fact_of(r, "yes");
	mirror_items_plan(j);
}

static void
mirror_on_clean(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;

	j->items[j->at].facts.clean = mirror_fact_of(r, "clean");
	mirror_items_plan(j);
}

static void
mirror_on_merged(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;
	struct mirror_item *x = &j->items[j->at];
	const char *sha = json_str_or(r->j, "sha", NULL);

	if (r->fail != NULL || sha == NULL) {
		/* Not as clean as it looked: then upstream is taken. */
		x->facts.clean = MIRROR_NO;
	} else {
		mirror_set_sha(x->target, sha);
	}
	mirror_items_plan(j);
}

static void
mirror_ask_merge(struct mirror_job *j, const struct mirror_item *x)
{
	const char *branch = refname_branch(x->ref);
	AUTO_FREE char *message = xasprintf("Merge upstream %s\n\nThe local "
					    "branch had commits of its own.\n",
	    branch);
	const struct git_person server = {
		.name = "cofferd", .email = "cofferd@localhost", .at = j->now
	};
	const struct git_merge_spec spec = { .base = x->local,
		.head = x->new_up,
		.style = "merge",
		.message = message,
		.author = server,
		.committer = server };

	gitpool_merge(
	    j->m->spec.pool, j->project.id, &spec, mirror_on_merged, j);
}

/* One question at a time: the lowest bit that was asked for. */
static void
mirror_ask(struct mirror_job *j, const struct mirror_item *x)
{
	struct git_pool *pool = j->m->spec.pool;
	int64_t id = j->project.id;
	unsigned ask = x->step.ask;

	if ((ask & MIRROR_ASK_OLD_IN_NEW) != 0)
		gitpool_is_ancestor(
		    pool, id, x->old_up, x->new_up, mirror_on_old_in_new, j);
	else if ((ask & MIRROR_ASK_LOCAL_IN_NEW) != 0)
		gitpool_is_ancestor(
		    pool, id, x->local, x->new_up, mirror_on_local_in_new, j);
	else if ((ask & MIRROR_ASK_NEW_IN_LOCAL) != 0)
		gitpool_is_ancestor(
		    pool, id, x->new_up, x->local, mirror_on_new_in_local, j);
	else if ((ask & MIRROR_ASK_NEW_IN_OLD) != 0)
		gitpool_is_ancestor(
		    pool, id, x->new_up, x->old_up, mirror_on_new_in_old, j);
	else if ((ask & MIRROR_ASK_SAME) != 0)
		gitpool_same_change(
		    pool, id, x->new_up, x->local, mirror_on_same, j);
	else
		gitpool_mergeable(
		    pool, id, x->local, x->new_up, false, mirror_on_clean, j);
}

void
mirror_items_plan(struct mirror_job *j)
{
	for (; j->at < j->n; j->at++) {
		struct mirror_item *x = &j->items[j->at];

		mirror_plan_branch(&x->facts, &x->step);
		if (x->step.action == MIRROR_ASK) {
			mirror_ask(j, x);
			return;
		}
		if (x->step.action == MIRROR_MERGE && x->target[0] == '\0') {
			mirror_ask_merge(j, x);
			return;
		}
		if (x->step.action == MIRROR_SET)
			mirror_set_sha(x->target, x->new_up);
		else if (x->step.action == MIRROR_DELETE)
			mirror_set_sha(x->target, SHA_ZERO);
	}
	mirror_job_planned(j);
}
