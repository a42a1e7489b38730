/* What a merge would change: the files of the head that differ from what the
 * two have in common, and those of the base that the merge leaves otherwise,
 * which are others when the base moved a file meanwhile, or when they have
 * more than one thing in common. */
#include <string.h>

#include "lib/base/auto.h"
#include "server/domain/checks.h"
#include "server/git/checks_yaml.h"
#include "server/git/git_pull.h"
#include "server/git/worker_merge_priv.h"

enum {
	WORKER_TOUCHED_MAX = 3000,      /* of each */
	WORKER_TOUCHED_NAMES = 1 << 20, /* bytes of all names */
};

struct worker_touched {
	struct worker_call *c;
	git_tree *base;
	git_tree *head;
	git_tree *common;
	git_index *merged; /* NULL: it is the head, or there is none */
	size_t left;       /* bytes of names */
	bool cut;
};

static void
worker_touched_release(struct worker_touched *t)
{
	git_tree_free(t->base);
	git_tree_free(t->head);
	git_tree_free(t->common);
	git_index_free(t->merged);
}

static void
worker_touched_put(struct worker_touched *t, const git_diff *diff)
{
	size_t n = git_diff_num_deltas(diff);

	t->cut = t->cut || n > WORKER_TOUCHED_MAX;
	for (size_t i = 0; i < n && i < WORKER_TOUCHED_MAX; i++) {
		const git_diff_delta *d = git_diff_get_delta(diff, i);
		/* Nothing is taken for a rename: both names are there. */
		const char *path = d->status == GIT_DELTA_DELETED
		    ? d->old_file.path
		    : d->new_file.path;

		if (strlen(path) > t->left) {
			t->cut = true;
			return;
		}
		t->left -= strlen(path);
		worker_text(t->c->w, NULL, path);
	}
}

static int
worker_touched_tree(struct worker_touched *t, git_tree *from, struct err *e)
{
	AUTO_DIFF git_diff *diff = NULL;
	git_diff_options opts;
	int rc;

	(void)git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);
	rc = worker_diff_trees(&diff, t->c->repo, from, t->head, &opts);
	if (rc < 0)
		return worker_fail(e, rc, "diff");
	worker_touched_put(t, diff);
	return 0;
}

static int
worker_touched_merged(struct worker_touched *t, struct err *e)
{
	AUTO_DIFF git_diff *diff = NULL;
	git_diff_options opts;
	int rc;

	(void)git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);
	rc = git_diff_tree_to_index(
	    &diff, t->c->repo, t->base, t->merged, &opts);
	if (rc < 0)
		return worker_fail(e, rc, "diff");
	worker_touched_put(t, diff);
	return 0;
}

/* What the next file of checks would be is wrong by itself, whatever the
 * head's is. */
static int
worker_touched_checks(struct worker_touched *t, struct err *e)
{
	AUTO_CHECKS struct checks checks = CHECKS_INIT;
	const git_index_entry *x = git_index_get_bypath(
	    t->merged, ".coffer/checks.yml", 0);
	git_blob *blob = NULL;
	struct err why = ERR_INIT;
	struct view text;
	int rc;

	if (x == NULL || (x->mode & 0170000) != 0100000)
		return 0;
	rc = git_blob_lookup(&blob, t->c->repo, &x->id);
	if (rc < 0)
		return worker_fail(e, rc, "checks");
	text = (struct view){ .p = git_blob_rawcontent(blob),
		.len = (size_t)git_blob_rawsize(blob) };
	if (text.len > CHECKS_FILE_MAX)
		(void)err_set(&why, ERR_LIMIT, "it is larger than %d bytes",
		    CHECKS_FILE_MAX);
	else
		(void)checks_parse(text, &checks, &why);
	git_blob_free(blob);
	if (why.code != ERR_NONE)
		worker_text(t->c->w, "checks_error", why.msg);
	return 0;
}

static int
worker_touched_trees(
    struct worker_touched *t, const struct worker_pair *p, struct err *e)
{
	AUTO_COMMIT git_commit *common = NULL;
	int rc = git_commit_tree(&t->base, p->base);

	if (rc == 0)
		rc = git_commit_tree(&t->head, p->head);
	if (rc == 0 && p->related)
		rc = git_commit_lookup(&common, t->c->repo, &p->merge_base);
	if (rc == 0 && common != NULL)
		rc = git_commit_tree(&t->common, common);
	if (rc < 0)
		return worker_fail(e, rc, "tree");
	if (!p->related || p->up_to_date || p->fast_forward)
		return 0;
	return worker_merge_index(t->c->repo, p, &t->merged, e);
}

static int
worker_touched_run(
    struct worker_touched *t, const struct worker_pair *p, struct err *e)
{
	bool merged;

	if (worker_touched_trees(t, p, e) == -1)
		return -1;
	merged = t->merged != NULL && !git_index_has_conflicts(t->merged);
	jw_array(t->c->w, "paths");
	if (worker_touched_tree(
		t, t->common != NULL ? t->common : t->base, e) == -1 ||
	    (merged && worker_touched_merged(t, e) == -1))
		return -1;
	jw_end(t->c->w);
	jw_bool(t->c->w, "truncated", t->cut);
	return merged ? worker_touched_checks(t, e) : 0;
}

static int
worker_op_touched(struct worker_call *c, struct err *e)
{
	struct worker_pair p = { .base = NULL };
	struct worker_touched t = { .c = c, .left = WORKER_TOUCHED_NAMES };
	int rc = worker_pair_get(c, &p, e);

	if (rc == 0)
		rc = worker_touched_run(&t, &p, e);
	worker_touched_release(&t);
	worker_pair_release(&p);
	return rc;
}

const struct worker_op worker_ops_touched[] = {
	{ "touched", worker_op_touched },
	{ NULL, NULL },
};
