/* Who wrote which line of a file last. */
#include <string.h>

#include "server/git/worker_priv.h"

enum {
	WORKER_BLAME_HUNKS = 20000
};

static void
worker_blame_hunk(struct worker_call *c, const git_blame_hunk *k)
{
	AUTO_COMMIT git_commit *commit = NULL;

	jw_object(c->w, NULL);
	worker_oid(c->w, "sha", &k->final_commit_id);
	jw_u64(c->w, "line", k->final_start_line_number);
	jw_u64(c->w, "lines", k->lines_in_hunk);
	if (git_commit_lookup(&commit, c->repo, &k->final_commit_id) == 0) {
		worker_put_person(c->w, "author", git_commit_author(commit));
		worker_put_message(c->w, "message", git_commit_summary(commit));
	}
	jw_end(c->w);
}

static int
worker_op_blame(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *at = NULL;
	git_blame_options opts;
	git_blame *blame = NULL;
	const char *path;
	uint32_t n;
	int rc;

	if (worker_commit(c, "rev", &at, e) == -1 ||
	    worker_arg(c, "path_in", &path, e) == -1)
		return -1;
	(void)git_blame_options_init(&opts, GIT_BLAME_OPTIONS_VERSION);
	opts.newest_commit = *git_commit_id(at);
	rc = git_blame_file(&blame, c->repo, path, &opts);
	if (rc < 0)
		return worker_fail(e, rc, "blame");
	n = git_blame_get_hunk_count(blame);
	jw_array(c->w, "hunks");
	for (uint32_t i = 0; i < n && i < WORKER_BLAME_HUNKS; i++)
		worker_blame_hunk(c, git_blame_get_hunk_byindex(blame, i));
	jw_end(c->w);
	git_blame_free(blame);
	return 0;
}

const struct worker_op worker_ops_blame[] = {
	{ "blame", worker_op_blame },
	{ NULL, NULL },
};
