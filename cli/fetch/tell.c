#include "cli/fetch/tell.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/held.h"
#include "cli/fetch/record.h"
#include "cli/out.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

void
fetch_tell_what(const struct fetch_job *j)
{
	out_text(stdout, j->branch);
	(void)printf(" of ");
	out_text(stdout, j->full);
	(void)printf(", %.12s on %.12s\n", j->head, j->base);
}

static void
tell_verdict(const struct fetch_job *j)
{
	switch (j->review) {
	case FETCH_REVIEW_NONE:
		cli_note("WARNING: no reviewer configured: deterministic "
			 "checks only (`coffer fetch config` sets one)");
		return;
	case FETCH_REVIEW_UNASKED:
		return;
	case FETCH_REVIEW_SKIPPED:
		cli_note("WARNING: review skipped: %s", j->args->reason);
		return;
	case FETCH_REVIEW_OK:
		cli_note("reviewed by %s: no objection", j->review_model);
		return;
	case FETCH_REVIEW_FINDINGS:
		cli_note("reviewed by %s: see the findings", j->review_model);
		return;
	case FETCH_REVIEW_INCOMPLETE:
		if (j->info.missed_all == 0 && fetch_review_info_cut(&j->info))
			cli_note("reviewed by %s: all files were seen, but not "
				 "all that is known around them",
			    j->review_model);
		else
			cli_note("reviewed by %s, but not all of it: %zu of "
				 "%zu files were not seen%s",
			    j->review_model, j->info.missed_all, j->info.files,
			    fetch_review_info_cut(&j->info)
				? ", nor all that is known around them"
				: "");
		return;
	case FETCH_REVIEW_FAILED:
		cli_note("review by %s failed", j->review_model);
		return;
	}
}

void
fetch_tell_review(const struct fetch_job *j)
{
	tell_verdict(j);
	if (j->info.notes_unlisted > 0)
		cli_note("%zu notes of the checks were only counted to the "
			 "reviewer",
		    j->info.notes_unlisted);
}

void
fetch_tell_held(const struct fetch_job *j)
{
	size_t n = plan_count(&j->preview, PLAN_HELD);

	if (n == 0)
		return;
	(void)printf("held back, for they run or steer programs by "
		     "themselves:\n");
	for (size_t i = 0; i < j->preview.n; i++) {
		const struct plan_entry *x = &j->preview.list[i];

		if (x->step != PLAN_HELD)
			continue;
		(void)printf("  ");
		out_text(stdout, x->path);
		(void)printf("  (%s)\n", x->why);
	}
	(void)printf("`coffer fetch held --all` or `--take PATH` takes them, "
		     "after a look\n");
}

void
fetch_tell_earlier(struct fetch_job *j)
{
	struct held_plans h = { .n = 0 };
	struct err ignored = ERR_INIT;

	if (held_load(j, &h, &ignored) == -1)
		h.n = 0;
	for (size_t i = 1; i < h.n; i++) {
		size_t n = plan_count(&h.v[i], PLAN_HELD);

		(void)printf("%zu file%s of %s %s still held back (`coffer "
			     "fetch held`)\n",
		    n, n == 1 ? "" : "s", h.v[i].what, n == 1 ? "is" : "are");
	}
	held_release(&h);
}

void
fetch_tell_done(struct fetch_job *j)
{
	if (j->c->g.dry_run)
		(void)printf("would apply %s (%.12s)\n", j->branch, j->head);
	else if (j->mode == FETCH_BRANCH)
		(void)printf("branch %s is at %.12s\n", j->branch, j->head);
	else if (j->mode == FETCH_MERGE)
		(void)printf("merged %s (%.12s) into %s; `coffer fetch undo` "
			     "takes it back\n",
		    j->branch, j->head,
		    strncmp(j->clone_ref, "refs/heads/", 11) == 0
			? j->clone_ref + 11
			: "HEAD");
	else
		(void)printf("applied %s (%.12s) to your work tree, %s; "
			     "`coffer fetch undo` takes it back\n",
		    j->branch, j->head, j->args->apply);
	fetch_tell_held(j);
	if (!j->c->g.dry_run)
		fetch_tell_earlier(j);
}

void
fetch_tell_error(struct fetch_job *j, const struct err *e)
{
	AUTO_STR struct str out = STR_INIT;

	if (!j->c->g.json)
		return;
	(void)snprintf(j->refused, sizeof(j->refused), "%s", e->msg);
	fetch_json(j, "refused", &out);
	out_json_line(&out);
}
