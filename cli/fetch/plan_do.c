/* plan_do: a plan done, taken back, or found half done. */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/files.h"
#include "cli/fetch/plan.h"
#include "cli/fetch/plan_do.h"
#include "cli/fetch/plan_look.h"
#include "cli/fetch/record.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/path.h"

enum {
	PLAN_LIST_MAX = 64 << 20,
	PLAN_PATH_MAX = 4096
};

static void
plan_trees_close(struct plan_trees *t)
{
	if (t->before != -1)
		(void)close(t->before);
	if (t->after != -1)
		(void)close(t->after);
	t->before = t->after = -1;
}

static int
plan_trees_open(
    const struct plan *p, int top, struct plan_trees *t, struct err *e)
{
	AUTO_FREE char *before = path_join(p->dir, "before");
	AUTO_FREE char *after = path_join(p->dir, "after");

	*t = (struct plan_trees){ top, -1, -1 };
	if (p->n == 0)
		return 0;
	t->before = files_open_tree(before, e);
	t->after = files_open_tree(after, e);
	return t->before == -1 || t->after == -1 ? -1 : 0;
}

/* The index; lines "MODE ID TAB PATH". */
static int
plan_index_put(
    struct fetch_job *j, const struct plan *p, bool after, struct err *e)
{
	static const char *const argv[] = { "update-index", "-z",
		"--index-info", NULL };
	AUTO_STR struct str in = STR_INIT_MAX(PLAN_LIST_MAX);
	struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	for (size_t i = 0; i < p->n; i++) {
		const struct plan_entry *x = &p->list[i];

		if (x->step == PLAN_HELD)
			continue;
		str_addf(&in, "%o %s\t%s", after ? x->new_mode : x->old_mode,
		    after ? x->new_id : x->old_id, x->path);
		str_addc(&in, '\0');
	}
	if (in.len == 0)
		return 0;
	g.in = str_view(&in);
	rc = fetch_git(j, &g, &r, e);
	program_result_release(&r);
	return rc;
}

int
fetch_ref_read(
    struct fetch_job *j, const char *ref, char id[SCAN_ID + 1], struct err *e)
{
	const char *const argv[] = { "rev-parse", "--verify", "--quiet",
		"--end-of-options", ref, NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git_run(j, &g, &r, e);

	id[0] = '\0';
	if (rc == 0 && r.code == 0)
		(void)snprintf(
		    id, SCAN_ID + 1, "%.*s", SCAN_ID, str_cstr(&r.out));
	program_result_release(&r);
	return rc;
}

/* Compare and set; "" is absent. */
static int
plan_ref_move(
    struct fetch_job *j, const struct plan *p, bool after, struct err *e)
{
	static const char none[] = "0000000000000000000000000000000000000000";
	const char *to = after ? p->ref_after : p->ref_before;
	const char *from = after ? p->ref_before : p->ref_after;
	const char *const set[] = { "update-ref", "-m", "coffer fetch", p->ref,
		to, from[0] == '\0' ? none : from, NULL };
	const char *const drop[] = { "update-ref", "-d", p->ref, from, NULL };
	const struct fetch_git g = { .place = FETCH_CLONE,
		.argv = to[0] == '\0' ? drop : set };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(j, &g, &r, e);

	program_result_release(&r);
	return rc;
}

/* One entry from before to after; drop: only those that go away. */
static int
plan_put(const struct plan_trees *t, const struct plan_entry *x, bool drop,
    struct err *e)
{
	bool same = false;

	if (x->step != PLAN_TODO || (x->new_mode == 0) != drop)
		return 0;
	if (plan_at(t, x, false, &same, e) == -1)
		return -1;
	if (!same)
		return err_set(
		    e, ERR_DENIED, "%s was changed this very moment", x->path);
	FAIL_POINT(fetch_file);
	if (drop)
		return files_drop(t->top, x->path, 0, e);
	if (files_put(t->top, t->after, x->path, x->old_mode == 0, e) == 0)
		return 0;
	if (e->code == ERR_EXISTS)
		e->code = ERR_DENIED;
	return -1;
}

static int
plan_put_all(struct fetch_job *j, struct plan *p, const struct plan_trees *t,
    struct err *e)
{
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < p->n; i++)
			if (plan_put(t, &p->list[i], pass == 0, e) == -1)
				return -1;
	FAIL_POINT(fetch_files);
	if (p->n > 0 && syncfs(t->top) == -1)
		return err_sys(e, ERR_IO, "sync");
	if (p->index && plan_index_put(j, p, true, e) == -1)
		return -1;
	FAIL_POINT(fetch_index);
	if (p->ref[0] != '\0' && plan_ref_move(j, p, true, e) == -1)
		return -1;
	FAIL_POINT(fetch_ref);
	return 0;
}

int
plan_finish(struct fetch_job *j, struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].step == PLAN_TODO)
			p->list[i].step = PLAN_PUT;
	if (plan_save(p, PLAN_DONE, e) == -1)
		return -1;
	FAIL_POINT(fetch_done);
	return fetch_record_keep(j, p, e);
}

static int
plan_back(const struct plan *p, const struct plan_trees *t,
    const struct plan_entry *x, bool drop, struct err *e)
{
	bool before = false;

	if (x->step == PLAN_HELD || (x->old_mode == 0) != drop)
		return 0;
	if (plan_at(t, x, false, &before, e) == -1)
		return -1;
	/* Cut off between the file and its folders. */
	if (before && drop)
		files_prune(t->top, x->path, x->kept);
	if (before)
		return 0;
	FAIL_POINT(fetch_back);
	if (!drop)
		plan_clear(p, t, x);
	return drop ? files_drop(t->top, x->path, x->kept, e)
		    : files_put(t->top, t->before, x->path, false, e);
}

/* As it was; each step may have been taken already. */
static int
plan_take_back(struct fetch_job *j, struct plan *p, const struct plan_trees *t,
    struct err *e)
{
	char now[SCAN_ID + 1];
	bool was = true;

	/* An index step that was not done needs none back, nor its lock. */
	if (p->index && fetch_index_was(j, p, &was, e) == -1)
		return -1;
	if (!was && fetch_index_free(j, e) == -1)
		return -1;
	if (p->ref[0] != '\0') {
		if (fetch_ref_read(j, p->ref, now, e) == -1)
			return -1;
		if (strcmp(now, p->ref_after) == 0 &&
		    plan_ref_move(j, p, false, e) == -1)
			return -1;
	}
	FAIL_POINT(fetch_back_ref);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < p->n; i++)
			if (plan_back(p, t, &p->list[i], pass == 0, e) == -1)
				return -1;
	FAIL_POINT(fetch_back_files);
	if (p->n > 0 && syncfs(t->top) == -1)
		return err_sys(e, ERR_IO, "sync");
	return was ? 0 : plan_index_put(j, p, false, e);
}

/* An apply that failed or died; what was there before it stays on record. */
static int
plan_abandon(struct fetch_job *j, struct plan *p, const struct plan_trees *t,
    struct err *e)
{
	struct plan only = *p;
	int rc;

	/* Of files that were held, those that came before stay. */
	only.list = xcalloc(p->n + 1, sizeof(*only.list));
	only.n = 0;
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].step == PLAN_TODO)
			only.list[only.n++] = p->list[i];
	if (p->taking)
		only.ref[0] = '\0';
	rc = plan_strangers(&only, t, e);
	if (rc == 0)
		rc = plan_take_back(j, &only, t, e);
	free(only.list);
	if (rc == -1)
		return -1;
	if (!p->taking)
		return plan_remove(p, e);
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].step == PLAN_TODO)
			p->list[i].step = PLAN_HELD;
	if (fetch_record_drop(p, e) == -1)
		return -1;
	return plan_save(p, PLAN_DONE, e);
}

int
fetch_plan_do(struct fetch_job *j, struct plan *p, int top, struct err *e)
{
	struct plan_trees t;
	struct err why = ERR_INIT;
	int rc = plan_trees_open(p, top, &t, e);

	if (rc == 0 && p->index)
		rc = fetch_index_free(j, e);
	if (rc == 0)
		rc = plan_put_all(j, p, &t, e);
	if (rc == -1 && plan_abandon(j, p, &t, &why) == -1) {
		cli_note("coffer: and it could not be taken back: %s", why.msg);
		(void)err_wrap(e, "half applied");
	} else if (rc == -1) {
		(void)err_wrap(e, "nothing was changed");
	} else {
		rc = plan_finish(j, p, e);
	}
	plan_trees_close(&t);
	return rc;
}

/* Staged or committed since, or on another commit now? */
static int
plan_may_undo(struct fetch_job *j, const struct plan *p, struct err *e)
{
	char now[SCAN_ID + 1], head[PLAN_REF_MAX + 1];
	bool merge = p->ref[0] != '\0' && p->n > 0;

	if (fetch_head_name(j, head, sizeof(head), e) == -1)
		return -1;
	if (p->ref[0] != '\0' && fetch_ref_read(j, p->ref, now, e) == -1)
		return -1;
	if (p->ref[0] != '\0' && strcmp(now, p->ref_after) != 0)
		return err_set(e, ERR_DENIED,
		    "%s has moved since; nothing was undone", p->ref);
	if (merge && strcmp(head, p->ref) != 0)
		return err_set(e, ERR_DENIED,
		    "you are on another branch than then; nothing was undone");
	if (p->n == 0 && strcmp(head, p->ref) == 0)
		return err_set(e, ERR_DENIED,
		    "you are on %s; switch to another branch first", p->ref);
	if (p->n > 0 && !merge && strcmp(p->head, j->clone_head) != 0)
		return err_set(
		    e, ERR_DENIED, "HEAD has moved since; nothing was undone");
	return 0;
}

static int
plan_undo(struct fetch_job *j, struct plan *p, int top, struct err *e)
{
	struct plan_trees t;
	/* One that was begun goes on. */
	const bool dry = j->c->g.dry_run && p->state == PLAN_DONE;
	int rc = plan_trees_open(p, top, &t, e);

	if (rc == 0 && p->state == PLAN_DONE) {
		if (plan_may_undo(j, p, e) == -1 ||
		    plan_strangers(p, &t, e) == -1 ||
		    fetch_index_is(j, p, e) == -1 ||
		    (p->index && fetch_index_free(j, e) == -1))
			rc = -1;
		if (rc == 0 && !dry)
			rc = plan_save(p, PLAN_UNDOING, e);
	} else if (rc == 0) {
		rc = plan_strangers(p, &t, e);
	}
	FAIL_POINT(fetch_undoing);
	if (rc == 0 && !dry &&
	    (plan_take_back(j, p, &t, e) == -1 || plan_remove(p, e) == -1))
		rc = -1;
	plan_trees_close(&t);
	return rc;
}

int
plan_resume(struct fetch_job *j, struct plan *p, int top, struct err *e)
{
	struct plan_trees t = { -1, -1, -1 };
	int rc;

	if (p->state == PLAN_UNDOING)
		return plan_undo(j, p, top, e);
	rc = plan_trees_open(p, top, &t, e);
	if (rc == 0)
		rc = plan_abandon(j, p, &t, e);
	plan_trees_close(&t);
	return rc;
}

char *
fetch_plan_tree(struct fetch_job *j, struct err *e)
{
	static const char *const argv[] = { "rev-parse",
		"--path-format=absolute", "--git-dir", NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	AUTO_FREE char *dir = xmalloc(PLAN_PATH_MAX);
	size_t n = strlen(j->git_dir);

	if (fetch_git_line(j, &g, dir, PLAN_PATH_MAX, e) == -1)
		return NULL;
	if (strcmp(dir, j->git_dir) == 0)
		return xstrdup(".");
	if (strncmp(dir, j->git_dir, n) == 0 && dir[n] == '/')
		return xstrdup(dir + n + 1);
	return STEAL(dir);
}

int
fetch_plan_here(struct fetch_job *j, const struct plan *p, struct err *e)
{
	AUTO_FREE char *tree = fetch_plan_tree(j, e);

	if (tree == NULL)
		return -1;
	if (p->tree != NULL && strcmp(p->tree, tree) == 0)
		return 0;
	return err_set(e, ERR_DENIED, "the last apply was in %s; do this there",
	    p->top == NULL ? "?" : p->top);
}

int
fetch_undo(struct fetch_job *j, struct plan *p, struct err *e)
{
	AUTO_FREE char *dir = path_join(j->dir, "apply");
	AUTO_CLOSE int top = -1;
	int rc = plan_load(p, dir, e);

	if (rc == 1)
		rc = err_set(e, ERR_NOTFOUND, "no apply is on record here");
	if (rc == 0)
		rc = fetch_plan_here(j, p, e);
	if (rc == 0 && (top = files_open_tree(j->top, e)) == -1)
		rc = -1;
	if (rc == 0)
		rc = plan_undo(j, p, top, e);
	return rc;
}
