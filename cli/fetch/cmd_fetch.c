#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/weigh.h"
#include "cli/tables.h"
#include "findings/check.h"
#include "findings/policy.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

enum {
	FETCH_REASON_MIN = 3
};

static int
fetch_args_check(const struct cli *c, struct fetch_args *a)
{
	(void)c;
	if (a->apply == NULL)
		a->apply = "unstaged";
	if (strcmp(a->apply, "unstaged") != 0 &&
	    strcmp(a->apply, "branch") != 0)
		return cli_usage("fetch: --apply is unstaged or branch");
	for (int i = 0; i < a->allow.n; i++)
		if (!finding_id_ok(a->allow.v[i]))
			return cli_usage("fetch: --allow %s: no such finding "
					 "can be allowed",
			    a->allow.v[i]);
	if ((a->allow.n > 0 || a->skip_review) &&
	    (a->reason == NULL || strlen(a->reason) < FETCH_REASON_MIN))
		return cli_usage("fetch: --allow and --skip-review need "
				 "--reason TEXT, which is recorded");
	if (a->base != NULL && a->base[0] == '-')
		return cli_usage("fetch: --base %s is not a commit", a->base);
	return CLI_OK;
}

void
fetch_job_release(struct fetch_job *j)
{
	fetch_remove_box(j);
	findings_release(&j->findings);
	findings_policy_free(j->policy);
	str_release(&j->filters);
	str_release(&j->raw);
	str_release(&j->patch_less);
	fetch_patch_unmap(j);
	free(j->git);
	free(j->top);
	free(j->git_dir);
	free(j->objects);
	free(j->patch_file);
	free(j->record);
}

static void
fetch_allow(struct fetch_job *j)
{
	for (int i = 0; i < j->args->allow.n; i++)
		findings_allow(&j->findings, j->args->allow.v[i]);
}

/* From the name of a branch to findings; the clone is only read. */
static int
fetch_examine(
    struct fetch_job *j, const char *project, const char *what, struct err *e)
{
	if (fetch_open_clone(j, e) == -1 ||
	    fetch_resolve_project(j, project, e) == -1 ||
	    fetch_resolve_what(j, what, e) == -1)
		return -1;
	if (strcmp(j->args->apply, "unstaged") == 0 && !j->c->g.dry_run &&
	    fetch_clean(j, e) == -1)
		return -1;
	cli_note("fetching %s of %s into quarantine ...", j->branch, j->full);
	if (fetch_make_box(j, e) == -1 || fetch_pull_in(j, e) == -1 ||
	    (j->policy = fetch_policy_load(j, FETCH_BOX, j->base, e)) == NULL)
		return -1;
	j->findings.policy = j->policy;
	j->limits.file = findings_limit(j->policy, FINDINGS_LIMIT_FILE);
	j->limits.total = findings_limit(j->policy, FINDINGS_LIMIT_TOTAL);
	cli_note("checking %.12s..%.12s ...", j->base, j->head);
	if (fetch_describe(j, e) == -1)
		return err_wrap(e,
		    "the change cannot be read, so it is "
		    "refused");
	if (fetch_sarif_in(j, &j->args->sarif_in, e) == -1)
		return -1;
	fetch_allow(j);
	/* What is refused anyway is not shown to anybody: it may be a key. */
	if (findings_any(&j->findings, FINDING_BLOCK)) {
		j->review = FETCH_REVIEW_UNASKED;
		return 0;
	}
	fetch_review(j);
	fetch_allow(j);
	return 0;
}

static bool
fetch_confirm(const struct fetch_job *j)
{
	char line[16] = "";

	if (j->args->yes)
		return true;
	if (isatty(STDIN_FILENO) != 1)
		return false;
	(void)fflush(stdout);
	(void)fprintf(stderr, "Apply it all the same? [y/N] ");
	return fgets(line, sizeof(line), stdin) != NULL &&
	    (line[0] == 'y' || line[0] == 'Y');
}

/* NULL: go on.  Else the word of the record, and the message. */
static const char *
fetch_judge(struct fetch_job *j, struct err *e)
{
	if (j->review == FETCH_REVIEW_FAILED) {
		(void)err_set(e, ERR_DENIED,
		    "the review failed, so nothing is applied: %s",
		    j->review_why);
		return "review-failed";
	}
	switch (findings_worst(&j->findings)) {
	case FINDING_BLOCK:
		(void)err_set(e, ERR_DENIED,
		    "blocked by findings; nothing was changed (--allow ID "
		    "--reason TEXT lets one pass)");
		return "blocked";
	case FINDING_ASK:
		if (j->c->g.dry_run || fetch_confirm(j))
			return NULL;
		(void)err_set(e, ERR_DENIED,
		    "there are findings to look at; nothing was changed "
		    "(--yes accepts those marked `ask`)");
		return "not-confirmed";
	case FINDING_NOTE:
		break;
	}
	return NULL;
}

static void
fetch_tell_review(const struct fetch_job *j)
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
	case FETCH_REVIEW_FAILED:
		cli_note("review by %s failed", j->review_model);
		return;
	}
}

static int
fetch_link(struct fetch_job *j, struct err *e)
{
	if (!j->link)
		return 0;
	if (fetch_config_set(j, "coffer.project", j->full, e) == -1 ||
	    fetch_config_set(j, "coffer.url", j->c->url, e) == -1)
		return err_wrap(e, "link the clone");
	return 0;
}

static void
fetch_tell_done(struct fetch_job *j)
{
	if (j->c->g.dry_run)
		(void)printf("would apply %s (%.12s)\n", j->branch, j->head);
	else if (strcmp(j->args->apply, "branch") == 0)
		(void)printf("branch %s is at %.12s\n", j->branch, j->head);
	else
		(void)printf("applied %s (%.12s) to your work tree, "
			     "unstaged; `coffer fetch undo` takes it back\n",
		    j->branch, j->head);
}

static int
fetch_finish(struct fetch_job *j)
{
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT, later = ERR_INIT;
	const char *result;

	if (!j->c->g.json)
		findings_print(j->c, &j->findings);
	fetch_tell_review(j);
	result = fetch_judge(j, &e);
	if (j->args->sarif != NULL &&
	    fetch_sarif_out(j, j->args->sarif, &later) == -1) {
		if (result != NULL)
			(void)cli_fail(j->c, &later, "fetch");
		else
			e = later;
		result = result != NULL ? result : "not-applied";
	}
	if (result == NULL && !j->c->g.dry_run) {
		if (fetch_link(j, &e) == -1 || fetch_apply(j, &e) == -1)
			result = "not-applied";
	}
	/* The record of a refusal matters as much as that of an apply. */
	if (!j->c->g.dry_run &&
	    fetch_record(j, result == NULL ? "applied" : result, &later) == -1)
		(void)cli_fail(j->c, &later, "fetch: record");
	if (j->c->g.json) {
		fetch_json(j,
		    result != NULL        ? result
			: j->c->g.dry_run ? "would-apply"
					  : "applied",
		    &out);
		(void)printf("%s\n", str_cstr(&out));
	} else if (result == NULL) {
		fetch_tell_done(j);
	}
	return result == NULL ? CLI_OK : cli_fail(j->c, &e, "fetch");
}

static int
fetch_run(struct cli *c, const void *args, int argc, char **argv)
{
	struct fetch_args a;
	struct fetch_job j = { .c = c, .args = &a };
	const char *project, *what = argv[argc - 1];
	struct err e = ERR_INIT;
	int rc;

	memcpy(&a, args, sizeof(a));
	if ((rc = fetch_args_check(c, &a)) != CLI_OK)
		return rc;
	project = a.project != NULL ? a.project : argc > 1 ? argv[0] : NULL;
	if (a.project != NULL && argc > 1)
		return cli_usage("fetch: the project is named twice");
	if (fetch_examine(&j, project, what, &e) == -1)
		rc = e.code == ERR_INVALID ? cli_usage("fetch: %s", e.msg)
					   : cli_fail(c, &e, "fetch");
	else
		rc = fetch_finish(&j);
	fetch_job_release(&j);
	return rc;
}

static int
fetch_undo_run(struct cli *c, const void *args, int argc, char **argv)
{
	static const struct fetch_args none = { .apply = "unstaged" };
	struct fetch_job j = { .c = c, .args = &none };
	struct err e = ERR_INIT;
	int rc = CLI_OK;

	(void)args;
	(void)argc;
	(void)argv;
	if (fetch_open_clone(&j, &e) == -1 || fetch_undo(&j, &e) == -1)
		rc = cli_fail(c, &e, "fetch undo");
	else if (c->g.json)
		(void)printf(
		    "{\"undone\":%s}\n", c->g.dry_run ? "false" : "true");
	else
		(void)printf("%s\n",
		    c->g.dry_run ? "would undo the last apply"
				 : "the last apply is undone");
	fetch_job_release(&j);
	return rc;
}

#define FETCH(field) offsetof(struct fetch_args, field)

static const struct command_option fetch_options[] = {
	{ 'p', OPT_STR, "project", FETCH(project), "PROJECT",
	    "links this clone to it (once)" },
	{ 'b', OPT_STR, "base", FETCH(base), "COMMIT",
	    "what it is compared with (default: merge base with HEAD)" },
	{ 'a', OPT_STR, "apply", FETCH(apply), "HOW",
	    "unstaged (default) or branch" },
	{ 0, OPT_LIST, "allow", FETCH(allow), "ID",
	    "let this finding pass; may be repeated" },
	{ 0, OPT_FLAG, "skip-review", FETCH(skip_review), NULL,
	    "do not ask the reviewer" },
	{ 0, OPT_STR, "reason", FETCH(reason), "TEXT",
	    "why, for --allow and --skip-review; recorded" },
	{ 0, OPT_STR, "sarif", FETCH(sarif), "FILE",
	    "write the findings there as SARIF 2.1.0" },
	{ 0, OPT_LIST, "sarif-in", FETCH(sarif_in), "FILE",
	    "add what another tool found (SARIF 2.1.0); may be repeated" },
	{ 'y', OPT_FLAG, "yes", FETCH(yes), NULL,
	    "accept findings marked `ask`" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_fetch[] = {
	{ .name = "fetch",
	    .group = "Your clone",
	    .summary = "check, review and apply a branch to your real clone",
	    .usage = "[PROJECT] BRANCH|NUMBER [OPTION...]",
	    .min = 1,
	    .max = 2,
	    .args_size = sizeof(struct fetch_args),
	    .options = fetch_options,
	    .run = fetch_run,
	    .more = "Exit code 3: a check or the reviewer refused; the clone "
		    "is as it was." },
	{ .name = "fetch undo",
	    .group = "Your clone",
	    .summary = "take the last apply back, if nothing changed since",
	    .usage = "",
	    .run = fetch_undo_run },
	{ .name = NULL },
};
