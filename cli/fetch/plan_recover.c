/* plan_recover: what was cut off is found by the next command, and taken back
 * or gone on with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/files.h"
#include "cli/fetch/held.h"
#include "cli/fetch/plan.h"
#include "cli/fetch/plan_do.h"
#include "cli/fetch/record.h"
#include "cli/fetch/shelf.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

/* Its last step came to pass: then all of it did. */
static bool
recover_is_through(struct fetch_job *j, const struct plan *p)
{
	struct err ignored = ERR_INIT;
	char now[SCAN_ID + 1];

	return p->ref[0] != '\0' && !p->taking &&
	    fetch_ref_read(j, p->ref, now, &ignored) == 0 &&
	    strcmp(now, p->ref_after) == 0;
}

/* What the command that comes now is told of it. */
static void
recover_tell(struct fetch_job *j, struct plan *p, const char *what)
{
	cli_note("coffer: %s of %s was cut off; %s", what, p->what,
	    p->state == PLAN_UNDOING ? "it is done now" : "it is taken back");
	plan_release(&j->recovered);
	j->recovered = *p;
	*p = (struct plan){ .dir = NULL };
}

static const char *
recover_name(const struct plan *p)
{
	return p->taking               ? "what was taken later"
	    : p->state == PLAN_UNDOING ? "the undo"
				       : "the apply";
}

/* Things stay as they are.  Of files that were held these are held again; of
 * all else the folder stays until the next one is forgotten. */
static int
recover_forget(
    struct fetch_job *j, struct plan *p, const char *what, struct err *e)
{
	AUTO_FREE char *dir = path_join(j->dir, "apply");
	AUTO_FREE char *to = path_join(j->dir, "apply.forgotten");

	if (p->taking && p->state == PLAN_APPLYING) {
		for (size_t i = 0; i < p->n; i++)
			if (p->list[i].step == PLAN_TODO)
				p->list[i].step = PLAN_HELD;
		p->taking = false;
		if (fetch_record_drop(p, e) == -1 ||
		    plan_save(p, PLAN_DONE, e) == -1)
			return -1;
	} else {
		if (path_rmtree(to, e) == -1)
			return -1;
		if (rename(p->dir, to) == -1)
			return err_sys(e, ERR_IO, "keep %s", p->dir);
		if (shelf_take(dir, e) == -1)
			return -1;
		free(p->dir);
		p->dir = STEAL(to);
	}
	j->forgotten = what;
	plan_release(&j->recovered);
	j->recovered = *p;
	*p = (struct plan){ .dir = NULL };
	return 0;
}

static int
recover_plan(struct fetch_job *j, struct plan *p, struct err *e)
{
	AUTO_CLOSE int top = files_open_tree(j->top, e);
	const char *what = recover_name(p);

	if (top == -1)
		return -1;
	if (p->state == PLAN_DONE)
		return fetch_record_keep(j, p, e);
	if (j->forgets)
		return recover_forget(j, p, what, e);
	if (fetch_plan_here(j, p, e) == -1)
		return -1;
	if (p->state == PLAN_APPLYING && recover_is_through(j, p)) {
		cli_note("coffer: the apply of %s was cut off at its end; it "
			 "is finished",
		    p->what);
		return plan_finish(j, p, e);
	}
	if (plan_resume(j, p, top, e) == -1) {
		cli_note("coffer: %s of %s was cut off; what was there before "
			 "is in %s/before.  To leave things as they are: "
			 "`coffer fetch undo --forget`",
		    what, p->what, p->dir);
		return err_wrap(e, "it cannot be taken back as things are");
	}
	recover_tell(j, p, what);
	return 0;
}

/* One before the last, of which files were taken. */
static int
recover_marked(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *dir = held_marked(j);
	struct plan p = { .dir = NULL };
	int rc = dir == NULL ? 1 : plan_load(&p, dir, e);

	if (rc == 0)
		rc = recover_plan(j, &p, e);
	plan_release(&p);
	return rc == -1 ? -1 : held_unmark(j, e);
}

/* A folder of a plan that was not begun, or is over: the death came between
 * that and the next step, and there is nothing to take back. */
static int
recover_rest(
    struct fetch_job *j, const char *name, struct plan *rest, struct err *e)
{
	AUTO_FREE char *dir = path_join(j->dir, name);
	struct err ignored = ERR_INIT;

	if (plan_load(rest, dir, &ignored) != 0)
		plan_release(rest);
	return path_rmtree(dir, e);
}

static int
recover_all(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *dir = path_join(j->dir, "apply");
	struct plan p = { .dir = NULL }, begun = p, gone = p;
	int rc = recover_marked(j, e);

	if (rc == 0)
		rc = plan_load(&p, dir, e);
	if (rc == 1)
		rc = path_rmtree(dir, e) == -1 ? -1 : shelf_take(dir, e);
	else if (rc == 0)
		rc = recover_plan(j, &p, e);
	if (rc == 0 &&
	    (recover_rest(j, "apply.new", &begun, e) == -1 ||
		recover_rest(j, "apply.gone", &gone, e) == -1))
		rc = -1;
	if (rc == 0 && begun.what != NULL)
		recover_tell(j, &begun, recover_name(&begun));
	if (rc == 0 && gone.what != NULL)
		recover_tell(j, &gone, recover_name(&gone));
	plan_release(&begun);
	plan_release(&gone);
	plan_release(&p);
	return rc;
}

int
fetch_recover(struct fetch_job *j, struct err *e)
{
	if (recover_all(j, e) == 0)
		return 0;
	if (!j->looks || e->code != ERR_DENIED)
		return -1;
	cli_note("coffer: %s", e->msg);
	*e = ERR_INIT;
	return 0;
}
