#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/program.h"
#include "cli/record.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/wire/json.h"

/* Nothing of the user's: an empty repository in a folder of its own. */
static int
record_box(struct fetch_job *j, struct err *e)
{
	static const char *const init[] = { "init", "--quiet", "--bare",
		"--template=", NULL };
	const struct fetch_git g = { .place = FETCH_BOX, .argv = init };
	struct program_result r = PROGRAM_RESULT_INIT;
	const char *tmp = getenv("TMPDIR");
	AUTO_FREE char *name = path_join(
	    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp",
	    "coffer-replay-XXXXXX");
	int rc;

	if ((j->git = program_find("git", e)) == NULL)
		return -1;
	if (mkdtemp(name) == NULL)
		return err_sys(e, ERR_IO, "make %s", name);
	j->box = STEAL(name);
	rc = fetch_git(j, &g, &r, e);
	program_result_release(&r);
	return rc;
}

static int
record_get(
    struct fetch_job *j, const struct record *r, const char *id, struct err *e)
{
	const char *full = json_str_or(
	    json_get(r->manifest, "facts"), "project", "");
	AUTO_FREE char *url = xasprintf("%s/%s.git", j->c->url, full);
	const char *const get[] = { "fetch", "--quiet", "--no-tags", "--depth",
		"1", url, id, NULL };

	return fetch_git_box(j, get, (struct view){ .len = 0 }, true, e);
}

static int
record_apply(struct fetch_job *j, const struct record *r, const char *base,
    struct err *e)
{
	const char *const tree[] = { "read-tree", base, NULL };
	const char *const apply[] = { "apply", "--cached", "--binary", "-",
		NULL };
	const struct ustar_file *f = record_file(r, "patch.diff");
	const struct view none = { .len = 0 };

	if (f == NULL)
		return err_set(e, ERR_DENIED, "the patch is missing");
	if (record_get(j, r, base, e) == -1 ||
	    fetch_git_box(j, tree, none, false, e) == -1)
		return -1;
	if (f->bytes.len == 0 ||
	    fetch_git_box(j, apply, f->bytes, false, e) == 0)
		return 0;
	/* All that it needs is here: it is the record that is not right. */
	if (e->code == ERR_INTERNAL)
		e->code = ERR_DENIED;
	return err_wrap(e, "its patch");
}

/* What it pushed, where cofferd has that still. */
static int
record_pushed(struct fetch_job *j, const struct record *r, const char *tree,
    struct err *e)
{
	const char *commit = json_str_or(
	    json_get(r->manifest, "patch"), "commit", "");
	AUTO_FREE char *of = xasprintf("%.*s^{tree}", SCAN_ID, commit);
	const char *const parse[] = { "rev-parse", "--verify", of, NULL };
	const struct fetch_git g = { .place = FETCH_BOX, .argv = parse };
	struct err gone = ERR_INIT;
	char got[SCAN_ID + 1];

	if (commit[0] == '\0')
		return 0;
	if (!fetch_id_ok(commit))
		return err_set(e, ERR_DENIED, "its commit is none");
	if (record_get(j, r, commit, &gone) == -1)
		return 0;
	if (fetch_git_line(j, &g, got, sizeof(got), e) == -1)
		return -1;
	return strcmp(got, tree) == 0
	    ? 0
	    : err_set(e, ERR_DENIED,
		  "its patch gives the tree %s, its commit has %s", tree, got);
}

static int
record_replay_in(struct fetch_job *j, const struct record *r, struct err *e)
{
	static const char *const write[] = { "write-tree", NULL };
	const struct fetch_git g = { .place = FETCH_BOX, .argv = write };
	const struct json *patch = json_get(r->manifest, "patch");
	const char *base = json_str_or(patch, "base", "");
	char tree[SCAN_ID + 1];

	if (!fetch_id_ok(base))
		return err_set(e, ERR_DENIED, "its base is no commit");
	if (record_box(j, e) == -1 || record_apply(j, r, base, e) == -1 ||
	    fetch_git_line(j, &g, tree, sizeof(tree), e) == -1)
		return -1;
	if (strcmp(tree, json_str_or(patch, "tree", "")) != 0)
		return err_set(e, ERR_DENIED,
		    "its patch gives the tree %s, not %.40s", tree,
		    json_str_or(patch, "tree", ""));
	return record_pushed(j, r, tree, e);
}

int
record_replay(struct cli *c, const struct record *r, struct err *e)
{
	struct fetch_job j = { .c = c, .limit_mib = FETCH_LIMIT_MIB };
	int rc = record_replay_in(&j, r, e);

	fetch_remove_box(&j);
	free(j.box);
	free(j.git);
	return rc;
}
