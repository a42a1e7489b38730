/* held: files that an apply held back are taken after it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/files.h"
#include "cli/fetch/held.h"
#include "cli/fetch/plan.h"
#include "cli/fetch/plan_look.h"
#include "cli/fetch/record.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	HELD_IDS_MAX = 4 << 20,
	HELD_NAME_MAX = 64
};

void
held_release(struct held_plans *h)
{
	for (size_t i = 0; i < h->n; i++)
		plan_release(&h->v[i]);
	free(h->v);
	*h = (struct held_plans){ .n = 0 };
}

static bool
held_is_here(const struct fetch_job *j, const struct plan *p, const char *tree)
{
	return plan_count(p, PLAN_HELD) > 0 && p->state == PLAN_DONE &&
	    strcmp(p->head, j->clone_head) == 0 && strcmp(p->tree, tree) == 0;
}

int
held_load(struct fetch_job *j, struct held_plans *out, struct err *e)
{
	AUTO_FREE char *dir = path_join(j->dir, "apply");
	AUTO_FREE char *tree = fetch_plan_tree(j, e);
	struct shelf_list shelf = { .n = 0 };
	int rc;

	*out = (struct held_plans){ .n = 0 };
	if (tree == NULL || shelf_list(dir, &shelf, e) == -1)
		return -1;
	out->v = xcalloc(SHELF_MAX + 1, sizeof(*out->v));
	rc = plan_load(&out->v[0], dir, e);
	out->n = 1;
	out->last = rc == 0;
	if (rc == 1)
		plan_release(&out->v[0]);
	for (size_t i = 0; rc != -1 && i < shelf.n; i++) {
		struct plan *p = &out->v[out->n++];

		rc = plan_load(p, shelf.dirs[i], e);
		if (rc != 0 || !held_is_here(j, p, tree)) {
			plan_release(p);
			out->n--;
		}
	}
	shelf_list_release(&shelf);
	return rc == -1 ? -1 : 0;
}

static bool
held_is_taken(const struct fetch_take *take, const char *path)
{
	if (take->all)
		return true;
	for (int i = 0; i < take->paths->n; i++)
		if (strcmp(take->paths->v[i], path) == 0)
			return true;
	return false;
}

struct plan *
held_find(struct held_plans *h, const char *path)
{
	for (size_t i = 0; i < h->n; i++)
		for (size_t k = 0; k < h->v[i].n; k++)
			if (h->v[i].list[k].step == PLAN_HELD &&
			    (path == NULL ||
				strcmp(h->v[i].list[k].path, path) == 0))
				return &h->v[i];
	return NULL;
}

int
held_mark(struct fetch_job *j, const struct plan *p, struct err *e)
{
	AUTO_FREE char *path = path_join(j->dir, "apply.taking");
	AUTO_FREE char *dir = path_join(j->dir, "apply");
	const char *name = strrchr(p->dir, '/') + 1;

	if (strcmp(p->dir, dir) == 0)
		return 0;
	return path_write_atomic(path, name, strlen(name), 0600, e);
}

int
held_unmark(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *path = path_join(j->dir, "apply.taking");

	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return err_sys(e, ERR_IO, "remove %s", path);
}

char *
held_marked(struct fetch_job *j)
{
	AUTO_FREE char *path = path_join(j->dir, "apply.taking");
	AUTO_FREE char *dir = path_join(j->dir, "apply");
	AUTO_STR struct str name = STR_INIT_MAX(HELD_NAME_MAX);
	struct err ignored = ERR_INIT;

	if (path_read(path, HELD_NAME_MAX, &name, &ignored) == -1)
		return NULL;
	return shelf_find(dir, str_cstr(&name));
}

/* What is new among them may have found something in its place by now. */
static int
held_places(struct plan *p, int top, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		struct plan_entry *x = &p->list[i];

		if (x->step == PLAN_TODO && x->old_mode == 0 &&
		    plan_place(p, x, top, e) == -1)
			return -1;
	}
	return 0;
}

/* What is to be staged came as objects that nothing names: are they there? */
static int
held_objects(struct fetch_job *j, const struct plan *p, struct err *e)
{
	static const char *const argv[] = { "cat-file", "--batch-check", NULL };
	AUTO_STR struct str ids = STR_INIT_MAX(HELD_IDS_MAX);
	struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	for (size_t i = 0; p->index && i < p->n; i++)
		if (p->list[i].step == PLAN_TODO && p->list[i].new_mode != 0)
			str_addf(&ids, "%s\n", p->list[i].new_id);
	if (ids.len == 0)
		return 0;
	g.in = str_view(&ids);
	g.max_output = HELD_IDS_MAX;
	rc = fetch_git(j, &g, &r, e);
	if (rc == 0 && strstr(str_cstr(&r.out), " missing\n") != NULL)
		rc = err_set(e, ERR_DENIED,
		    "their objects are not in the clone any more (git gc); "
		    "fetch it again with --hold none");
	program_result_release(&r);
	return rc;
}

int
fetch_take(struct fetch_job *j, struct plan *p, const struct fetch_take *take,
    size_t *n, struct err *e)
{
	AUTO_FREE char *dir = path_join(j->dir, "apply");
	AUTO_CLOSE int top = -1;
	struct err later = ERR_INIT;
	int rc;

	*n = 0;
	for (size_t i = 0; i < p->n; i++) {
		struct plan_entry *x = &p->list[i];

		if (x->step == PLAN_HELD && held_is_taken(take, x->path)) {
			x->step = PLAN_TODO;
			x->later = strcmp(p->dir, dir) != 0;
			(*n)++;
		}
	}
	if (*n == 0)
		return err_set(e, ERR_NOTFOUND, "no such file is held back");
	if (strcmp(p->head, j->clone_head) != 0)
		return err_set(e, ERR_DENIED,
		    "HEAD has moved since; fetch it again with --hold none");
	if (fetch_plan_here(j, p, e) == -1 || fetch_clean(j, p, e) == -1 ||
	    held_objects(j, p, e) == -1)
		return -1;
	if (j->c->g.dry_run)
		return 0;
	p->taking = true;
	if ((top = files_open_tree(j->top, e)) == -1 ||
	    held_places(p, top, e) == -1 || fetch_record_taken(j, p, e) == -1 ||
	    held_mark(j, p, e) == -1 || plan_save(p, PLAN_APPLYING, e) == -1)
		return -1;
	FAIL_POINT(fetch_taking);
	rc = fetch_plan_do(j, p, top, e);
	/* Half done it is recovery's. */
	return p->state != PLAN_DONE || held_unmark(j, &later) == 0 ? rc : -1;
}
