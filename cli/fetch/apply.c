/* apply: from a change that was looked at to a plan of what it does here. */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/files.h"
#include "cli/fetch/hooks.h"
#include "cli/fetch/plan.h"
#include "cli/fetch/plan_look.h"
#include "cli/fetch/record.h"
#include "cli/fetch/shelf.h"
#include "cli/program.h"
#include "findings/check.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/path.h"
#include "lib/base/utf8.h"

enum {
	APPLY_LIST_MAX = 32 << 20
};

/* What a file obeys that is no program's but git's own. */
static const char *
apply_hold_why(const struct scan_change *c)
{
	struct findings found = { .list = NULL };
	const char *slash = strrchr(c->path, '/');
	const char *base = slash == NULL ? c->path : slash + 1;
	const char *why = NULL;

	if (c->new_mode == 0)
		return NULL;
	if (strcmp(base, ".gitattributes") == 0)
		return "gitattributes";
	if (strcmp(base, ".gitmodules") == 0)
		return "gitmodules";
	check_autorun(c, &found);
	/* What a tool reads when somebody starts it is only noted. */
	if (found.n > 0 && found.list[0].severity > FINDING_NOTE)
		why = found.list[0].id; /* a constant */
	findings_release(&found);
	return why;
}

struct apply_scan {
	struct fetch_job *j;
	struct plan *p;
	struct err *e;
	bool look; /* only a list: the checks speak first */
	int rc;
};

static void
apply_on_change(const struct scan_change *c, void *arg)
{
	struct apply_scan *s = arg;
	const char *why = NULL;

	if (s->rc == -1)
		return;
	s->j->changes++;
	if (s->p->n == PLAN_ENTRIES_MAX)
		s->rc = err_set(s->e, ERR_LIMIT,
		    "over %d files change; use --apply branch",
		    (int)PLAN_ENTRIES_MAX);
	else if ((c->old_mode & SCAN_MODE_TYPE) == SCAN_MODE_SUBMODULE ||
	    (c->new_mode & SCAN_MODE_TYPE) == SCAN_MODE_SUBMODULE)
		s->rc = err_set(s->e, ERR_DENIED,
		    "%s is a submodule, which no work tree takes from here; "
		    "use --apply branch",
		    c->path);
	else if (!files_path_ok(c->path) || !utf8_valid(view_of(c->path)))
		s->rc = err_set(s->e, ERR_DENIED,
		    "a file has a name that no work tree takes from here");
	if (s->rc == -1) {
		s->rc = s->look && s->p->n < PLAN_ENTRIES_MAX ? 0 : -1;
		return;
	}
	if (!s->j->args->take_all)
		why = fetch_is_hook(s->j, c->path) && c->new_mode != 0
		    ? "hook"
		    : apply_hold_why(c);
	if (!s->j->args->take_all && why == NULL)
		why = fetch_reached(s->j, c);
	plan_add(s->p, c, why);
}

/* What differs between the clone's commit and what it becomes. */
static int
apply_list(struct fetch_job *j, struct plan *p, bool look, struct err *e)
{
	const char *const argv[] = { "diff-tree", "-r", "-z", "--raw",
		"--no-renames", "--full-index", "--no-abbrev",
		"--end-of-options", j->from, j->to, NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .max_output = FETCH_RAW_MAX
	};
	struct apply_scan s = { .j = j, .p = p, .e = e, .look = look };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(j, &g, &r, e);

	if (rc == 0 &&
	    (rc = scan_raw(str_view(&r.out), apply_on_change, &s, e)) == 0)
		rc = s.rc;
	program_result_release(&r);
	return rc;
}

int
fetch_preview(struct fetch_job *j, struct err *e)
{
	if (j->mode == FETCH_BRANCH)
		return 0;
	if (apply_list(j, &j->preview, true, e) == -1)
		return -1;
	j->nothing = j->changes == 0;
	return !j->nothing ? 0
			   : err_set(e, ERR_EXISTS,
				 "your clone has all of %s already", j->branch);
}

static bool
apply_is_attributes(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash == NULL ? path : slash + 1, ".gitattributes") == 0;
}

/* Attributes decide which bytes a file gets; the branch's own do not. */
static int
apply_raw(struct fetch_job *j, const struct plan_entry *x, const char *after,
    struct err *e)
{
	const char *const argv[] = { "cat-file", "blob", x->new_id, NULL };
	const struct fetch_git g = { .place = FETCH_BOX,
		.argv = argv,
		.max_output = FETCH_ATTRIBUTES_MAX };
	AUTO_FREE char *file = path_join(after, x->path);
	AUTO_FREE char *dir = xstrndup(file, strlen(file) - 15);
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = path_mkdirs(dir, 0700, e);

	if (rc == 0)
		rc = fetch_git(j, &g, &r, e);
	if (rc == 0)
		rc = path_replace(file, str_cstr(&r.out), r.out.len, 0644, e);
	program_result_release(&r);
	return rc;
}

static void
apply_old_attributes(const struct plan *p, struct str *info)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct plan_entry *x = &p->list[i];

		if (apply_is_attributes(x->path)) {
			str_addf(
			    info, "%o %s\t%s", x->old_mode, x->old_id, x->path);
			str_addc(info, '\0');
		}
	}
}

/*
 * after/: the files as a checkout would write them, by git itself, in a folder
 * of ours; line ends are the user's, filters are off.
 */
static int
apply_stage_after(struct fetch_job *j, struct plan *p, struct err *e)
{
	AUTO_FREE char *after = path_join(p->dir, "after");
	AUTO_FREE char *prefix = xasprintf("--prefix=%s/", after);
	AUTO_FREE char *index = path_join(p->dir, "index");
	AUTO_STR struct str info = STR_INIT_MAX(APPLY_LIST_MAX);
	AUTO_STR struct str names = STR_INIT_MAX(APPLY_LIST_MAX);
	const char *const read[] = { "read-tree", "--end-of-options", j->to,
		NULL };
	static const char *const fix[] = { "update-index", "-z", "--index-info",
		NULL };
	const char *const write[] = { "checkout-index", "--quiet", "-z",
		"--stdin", prefix, NULL };
	struct fetch_git g = { .place = FETCH_CLONE,
		.argv = read,
		.index = index,
		.borrow = true,
		.no_filters = true };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = path_mkdirs(after, 0700, e);

	apply_old_attributes(p, &info);
	for (size_t i = 0; rc == 0 && i < p->n; i++) {
		if (p->list[i].new_mode == 0)
			continue;
		if (apply_is_attributes(p->list[i].path))
			rc = apply_raw(j, &p->list[i], after, e);
		else
			str_addn(&names, p->list[i].path,
			    strlen(p->list[i].path) + 1);
	}
	if (rc == 0)
		rc = fetch_git(j, &g, &r, e);
	if (rc == 0 && info.len > 0) {
		g.argv = fix;
		g.in = str_view(&info);
		rc = fetch_git(j, &g, &r, e);
	}
	if (rc == 0 && names.len > 0) {
		g.argv = write;
		g.in = str_view(&names);
		rc = fetch_git(j, &g, &r, e);
	}
	program_result_release(&r);
	(void)unlink(index);
	return rc;
}

/* before/: what is there now, byte by byte. */
static int
apply_stage_before(struct plan *p, int top, struct err *e)
{
	AUTO_FREE char *dir = path_join(p->dir, "before");
	AUTO_CLOSE int before = -1;

	before = files_open_tree(dir, e);
	if (before == -1)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		struct plan_entry *x = &p->list[i];

		if (x->old_mode == 0) {
			if (plan_place(p, x, top, e) == -1)
				return -1;
		} else if (files_absent(top, x->path)) {
			return err_set(e, ERR_DENIED,
			    "%s is not in your work tree; check it out first",
			    x->path);
		} else if (files_put(before, top, x->path, true, e) == -1) {
			return -1;
		}
	}
	return 0;
}

/* The commit, or the merge of it: its objects come into the clone. */
static int
apply_bring(struct fetch_job *j, const char *id, struct err *e)
{
	const char *const name[] = { "update-ref", "refs/coffer/apply", id,
		NULL };
	const char *const fetch[] = { "fetch", "--quiet", "--no-tags",
		"--no-write-fetch-head", "--no-recurse-submodules",
		"--no-auto-maintenance", "--", j->box, "refs/coffer/apply",
		NULL };
	const struct fetch_git g = {
		.place = FETCH_CLONE, .argv = fetch, .local = true
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	if (fetch_git_box(j, name, (struct view){ .len = 0 }, false, e) == -1)
		return -1;
	rc = fetch_git(j, &g, &r, e);
	program_result_release(&r);
	return rc;
}

static int
apply_ident(
    struct fetch_job *j, const char *var, char *out, size_t n, struct err *e)
{
	const char *const argv[] = { "var", var, NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };

	if (fetch_git_line(j, &g, out, n, e) == -1)
		return err_set(e, ERR_INVALID,
		    "a merge commit needs your name: git config user.name and "
		    "user.email");
	return 0;
}

/* The commit of --apply merge, by the user, with both parents. */
static int
apply_merge_commit(struct fetch_job *j, char out[SCAN_ID + 1], struct err *e)
{
	AUTO_STR struct str object = STR_INIT_MAX(8192);
	char author[512], committer[512];

	if (apply_ident(j, "GIT_AUTHOR_IDENT", author, sizeof(author), e) ==
		-1 ||
	    apply_ident(j, "GIT_COMMITTER_IDENT", committer, sizeof(committer),
		e) == -1)
		return -1;
	str_addf(&object,
	    "tree %s\nparent %s\nparent %s\nauthor %s\ncommitter %s\n\n"
	    "Merge branch '%s' of %s\n",
	    j->tree, j->clone_head, j->head, author, committer, j->branch,
	    j->full);
	if (j->pull != 0)
		str_addf(&object, "\nPull request #%ld there.\n", j->pull);
	return fetch_commit_write(j, str_view(&object), out, e);
}

/* The ref that HEAD names, or HEAD when it names none. */
int
fetch_head_name(struct fetch_job *j, char *out, size_t n, struct err *e)
{
	static const char *const argv[] = { "symbolic-ref", "--quiet", "HEAD",
		NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git_run(j, &g, &r, e);

	if (rc == 0) {
		struct view v = view_trim(str_view(&r.out));

		if (r.code != 0 || v.len == 0)
			v = view_of("HEAD");
		if (v.len >= n)
			rc = err_set(e, ERR_LIMIT, "the branch's name");
		else
			(void)snprintf(out, n, "%.*s", (int)v.len, v.p);
	}
	program_result_release(&r);
	return rc;
}

static int
apply_plan_ref(struct fetch_job *j, struct plan *p, struct err *e)
{
	if (j->mode == FETCH_BRANCH) {
		(void)snprintf(
		    p->ref, sizeof(p->ref), "refs/heads/%s", j->branch);
		memcpy(p->ref_after, j->head, sizeof(p->ref_after));
		return apply_bring(j, j->head, e);
	}
	memcpy(p->ref_before, j->clone_head, sizeof(p->ref_before));
	if (fetch_head_name(j, p->ref, sizeof(p->ref), e) == -1)
		return -1;
	if (strcmp(p->ref, j->clone_ref) != 0)
		return err_set(e, ERR_DENIED,
		    "you are on another branch than at the beginning; again");
	if (apply_merge_commit(j, p->ref_after, e) == -1)
		return -1;
	return apply_bring(j, p->ref_after, e);
}

/* Staged content has to be in the clone, whatever commit it is part of. */
static int
apply_plan_objects(struct fetch_job *j, struct err *e)
{
	char commit[SCAN_ID + 1];

	if (fetch_commit_of(j, j->to, j->clone_head, commit, e) == -1)
		return -1;
	return apply_bring(j, commit, e);
}

static int
apply_plan_files(struct fetch_job *j, struct plan *p, int top, struct err *e)
{
	if (apply_list(j, p, false, e) == -1)
		return -1;
	if (j->mode == FETCH_MERGE && plan_count(p, PLAN_HELD) > 0)
		return err_set(e, ERR_DENIED,
		    "a merge takes all of it, also the %zu files that are "
		    "held back; say --hold none, or apply it unstaged",
		    plan_count(p, PLAN_HELD));
	p->index = j->mode != FETCH_UNSTAGED;
	if (apply_stage_after(j, p, e) == -1 ||
	    apply_stage_before(p, top, e) == -1)
		return -1;
	if (j->mode == FETCH_STAGED)
		return apply_plan_objects(j, e);
	return 0;
}

static int
apply_plan(struct fetch_job *j, struct plan *p, int top, struct err *e)
{
	p->top = xstrdup(j->top);
	if ((p->tree = fetch_plan_tree(j, e)) == NULL)
		return -1;
	p->what = xasprintf("%s (%.12s)", j->branch, j->head);
	p->branch = xstrdup(j->branch);
	p->pull = j->pull;
	memcpy(p->commit, j->head, sizeof(p->commit));
	memcpy(p->head, j->clone_head, sizeof(p->head));
	if (j->mode != FETCH_BRANCH && apply_plan_files(j, p, top, e) == -1)
		return -1;
	if ((j->mode == FETCH_BRANCH || j->mode == FETCH_MERGE) &&
	    apply_plan_ref(j, p, e) == -1)
		return -1;
	if (fetch_record_stage(j, p, e) == -1)
		return -1;
	return j->mode == FETCH_BRANCH ? 0 : fetch_clean(j, p, e);
}

/* From here on a death is taken back by whoever comes next. */
static int
apply_commit(struct fetch_job *j, struct plan *p, int top, struct err *e)
{
	AUTO_FREE char *dir = path_join(j->dir, "apply");

	if (fsync(top) == -1 || syncfs(top) == -1)
		return err_sys(e, ERR_IO, "sync");
	if (plan_save(p, PLAN_APPLYING, e) == -1 || shelf_put(dir, e) == -1)
		return -1;
	FAIL_POINT(fetch_planned);
	if (rename(p->dir, dir) == -1)
		return err_sys(e, ERR_IO, "begin");
	free(p->dir);
	p->dir = STEAL(dir);
	return fetch_plan_do(j, p, top, e);
}

/* 1: the branch is there already, and nothing has to be done. */
static int
apply_branch_there(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *ref = xasprintf("refs/heads/%s", j->branch);
	char id[SCAN_ID + 1];

	if (fetch_ref_read(j, ref, id, e) == -1)
		return -1;
	if (id[0] == '\0')
		return 0;
	if (strcmp(id, j->head) == 0)
		return 1;
	return err_set(e, ERR_EXISTS,
	    "your clone has a branch %s at %.12s; rename or delete it first",
	    j->branch, id);
}

int
fetch_apply(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *dir = path_join(j->dir, "apply.new");
	AUTO_CLOSE int top = -1;
	struct plan p = { .dir = NULL };
	int rc = 0;

	if (j->mode == FETCH_BRANCH && (rc = apply_branch_there(j, e)) != 0)
		return rc == 1 ? fetch_record(j, "applied", e) : -1;
	top = files_open_tree(j->top, e);
	if (top == -1 || plan_begin(&p, dir, e) == -1)
		rc = -1;
	else
		rc = apply_plan(j, &p, top, e);
	if (rc == 0)
		rc = apply_commit(j, &p, top, e);
	else if (rc == -1)
		(void)err_wrap(e, "nothing was changed");
	plan_release(&p);
	return rc;
}
