/* held: files that an apply held back are taken after it. */
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/files.h"
#include "cli/fetch/plan.h"
#include "cli/fetch/plan_look.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"

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

int
fetch_take(struct fetch_job *j, struct plan *p, const struct fetch_take *take,
    size_t *n, struct err *e)
{
	AUTO_CLOSE int top = -1;

	*n = 0;
	for (size_t i = 0; i < p->n; i++) {
		struct plan_entry *x = &p->list[i];

		if (x->step == PLAN_HELD && held_is_taken(take, x->path)) {
			x->step = PLAN_TODO;
			(*n)++;
		}
	}
	if (*n == 0)
		return err_set(e, ERR_NOTFOUND, "no such file is held back");
	if (strcmp(p->head, j->clone_head) != 0)
		return err_set(e, ERR_DENIED,
		    "HEAD has moved since; fetch it again with --hold none");
	if (fetch_plan_here(j, p, e) == -1 || fetch_clean(j, p, e) == -1)
		return -1;
	if (j->c->g.dry_run)
		return 0;
	p->taking = true;
	if ((top = files_open_tree(j->top, e)) == -1 ||
	    held_places(p, top, e) == -1 || fetch_record_taken(j, p, e) == -1 ||
	    plan_save(p, PLAN_APPLYING, e) == -1)
		return -1;
	FAIL_POINT(fetch_taking);
	return fetch_plan_do(j, p, top, e);
}
