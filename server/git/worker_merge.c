#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/map.h"
#include "server/git/git_pool.h"
#include "server/git/worker_merge_priv.h"

enum {
	WORKER_CONFLICTS_MAX = 100,
	WORKER_OWN_MAX = 100, /* local commits looked at for sameness */
	WORKER_UP_MAX = 500   /* upstream's */
};

void
worker_pair_release(struct worker_pair *p)
{
	git_commit_free(p->base);
	git_commit_free(p->head);
}

int
worker_pair_get(struct worker_call *c, struct worker_pair *p, struct err *e)
{
	int rc;

	if (worker_commit(c, "base", &p->base, e) == -1 ||
	    worker_commit(c, "head", &p->head, e) == -1)
		return -1;
	rc = git_merge_base(&p->merge_base, c->repo, git_commit_id(p->base),
	    git_commit_id(p->head));
	if (rc < 0 && rc != GIT_ENOTFOUND)
		return worker_fail(e, rc, "merge base");
	p->related = rc == 0;
	p->up_to_date = p->related &&
	    git_oid_equal(&p->merge_base, git_commit_id(p->head));
	p->fast_forward = p->related &&
	    git_oid_equal(&p->merge_base, git_commit_id(p->base));
	return 0;
}

int
worker_merge_index(git_repository *repo, const struct worker_pair *p,
    git_index **out, struct err *e)
{
	git_merge_options opts;
	int rc = git_merge_options_init(&opts, GIT_MERGE_OPTIONS_VERSION);

	if (rc == 0)
		rc = git_merge_commits(out, repo, p->base, p->head, &opts);
	return rc < 0 ? worker_fail(e, rc, "merge") : 0;
}

static int
worker_put_conflicts(struct jw *w, git_index *index, struct err *e)
{
	git_index_conflict_iterator *it = NULL;
	const git_index_entry *old, *ours, *theirs;
	int rc = 0;

	jw_array(w, "conflicts");
	if (index != NULL && git_index_has_conflicts(index)) {
		rc = git_index_conflict_iterator_new(&it, index);
		for (int i = 0; rc == 0 && i < WORKER_CONFLICTS_MAX; i++) {
			const git_index_entry *x;

			rc = git_index_conflict_next(&old, &ours, &theirs, it);
			if (rc != 0)
				break;
			x = ours != NULL ? ours : theirs != NULL ? theirs : old;
			worker_text(w, NULL, x->path);
		}
		git_index_conflict_iterator_free(it);
	}
	jw_end(w);
	return rc < 0 && rc != GIT_ITEROVER ? worker_fail(e, rc, "conflicts")
					    : 0;
}

static int
worker_op_mergeable(struct worker_call *c, struct err *e)
{
	AUTO_PAIR struct worker_pair p = { .base = NULL };
	AUTO_SCRATCH struct worker_scratch memory = { .repo = NULL };
	AUTO_INDEX git_index *index = NULL;
	bool clean = true, wanted = json_bool_or(c->in, "tree", false);
	bool merges;
	git_oid tree;

	if (worker_pair_get(c, &p, e) == -1)
		return -1;
	merges = !p.up_to_date && !p.fast_forward;
	if (merges && worker_scratch_begin(c->repo, &memory, e) == -1)
		return -1;
	if (wanted) {
		if (worker_merge_tree(c, &p, &tree, &index, e) == -1)
			return -1;
		clean = index == NULL;
	} else if (merges) {
		if (worker_merge_index(c->repo, &p, &index, e) == -1)
			return -1;
		clean = !git_index_has_conflicts(index);
	}
	worker_oid(c->w, "tree", wanted && clean ? &tree : NULL);
	worker_oid(c->w, "base", git_commit_id(p.base));
	worker_oid(c->w, "head", git_commit_id(p.head));
	worker_oid(c->w, "merge_base", p.related ? &p.merge_base : NULL);
	jw_bool(c->w, "clean", clean);
	jw_bool(c->w, "fast_forward", p.fast_forward);
	jw_bool(c->w, "up_to_date", p.up_to_date);
	return worker_put_conflicts(c->w, index, e);
}

static int
worker_person(const struct worker_call *c, const char *key, git_signature **out,
    struct err *e)
{
	const struct json *j = json_get(c->in, key);
	const char *name = json_str_or(j, "name", NULL);
	const char *email = json_str_or(j, "email", NULL);
	int rc;

	if (name == NULL || email == NULL)
		return err_set(e, ERR_INVALID, "%s is missing", key);
	/* A name that git does not take is no reason not to merge. */
	if (strpbrk(name, "<>\n") != NULL ||
	    name[strspn(name, " .,:;\"'")] == '\0')
		name = email;
	rc = git_signature_new(
	    out, name, email, json_i64_or(j, "at", 0) / 1000, 0);
	return rc < 0 ? worker_fail(e, rc, key) : 0;
}

struct worker_merge {
	struct worker_pair p;
	git_signature *author;
	git_signature *committer;
	struct str message;
	bool squash;
	bool rebase; /* the head's commits on top of the base */
	bool commit; /* and a merge commit, or the squashed one */
};

static void
worker_merge_release(struct worker_merge *m)
{
	worker_pair_release(&m->p);
	git_signature_free(m->author);
	git_signature_free(m->committer);
	str_release(&m->message);
}

/* The commit of a merge or squash: tree is `index`, or that of `second`. */
static int
worker_commit_create(struct worker_call *c, struct worker_merge *m,
    git_index *index, const git_commit *second, git_oid *out, struct err *e)
{
	AUTO_TREE git_tree *tree = NULL;
	const git_commit *parents[2] = { m->p.base, second };
	git_oid tree_id;
	int rc;

	if (index != NULL)
		rc = git_index_write_tree_to(&tree_id, index, c->repo);
	else
		rc = git_oid_cpy(&tree_id, git_commit_tree_id(second));
	if (rc == 0)
		rc = git_tree_lookup(&tree, c->repo, &tree_id);
	if (rc == 0)
		rc = git_commit_create(out, c->repo, NULL, m->author,
		    m->committer, NULL, str_cstr(&m->message), tree,
		    m->squash ? 1 : 2, parents);
	return rc < 0 ? worker_fail(e, rc, "write commit") : 0;
}

static int
worker_merge_args(
    struct worker_call *c, struct worker_merge *m, bool *ff, struct err *e)
{
	const char *style, *message;

	if (worker_arg(c, "style", &style, e) == -1)
		return -1;
	m->squash = strcmp(style, "squash") == 0;
	m->rebase = strncmp(style, "rebase", 6) == 0;
	m->commit = m->squash || strcmp(style, "merge") == 0 ||
	    strcmp(style, "rebase-merge") == 0;
	*ff = strcmp(style, "fast-forward-only") == 0;
	if (!m->commit && !*ff && strcmp(style, "rebase") != 0)
		return err_set(e, ERR_INVALID, "no merge style %.40s", style);
	if (*ff)
		return 0;
	if (worker_arg(c, "message", &message, e) == -1)
		return -1;
	if (message[0] == '\0' || strlen(message) > WORKER_TEXT_MAX)
		return err_set(e, ERR_INVALID,
		    "the message must have 1 to %d bytes", WORKER_TEXT_MAX);
	str_add(&m->message, message);
	return worker_person(c, "committer", &m->committer, e);
}

/* What was judged is the merge: rebased commits, which come without the head's
 * merges and one by one, must leave the same files. */
static int
worker_rebase_same(struct worker_call *c, const struct worker_merge *m,
    const git_oid *rebased, struct err *e)
{
	AUTO_INDEX git_index *index = NULL;
	AUTO_COMMIT git_commit *tip = NULL;
	git_oid tree;
	int rc = git_commit_lookup(&tip, c->repo, rebased);

	if (rc < 0)
		return worker_fail(e, rc, "rebase");
	(void)git_oid_cpy(&tree, git_commit_tree_id(m->p.head));
	if (!m->p.fast_forward) {
		if (worker_merge_index(c->repo, &m->p, &index, e) == -1)
			return -1;
		if (!git_index_has_conflicts(index))
			rc = git_index_write_tree_to(&tree, index, c->repo);
	}
	if (rc < 0)
		return worker_fail(e, rc, "rebase");
	if (!git_oid_equal(&tree, git_commit_tree_id(tip)))
		return err_set(e, ERR_LIMIT,
		    "its commits one by one leave other files than the merge: "
		    "use the style merge or squash");
	return 0;
}

/* The commits that a merge makes; *conflict instead when they cannot be. */
static int
worker_merge_make(struct worker_call *c, struct worker_merge *m, git_oid *out,
    git_index **conflict, struct err *e)
{
	AUTO_INDEX git_index *index = NULL;
	AUTO_COMMIT git_commit *tip = NULL;
	int rc;

	if (m->rebase) {
		if (worker_rebase(c, &m->p, m->committer, out, conflict, e) ==
		    -1)
			return -1;
		if (*conflict == NULL &&
		    json_bool_or(c->in, "same_tree", false) &&
		    worker_rebase_same(c, m, out, e) == -1)
			return -1;
		if (*conflict != NULL || !m->commit ||
		    git_oid_equal(out, git_commit_id(m->p.base)))
			return 0;
		rc = git_commit_lookup(&tip, c->repo, out);
		if (rc < 0)
			return worker_fail(e, rc, "rebase");
	} else if (!m->p.fast_forward) {
		if (worker_merge_index(c->repo, &m->p, &index, e) == -1)
			return -1;
		if (git_index_has_conflicts(index)) {
			*conflict = STEAL(index);
			return 0;
		}
	}
	if (m->squash &&
	    worker_squash_people(c, &m->p, &m->author, &m->message, e) == -1)
		return -1;
	if (m->author == NULL &&
	    worker_person(c, "author", &m->author, e) == -1)
		return -1;
	return worker_commit_create(
	    c, m, index, tip != NULL ? tip : m->p.head, out, e);
}

static int
worker_put_tree_of(struct worker_call *c, const git_oid *sha, struct err *e)
{
	AUTO_COMMIT git_commit *commit = NULL;
	int rc = git_commit_lookup(&commit, c->repo, sha);

	/* libgit2 may say that it wrote what a full disk did not take. */
	if (rc == GIT_ENOTFOUND)
		return err_set(e, ERR_IO,
		    "merge: what was written is not there; make room on the "
		    "disk of HOME");
	if (rc < 0)
		return worker_fail(e, rc, "merge");
	worker_oid(c->w, "tree", git_commit_tree_id(commit));
	return 0;
}

static int
worker_merge_run(struct worker_call *c, struct worker_merge *m, struct err *e)
{
	AUTO_INDEX git_index *conflict = NULL;
	git_oid sha;
	bool ff;

	if (worker_merge_args(c, m, &ff, e) == -1 ||
	    worker_pair_get(c, &m->p, e) == -1)
		return -1;
	if (m->p.up_to_date)
		return err_set(
		    e, ERR_INVALID, "the base has every commit of the head");
	if (ff && !m->p.fast_forward)
		return err_set(e, ERR_DENIED,
		    "the head is not a fast-forward of the base");
	if (ff)
		(void)git_oid_cpy(&sha, git_commit_id(m->p.head));
	else if (worker_merge_make(c, m, &sha, &conflict, e) == -1)
		return -1;
	if (conflict == NULL && git_oid_equal(&sha, git_commit_id(m->p.base)))
		return err_set(
		    e, ERR_INVALID, "the base has every change of the head");
	worker_oid(c->w, "sha", conflict == NULL ? &sha : NULL);
	if (conflict == NULL && worker_put_tree_of(c, &sha, e) == -1)
		return -1;
	jw_bool(c->w, "clean", conflict == NULL);
	return worker_put_conflicts(c->w, conflict, e);
}

static int
worker_op_merge(struct worker_call *c, struct err *e)
{
	struct worker_merge m = { .squash = false };
	int rc = worker_merge_run(c, &m, e);

	worker_merge_release(&m);
	return rc;
}

/* The patch id between two trees, as a string; "" when nothing differs. */
static int
worker_patch_id(git_repository *repo, const git_commit *from,
    const git_commit *to, char out[GIT_SHA_TEXT], struct err *e)
{
	AUTO_TREE git_tree *a = NULL;
	AUTO_TREE git_tree *b = NULL;
	AUTO_DIFF git_diff *diff = NULL;
	git_diff_options opts;
	git_oid id;
	int rc = 0;

	out[0] = '\0';
	(void)git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);
	if (from != NULL)
		rc = git_commit_tree(&a, from);
	if (rc == 0)
		rc = git_commit_tree(&b, to);
	if (rc == 0)
		rc = worker_diff_trees(&diff, repo, a, b, &opts);
	if (rc == 0 && git_diff_num_deltas(diff) == 0)
		return 0;
	if (rc == 0)
		rc = git_diff_patchid(&id, diff, NULL);
	if (rc < 0) {
		(void)worker_fail(e, rc, "patch id");
		return -1;
	}
	(void)git_oid_tostr(out, GIT_SHA_TEXT, &id);
	return 0;
}

static int
worker_patch_id_of(git_repository *repo, const git_commit *commit,
    char out[GIT_SHA_TEXT], struct err *e)
{
	AUTO_COMMIT git_commit *parent = NULL;
	int rc = 0;

	if (git_commit_parentcount(commit) > 0)
		rc = git_commit_parent(&parent, commit, 0);
	if (rc < 0) {
		(void)worker_fail(e, rc, "parent");
		return -1;
	}
	return worker_patch_id(repo, parent, commit, out, e);
}

typedef int worker_visit_fn(
    git_repository *repo, const git_commit *commit, void *arg, struct err *e);

/* Commits that `from` has and `hide` has not.  ERR_LIMIT beyond max. */
static int
worker_visit(git_repository *repo, const git_commit *from,
    const git_commit *hide, size_t max, worker_visit_fn *fn, void *arg,
    struct err *e)
{
	AUTO_WALK git_revwalk *walk = NULL;
	git_oid id;
	int rc = git_revwalk_new(&walk, repo);

	if (rc == 0)
		rc = git_revwalk_push(walk, git_commit_id(from));
	if (rc == 0)
		rc = git_revwalk_hide(walk, git_commit_id(hide));
	while (rc == 0 && (rc = git_revwalk_next(&id, walk)) == 0) {
		AUTO_COMMIT git_commit *commit = NULL;

		if (max-- == 0)
			return err_set(e, ERR_LIMIT, "too many commits");
		rc = git_commit_lookup(&commit, repo, &id);
		if (rc == 0 && fn(repo, commit, arg, e) == -1)
			return -1;
	}
	return rc == GIT_ITEROVER ? 0 : worker_fail(e, rc, "walk history");
}

struct worker_same {
	const git_oid *tree; /* of the local tip */
	struct map *patches; /* of upstream's own commits */
	bool tree_seen;
	bool missing; /* a local change that upstream has not */
};

static int
worker_same_up(
    git_repository *repo, const git_commit *commit, void *arg, struct err *e)
{
	struct worker_same *s = arg;
	char id[GIT_SHA_TEXT];

	if (git_oid_equal(git_commit_tree_id(commit), s->tree))
		s->tree_seen = true;
	if (worker_patch_id_of(repo, commit, id, e) == -1)
		return -1;
	if (id[0] != '\0')
		(void)map_put(s->patches, id, s);
	return 0;
}

static int
worker_same_local(
    git_repository *repo, const git_commit *commit, void *arg, struct err *e)
{
	struct worker_same *s = arg;
	char id[GIT_SHA_TEXT];

	/* A merge carries what its parents carry. */
	if (git_commit_parentcount(commit) > 1)
		return 0;
	if (worker_patch_id_of(repo, commit, id, e) == -1)
		return -1;
	if (id[0] != '\0' && map_get(s->patches, id) == NULL)
		s->missing = true;
	return 0;
}

/* All of the local change as one patch: upstream squashed it. */
static int
worker_same_squashed(git_repository *repo, const git_commit *local,
    const git_commit *up, struct worker_same *s, struct err *e)
{
	AUTO_COMMIT git_commit *mb = NULL;
	char id[GIT_SHA_TEXT];
	git_oid base;

	if (git_merge_base(
		&base, repo, git_commit_id(local), git_commit_id(up)) < 0 ||
	    git_commit_lookup(&mb, repo, &base) < 0)
		return 0;
	if (worker_patch_id(repo, mb, local, id, e) == -1)
		return -1;
	if (id[0] == '\0' || map_get(s->patches, id) != NULL)
		s->missing = false;
	return 0;
}

static int
worker_op_same_change(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *up = NULL;
	AUTO_COMMIT git_commit *local = NULL;
	struct worker_same s = { .tree = NULL };
	int rc;

	if (worker_commit(c, "upstream", &up, e) == -1 ||
	    worker_commit(c, "local", &local, e) == -1)
		return -1;
	s.tree = git_commit_tree_id(local);
	s.patches = map_new();
	rc = worker_visit(
	    c->repo, up, local, WORKER_UP_MAX, worker_same_up, &s, e);
	if (rc == 0 && !s.tree_seen)
		rc = worker_visit(c->repo, local, up, WORKER_OWN_MAX,
		    worker_same_local, &s, e);
	if (rc == 0 && !s.tree_seen && s.missing)
		rc = worker_same_squashed(c->repo, local, up, &s, e);
	map_free(s.patches);
	/* Too much to tell: then it is not the same, and nothing is lost. */
	if (rc == -1 && e->code == ERR_LIMIT) {
		s.missing = !s.tree_seen;
		rc = 0;
	}
	if (rc == -1)
		return -1;
	jw_bool(c->w, "same", s.tree_seen || !s.missing);
	return 0;
}

const struct worker_op worker_ops_merge[] = {
	{ "mergeable", worker_op_mergeable },
	{ "merge", worker_op_merge },
	{ "same_change", worker_op_same_change },
	{ NULL, NULL },
};
