/* merge: what the clone becomes with the branch; in the quarantine alone. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

static const char merge_ident[] = "coffer <coffer@localhost> 0 +0000";

int
fetch_commit_write(struct fetch_job *j, struct view object,
    char out[SCAN_ID + 1], struct err *e)
{
	static const char *const hash[] = { "hash-object", "-t", "commit", "-w",
		"--stdin", NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = hash, .in = object
	};

	if (fetch_git_line(j, &g, out, SCAN_ID + 1, e) == -1)
		return -1;
	return fetch_id_ok(out) ? 0
				: err_set(e, ERR_PROTO, "git wrote no commit");
}

int
fetch_commit_of(struct fetch_job *j, const char *what, const char *parent,
    char out[SCAN_ID + 1], struct err *e)
{
	AUTO_STR struct str object = STR_INIT_MAX(4096);
	AUTO_FREE char *rev = xasprintf("%s^{tree}", what);
	const char *const tree[] = { "rev-parse", "--verify",
		"--end-of-options", rev, NULL };
	const struct fetch_git g = { .place = FETCH_BOX, .argv = tree };
	char id[SCAN_ID + 1];

	if (fetch_git_line(j, &g, id, sizeof(id), e) == -1)
		return -1;
	str_addf(&object,
	    "tree %s\nparent %s\nauthor %s\ncommitter %s\n\nmerge side\n", id,
	    parent, merge_ident, merge_ident);
	return fetch_commit_write(j, str_view(&object), out, e);
}

/* Names of a list that ends with an empty one, for the message. */
static void
merge_conflicts(struct view rest, struct str *out)
{
	struct view name;
	int n = 0;

	(void)view_split(&rest, '\0', &name); /* the tree */
	while (rest.len > 0 && view_split(&rest, '\0', &name)) {
		if (name.len == 0)
			return;
		if (n++ < 5)
			str_addf(out, "%s%.*s", n == 1 ? "" : ", ",
			    (int)(name.len > 60 ? 60 : name.len), name.p);
		else if (n == 6)
			str_add(out, " ...");
	}
}

/*
 * Three-way, with the base as the one ancestor whatever the history is: both
 * sides are commits of our own on it.
 */
int
fetch_merge(struct fetch_job *j, struct err *e)
{
	AUTO_STR struct str names = STR_INIT_MAX(400);
	char ours[SCAN_ID + 1], theirs[SCAN_ID + 1];
	const char *const argv[] = { "merge-tree", "--write-tree",
		"--no-messages", "--name-only", "-z", ours, theirs, NULL };
	const struct fetch_git g = { .place = FETCH_BOX, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	if (fetch_commit_of(j, j->clone_head, j->base, ours, e) == -1 ||
	    fetch_commit_of(j, j->head, j->base, theirs, e) == -1)
		return -1;
	rc = fetch_git_run(j, &g, &r, e);
	(void)snprintf(
	    j->tree, sizeof(j->tree), "%.*s", SCAN_ID, str_cstr(&r.out));
	if (rc == 0 && r.code == 1) {
		merge_conflicts(str_view(&r.out), &names);
		rc = err_set(e, ERR_EXISTS,
		    "it conflicts with what your clone has in %s; nothing was "
		    "changed. `--apply branch` takes it as a branch that you "
		    "can merge or rebase by hand",
		    str_cstr(&names));
	} else if (rc == 0 && (r.code != 0 || !fetch_id_ok(j->tree))) {
		rc = err_set(e, ERR_INTERNAL, "git merge-tree failed");
	}
	program_result_release(&r);
	return rc;
}
