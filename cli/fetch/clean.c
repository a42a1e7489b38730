/* clean: is what an apply touches as it is committed, and as it left it? */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/plan.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"

enum {
	CLEAN_OUTPUT_MAX = 64 << 20,
	CLEAN_NAMED_MAX = 5,
	CLEAN_PATH_MAX = 4096
};

static int
clean_order(const void *key, const void *item)
{
	return strcmp(key, ((const struct plan_entry *)item)->path);
}

/* Of the plan's files that path is; they are in git's order. */
static const struct plan_entry *
clean_find(const struct plan *p, const char *path)
{
	return p->n == 0
	    ? NULL
	    : bsearch(path, p->list, p->n, sizeof(*p->list), clean_order);
}

struct clean_names {
	struct str text;
	size_t n;
};

static void
clean_name(struct clean_names *names, const char *path)
{
	if (names->n++ < CLEAN_NAMED_MAX)
		str_addf(
		    &names->text, "%s%.80s", names->n == 1 ? "" : ", ", path);
	else if (names->n == CLEAN_NAMED_MAX + 1)
		str_add(&names->text, " ...");
}

/* One of `git status`: XY, a blank, the path. */
static void
clean_line(const struct plan *p, bool merge, struct view line,
    struct clean_names *touched, struct clean_names *staged)
{
	AUTO_FREE char *path = NULL;
	const struct plan_entry *x;

	if (line.len < 4)
		return;
	path = view_dup(view_from(line, 3));
	x = clean_find(p, path);
	/* Also what is held: it may be taken later, on what is here now. */
	if (x != NULL && x->step != PLAN_PUT)
		clean_name(touched, path);
	if (merge && line.p[0] != ' ' && line.p[0] != '?')
		clean_name(staged, path);
}

/* Files that git was told not to look at may be anything. */
static int
clean_flags(struct fetch_job *j, const struct plan *p, struct err *e)
{
	static const char *const argv[] = { "ls-files", "-v", "-z", NULL };
	const struct fetch_git g = { .place = FETCH_CLONE,
		.argv = argv,
		.max_output = CLEAN_OUTPUT_MAX };
	struct clean_names names = { .text = STR_INIT_MAX(500) };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct view rest, line;
	int rc = fetch_git(j, &g, &r, e);

	rest = str_view(&r.out);
	while (rc == 0 && rest.len > 0 && view_split(&rest, '\0', &line)) {
		AUTO_FREE char *path = NULL;

		/* "H PATH" is an ordinary one. */
		if (line.len < 3 || line.p[0] == 'H')
			continue;
		path = view_dup(view_from(line, 2));
		if (clean_find(p, path) != NULL)
			clean_name(&names, path);
	}
	if (rc == 0 && names.n > 0)
		rc = err_set(e, ERR_DENIED,
		    "git does not look at (assume-unchanged, skip-worktree) or "
		    "has conflicts in: %s; nothing is applied there",
		    str_cstr(&names.text));
	str_release(&names.text);
	program_result_release(&r);
	return rc;
}

/* A merge in the midst of another one, or of a rebase, would be neither. */
static int
clean_pending(struct fetch_job *j, struct err *e)
{
	static const struct {
		const char *file, *what;
	} marks[] = {
		{ "MERGE_HEAD", "merge" },
		{ "CHERRY_PICK_HEAD", "cherry-pick" },
		{ "REVERT_HEAD", "revert" },
		{ "rebase-merge", "rebase" },
		{ "rebase-apply", "rebase" },
		/* Of several, between two of them. */
		{ "sequencer", "cherry-pick or revert" },
	};
	static const char *const argv[] = { "rev-parse", "--absolute-git-dir",
		NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	AUTO_FREE char *dir = xmalloc(CLEAN_PATH_MAX);
	struct stat st;

	if (j->mode != FETCH_MERGE)
		return 0;
	if (fetch_git_line(j, &g, dir, CLEAN_PATH_MAX, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		AUTO_FREE char *path = path_join(dir, marks[i].file);

		if (lstat(path, &st) == 0)
			return err_set(e, ERR_DENIED,
			    "you are in the middle of a %s; end it first",
			    marks[i].what);
	}
	return 0;
}

int
fetch_clean(struct fetch_job *j, const struct plan *p, struct err *e)
{
	static const char *const argv[] = { "status", "--porcelain", "-z",
		"--no-renames", "--untracked-files=no",
		"--ignore-submodules=all", NULL };
	const struct fetch_git g = { .place = FETCH_CLONE,
		.argv = argv,
		.max_output = CLEAN_OUTPUT_MAX };
	struct clean_names touched = { .text = STR_INIT_MAX(500) };
	struct clean_names staged = { .text = STR_INIT_MAX(500) };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct view rest, line;
	char head[SCAN_ID + 1];
	int rc = fetch_git(j, &g, &r, e);

	rest = str_view(&r.out);
	while (rc == 0 && rest.len > 0 && view_split(&rest, '\0', &line))
		clean_line(p, j->mode == FETCH_MERGE, line, &touched, &staged);
	if (rc == 0 && touched.n > 0)
		rc = err_set(e, ERR_DENIED,
		    "your work tree has changes in what it touches: %s; commit "
		    "or stash them first",
		    str_cstr(&touched.text));
	else if (rc == 0 && staged.n > 0)
		rc = err_set(e, ERR_DENIED,
		    "a merge needs an index without staged work: %s; commit it "
		    "first",
		    str_cstr(&staged.text));
	if (rc == 0)
		rc = clean_pending(j, e);
	if (rc == 0)
		rc = clean_flags(j, p, e);
	if (rc == 0)
		rc = fetch_ref_read(j, "HEAD^{commit}", head, e);
	if (rc == 0 && strcmp(head, j->clone_head) != 0)
		rc = err_set(e, ERR_DENIED, "HEAD has moved meanwhile; again");
	str_release(&touched.text);
	str_release(&staged.text);
	program_result_release(&r);
	return rc;
}

static bool
clean_entry_is(
    const struct plan_entry *x, bool after, const char *mode, const char *id)
{
	uint32_t want = after ? x->new_mode : x->old_mode;
	char text[16];

	(void)snprintf(text, sizeof(text), "%06o", want);
	return strcmp(text, mode) == 0 &&
	    strcmp(id, after ? x->new_id : x->old_id) == 0;
}

/* "MODE ID STAGE TAB PATH" of `git ls-files -s`. */
static void
clean_index_line(const struct plan *p, bool after, struct view line, bool *seen,
    struct clean_names *names)
{
	struct view head, mode, id;
	AUTO_FREE char *path = NULL, *m = NULL, *i = NULL;
	const struct plan_entry *x;

	if (!view_split(&line, '\t', &head) || !view_split(&head, ' ', &mode) ||
	    !view_split(&head, ' ', &id))
		return;
	path = view_dup(line);
	if ((x = clean_find(p, path)) == NULL || x->step == PLAN_HELD)
		return;
	m = view_dup(mode);
	i = view_dup(id);
	seen[x - p->list] = true;
	if (!clean_entry_is(x, after, m, i))
		clean_name(names, path);
}

/* Those that the index has otherwise than before, or after. */
static int
clean_index(struct fetch_job *j, const struct plan *p, bool after,
    struct clean_names *names, struct err *e)
{
	static const char *const argv[] = { "ls-files", "-s", "-z", NULL };
	const struct fetch_git g = { .place = FETCH_CLONE,
		.argv = argv,
		.max_output = CLEAN_OUTPUT_MAX };
	struct program_result r = PROGRAM_RESULT_INIT;
	AUTO_FREE bool *seen = xcalloc(p->n + 1, sizeof(*seen));
	struct view rest, line;
	int rc = p->n == 0 ? 0 : fetch_git(j, &g, &r, e);

	rest = str_view(&r.out);
	while (rc == 0 && rest.len > 0 && view_split(&rest, '\0', &line))
		clean_index_line(p, after, line, seen, names);
	for (size_t i = 0; rc == 0 && i < p->n; i++) {
		const struct plan_entry *x = &p->list[i];

		if (!seen[i] && x->step != PLAN_HELD &&
		    (after ? x->new_mode : x->old_mode) != 0)
			clean_name(names, x->path);
	}
	program_result_release(&r);
	return rc;
}

int
fetch_index_is(struct fetch_job *j, const struct plan *p, struct err *e)
{
	struct clean_names names = { .text = STR_INIT_MAX(500) };
	int rc = clean_index(j, p, p->index, &names, e);

	if (rc == 0 && names.n > 0)
		rc = err_set(e, ERR_DENIED,
		    "staged otherwise since: %s; nothing was undone",
		    str_cstr(&names.text));
	str_release(&names.text);
	return rc;
}

int
fetch_index_was(
    struct fetch_job *j, const struct plan *p, bool *yes, struct err *e)
{
	struct clean_names names = { .text = STR_INIT_MAX(500) };
	int rc = clean_index(j, p, false, &names, e);

	*yes = names.n == 0;
	str_release(&names.text);
	return rc;
}

int
fetch_index_free(struct fetch_job *j, struct err *e)
{
	static const char *const argv[] = { "rev-parse",
		"--path-format=absolute", "--git-path", "index.lock", NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	AUTO_FREE char *path = xmalloc(CLEAN_PATH_MAX);
	struct stat st;

	if (fetch_git_line(j, &g, path, CLEAN_PATH_MAX, e) == -1)
		return -1;
	if (lstat(path, &st) == -1)
		return errno == ENOENT ? 0
				       : err_sys(e, ERR_IO, "look at %s", path);
	return err_set(e, ERR_BUSY,
	    "another git is at work in this clone, or one died: %s is there",
	    path);
}
