#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

static const char apply_ident[] = "coffer <coffer@localhost> 0 +0000";

int
fetch_clean(struct fetch_job *j, struct err *e)
{
	static const char *const argv[] = { "status", "--porcelain", "-z",
		"--untracked-files=no", "--ignore-submodules=dirty", NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git_run(j, &g, &r, e);

	if (rc == 0 && r.code != 0)
		rc = err_set(e, ERR_INTERNAL, "git status failed");
	else if (rc == 0 && r.out.len > 0)
		rc = err_set(e, ERR_DENIED,
		    "your work tree has changes; commit or stash them first");
	program_result_release(&r);
	return rc;
}

/* A commit object of a tree on the base: both sides of the merge get the same
 * one ancestor, whatever the history is. */
static int
apply_commit(struct fetch_job *j, const char *commit, char out[SCAN_ID + 1],
    struct err *e)
{
	AUTO_STR struct str object = STR_INIT_MAX(4096);
	AUTO_FREE char *rev = xasprintf("%s^{tree}", commit);
	const char *const tree[] = { "rev-parse", "--verify",
		"--end-of-options", rev, NULL };
	static const char *const hash[] = { "hash-object", "-t", "commit", "-w",
		"--stdin", NULL };
	struct fetch_git g = { .place = FETCH_BOX, .argv = tree };
	char id[SCAN_ID + 1];

	if (fetch_git_line(j, &g, id, sizeof(id), e) == -1)
		return -1;
	str_addf(&object,
	    "tree %s\nparent %s\nauthor %s\ncommitter %s\n\nmerge side\n", id,
	    j->base, apply_ident, apply_ident);
	g = (struct fetch_git){
		.place = FETCH_BOX, .argv = hash, .in = str_view(&object)
	};
	return fetch_git_line(j, &g, out, SCAN_ID + 1, e);
}

/* The three-way merge, in the quarantine: the clone is not touched. */
static int
apply_merge(struct fetch_job *j, struct err *e)
{
	char ours[SCAN_ID + 1], theirs[SCAN_ID + 1];
	const char *const argv[] = { "merge-tree", "--write-tree",
		"--no-messages", ours, theirs, NULL };
	const struct fetch_git g = { .place = FETCH_BOX, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	if (apply_commit(j, j->clone_head, ours, e) == -1 ||
	    apply_commit(j, j->head, theirs, e) == -1)
		return -1;
	rc = fetch_git_run(j, &g, &r, e);
	(void)snprintf(
	    j->tree, sizeof(j->tree), "%.*s", SCAN_ID, str_cstr(&r.out));
	if (rc == 0 && r.code == 1)
		rc = err_set(e, ERR_EXISTS,
		    "it conflicts with what your clone has; nothing was "
		    "changed");
	else if (rc == 0 && (r.code != 0 || !fetch_id_ok(j->tree)))
		rc = err_set(e, ERR_INTERNAL, "git merge-tree failed");
	program_result_release(&r);
	return rc;
}

/* The patch from what the clone has to what it will have. */
static int
apply_patch(struct fetch_job *j, struct str *out, struct err *e)
{
	const char *const argv[] = { "diff-tree", "-r", "-p", "--binary",
		"--full-index", "--no-renames", "--no-ext-diff",
		"--no-textconv", "--src-prefix=a/", "--dst-prefix=b/",
		"--end-of-options", j->clone_head, j->tree, NULL };
	const struct fetch_git g = { .place = FETCH_BOX,
		.argv = argv,
		.max_output = (size_t)2 * FETCH_PATCH_MAX };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(j, &g, &r, e);

	if (rc == 0) {
		str_release(out);
		*out = r.out;
		r.out = STR_INIT;
	}
	program_result_release(&r);
	return rc;
}

/* git apply checks the whole patch before it writes the first file. */
static int
apply_unstaged(struct fetch_job *j, struct err *e)
{
	AUTO_STR struct str patch = STR_INIT;
	AUTO_FREE char *dir = fetch_record_dir(j, e);
	const char *argv[] = { "apply", "--whitespace=nowarn", "-p1", "--",
		NULL, NULL };
	struct fetch_git g = {
		.place = FETCH_CLONE, .argv = argv, .no_filters = true
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	if (dir == NULL || apply_merge(j, e) == -1 ||
	    apply_patch(j, &patch, e) == -1)
		return -1;
	if (patch.len == 0)
		return err_set(e, ERR_EXISTS,
		    "your clone has all of %s already", j->branch);
	j->patch_file = xasprintf("%s/last.patch", dir);
	if (path_write_atomic(
		j->patch_file, str_cstr(&patch), patch.len, 0600, e) == -1)
		return -1;
	/* Between the first look and now somebody may have typed. */
	if (fetch_clean(j, e) == -1)
		return -1;
	argv[4] = j->patch_file;
	rc = fetch_git(j, &g, &r, e);
	program_result_release(&r);
	return rc == -1 ? err_wrap(e, "apply (nothing was changed)") : 0;
}

/* A new local branch at the fetched commit; never moves one. */
static int
apply_branch(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *ref = xasprintf("refs/heads/%s", j->branch);
	AUTO_FREE char *spec = xasprintf("refs/coffer/head:%s", ref);
	const char *const look[] = { "rev-parse", "--verify", "--quiet",
		"--end-of-options", ref, NULL };
	const char *const fetch[] = { "fetch", "--quiet", "--no-tags",
		"--no-write-fetch-head", "--no-recurse-submodules",
		"--no-auto-maintenance", "--", j->box, spec, NULL };
	struct fetch_git g = { .place = FETCH_CLONE, .argv = look };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git_run(j, &g, &r, e);

	if (rc == 0 && r.code == 0 &&
	    strncmp(str_cstr(&r.out), j->head, SCAN_ID) != 0)
		rc = err_set(e, ERR_EXISTS,
		    "your clone has a branch %s at %.12s; rename or delete "
		    "it first",
		    j->branch, str_cstr(&r.out));
	if (rc == 0 && r.code != 0) {
		g = (struct fetch_git){
			.place = FETCH_CLONE, .argv = fetch, .local = true
		};
		rc = fetch_git(j, &g, &r, e);
	}
	program_result_release(&r);
	return rc;
}

int
fetch_apply(struct fetch_job *j, struct err *e)
{
	return strcmp(j->args->apply, "branch") == 0 ? apply_branch(j, e)
						     : apply_unstaged(j, e);
}
