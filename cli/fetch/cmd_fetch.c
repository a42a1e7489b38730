#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/hooks.h"
#include "cli/fetch/question.h"
#include "cli/fetch/record.h"
#include "cli/fetch/tell.h"
#include "cli/fetch/weigh.h"
#include "cli/out.h"
#include "cli/program.h"
#include "cli/tables.h"
#include "findings/check.h"
#include "findings/policy.h"
#include "findings/reach.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/map.h"

enum {
	FETCH_REASON_MIN = 3
};

static const struct {
	const char *name;
	enum fetch_mode mode;
} fetch_modes[] = {
	{ "unstaged", FETCH_UNSTAGED },
	{ "staged", FETCH_STAGED },
	{ "branch", FETCH_BRANCH },
	{ "merge", FETCH_MERGE },
};

static int
fetch_mode_check(struct fetch_job *j, struct fetch_args *a)
{
	if (a->apply == NULL)
		a->apply = "unstaged";
	for (size_t i = 0; i < sizeof(fetch_modes) / sizeof(fetch_modes[0]);
	     i++) {
		if (strcmp(a->apply, fetch_modes[i].name) == 0) {
			j->mode = fetch_modes[i].mode;
			return CLI_OK;
		}
	}
	return cli_usage("fetch: --apply is unstaged, staged, branch or merge");
}

static int
fetch_args_check(struct fetch_job *j, struct fetch_args *a)
{
	int rc = fetch_mode_check(j, a);

	if (rc != CLI_OK)
		return rc;
	if (a->hold != NULL && strcmp(a->hold, "auto") != 0 &&
	    strcmp(a->hold, "none") != 0)
		return cli_usage("fetch: --hold is auto or none");
	a->take_all = a->hold != NULL && strcmp(a->hold, "none") == 0;
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
	if (j->lock > 0)
		(void)close(j->lock - 1);
	findings_release(&j->findings);
	fetch_review_info_release(&j->info);
	plan_release(&j->preview);
	plan_release(&j->recovered);
	findings_policy_free(j->policy);
	str_release(&j->filters);
	str_release(&j->raw);
	str_release(&j->patch_less);
	fetch_patch_unmap(j);
	free(j->git);
	free(j->top);
	free(j->git_dir);
	free(j->objects);
	free(j->dir);
	map_free(j->hooks);
	for (size_t i = 0; i < j->nscripts; i++)
		free(j->scripts[i]);
	free(j->scripts);
	for (size_t i = 0; i < FETCH_TRUST; i++)
		free(j->trust[i]);
	reach_free(j->reach);
	free(j->passing_path);
	free(j->record);
}

static void
fetch_allow(struct fetch_job *j)
{
	for (int i = 0; i < j->args->allow.n; i++)
		findings_allow(&j->findings, j->args->allow.v[i]);
}

static int
fetch_head_tree(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *rev = xasprintf("%s^{tree}", j->head);
	const char *const argv[] = { "rev-parse", "--verify",
		"--end-of-options", rev, NULL };
	const struct fetch_git g = { .place = FETCH_BOX, .argv = argv };

	return fetch_git_line(j, &g, j->tree, sizeof(j->tree), e);
}

/* A merge says that all of both histories is in it: on another base than the
 * one where they part it would say so of what it leaves out, and bring back
 * what was reverted. */
static int
fetch_merge_base_ok(struct fetch_job *j, struct err *e)
{
	const char *const argv[] = { "merge-base", "--all", j->clone_head,
		j->head, NULL };
	const struct fetch_git g = { .place = FETCH_BOX, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct view rest, line;
	bool found = false;
	int rc;

	if (j->mode != FETCH_MERGE || j->args->base == NULL)
		return 0;
	/* Status 1: there is none. */
	rc = fetch_git_run(j, &g, &r, e);
	if (rc == 0 && r.code > 1)
		rc = err_set(e, ERR_INTERNAL, "git merge-base failed");
	rest = str_view(&r.out);
	while (rest.len > 0 && view_split(&rest, '\n', &line))
		found = found || view_is(line, j->base);
	if (rc == 0 && !found)
		rc = err_set(e, ERR_DENIED,
		    "--base %s is not where the two histories part: a merge "
		    "would count as merged what it leaves out, or bring back "
		    "what you reverted; --apply unstaged takes the difference "
		    "from it",
		    j->args->base);
	program_result_release(&r);
	return rc;
}

/* What an apply changes here is what is looked at: base to head of a branch,
 * else the clone's commit to what the merge makes of it. */
static int
fetch_settle(struct fetch_job *j, struct err *e)
{
	const bool branch = j->mode == FETCH_BRANCH;

	if (fetch_merge_base_ok(j, e) == -1 ||
	    (branch ? fetch_head_tree(j, e) : fetch_merge(j, e)) == -1)
		return -1;
	memcpy(j->from, branch ? j->base : j->clone_head, sizeof(j->from));
	memcpy(j->to, branch ? j->head : j->tree, sizeof(j->to));
	if (fetch_count(j, e) == -1 || fetch_load_links(j, e) == -1 ||
	    fetch_load_scripts(j, e) == -1)
		return -1;
	return fetch_preview(j, e);
}

int
fetch_bring(
    struct fetch_job *j, const char *project, const char *what, struct err *e)
{
	if (fetch_open_clone(j, e) == -1 || fetch_lock(j, e) == -1 ||
	    fetch_resolve_project(j, project, e) == -1 ||
	    fetch_resolve_what(j, what, e) == -1)
		return -1;
	if (fetch_load_hooks(j, e) == -1 || fetch_load_trust(j, e) == -1 ||
	    fetch_head_name(j, j->clone_ref, sizeof(j->clone_ref), e) == -1)
		return -1;
	fetch_load_account(j);
	cli_note("fetching %s of %s into quarantine ...", j->branch, j->full);
	if (fetch_make_box(j, e) == -1 || fetch_pull_in(j, e) == -1)
		return -1;
	return fetch_settle(j, e);
}

/* From the name of a branch to findings; the clone is only read. */
static int
fetch_examine(
    struct fetch_job *j, const char *project, const char *what, struct err *e)
{
	if (fetch_bring(j, project, what, e) == -1)
		return -1;
	/* Before minutes of review: it is asked again before the apply. */
	if (j->mode != FETCH_BRANCH && !j->c->g.dry_run &&
	    fetch_clean(j, &j->preview, e) == -1)
		return -1;
	/* Of what the user has: an old base, or one that is given, would
	 * choose its own. */
	j->policy = fetch_policy_load(j, FETCH_BOX, j->clone_head, e);
	if (j->policy == NULL)
		return -1;
	j->findings.policy = j->policy;
	j->limits.file = findings_limit(j->policy, FINDINGS_LIMIT_FILE);
	j->limits.total = findings_limit(j->policy, FINDINGS_LIMIT_TOTAL);
	cli_note("checking %.12s..%.12s ...", j->base, j->head);
	if (fetch_describe(j, e) == -1)
		return err_wrap(
		    e, "the change cannot be read, so it is refused");
	if (fetch_find_hooks(j, e) == -1 || fetch_find_reached(j, e) == -1 ||
	    fetch_find_rewritten(j, e) == -1 ||
	    fetch_sarif_in(j, &j->args->sarif_in, e) == -1)
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
fetch_confirm(struct fetch_job *j)
{
	bool yes = j->args->yes ||
	    question_ask("Apply it all the same?") == QUESTION_YES;

	if (yes)
		j->confirmed = j->args->yes ? "--yes" : "terminal";
	return yes;
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

/* The worst first, in the order that they were found. */
static void
fetch_sort(struct findings *f)
{
	for (size_t i = 1; i < f->n; i++) {
		struct finding x = f->list[i];
		size_t at = i;

		for (; at > 0 && f->list[at - 1].severity < x.severity; at--)
			f->list[at] = f->list[at - 1];
		f->list[at] = x;
	}
}

/* On a terminal the files that are held back can be taken at once; without
 * any answer nothing is applied. */
static int
fetch_offer_held(struct fetch_job *j, struct fetch_args *a, struct err *e)
{
	enum question answer;

	if (plan_count(&j->preview, PLAN_HELD) == 0 || j->c->g.dry_run ||
	    j->c->g.json || a->hold != NULL || isatty(STDIN_FILENO) != 1)
		return 0;
	fetch_tell_held(j);
	answer = question_ask("Take them with the rest?");
	if (answer == QUESTION_BREAK)
		return err_set(
		    e, ERR_DENIED, "it was not answered; nothing was changed");
	a->take_all = answer == QUESTION_YES;
	for (size_t i = 0; a->take_all && i < j->preview.n; i++)
		j->preview.list[i].step = PLAN_TODO;
	return 0;
}

static int
fetch_finish(struct fetch_job *j, struct fetch_args *a)
{
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT, later = ERR_INIT;
	const char *result;

	fetch_sort(&j->findings);
	if (!j->c->g.json) {
		fetch_tell_what(j);
		findings_print(j->c, &j->findings);
	}
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
	if (result == NULL && fetch_offer_held(j, a, &e) == -1)
		result = "not-confirmed";
	if (result == NULL && !j->c->g.dry_run) {
		if (fetch_link(j, &e) == -1 || fetch_apply(j, &e) == -1)
			result = "not-applied";
	}
	/* The record of a refusal matters as much as that of an apply. */
	if (!j->c->g.dry_run && result != NULL &&
	    fetch_record(j, result, &later) == -1)
		(void)cli_fail(j->c, &later, "fetch: record");
	if (j->c->g.json) {
		fetch_json(j,
		    result != NULL        ? result
			: j->c->g.dry_run ? "would-apply"
					  : "applied",
		    &out);
		out_json_line(&out);
	} else if (result == NULL) {
		fetch_tell_done(j);
	}
	(void)fflush(stdout);
	if (!j->c->g.dry_run)
		fetch_send_records(j);
	return result == NULL ? CLI_OK : cli_fail(j->c, &e, "fetch");
}

/* What came in and was refused before it was judged is on record, too. */
static void
fetch_refuse(struct fetch_job *j, const struct err *e)
{
	struct err why = ERR_INIT;

	if (j->box == NULL || j->nothing || j->c->g.dry_run ||
	    (e->code != ERR_DENIED && e->code != ERR_EXISTS &&
		e->code != ERR_LIMIT && e->code != ERR_PROTO &&
		e->code != ERR_INVALID))
		return;
	(void)snprintf(j->refused, sizeof(j->refused), "%s", e->msg);
	if (fetch_record(j, "refused", &why) == -1)
		(void)cli_fail(j->c, &why, "fetch: record");
	fetch_send_records(j);
}

static int
fetch_go(struct cli *c, struct fetch_args *a, int argc, char **argv)
{
	struct fetch_job j = { .c = c, .args = a };
	const char *project, *what = argv[argc - 1];
	struct err e = ERR_INIT;
	int rc;

	if ((rc = fetch_args_check(&j, a)) != CLI_OK)
		return rc;
	project = a->project != NULL ? a->project : argc > 1 ? argv[0] : NULL;
	if (a->project != NULL && argc > 1)
		return cli_usage("fetch: the project is named twice");
	if (fetch_examine(&j, project, what, &e) == -1) {
		fetch_explain(&j, &e);
		fetch_refuse(&j, &e);
		fetch_tell_error(&j, &e);
		rc = e.code == ERR_INVALID ? cli_usage("fetch: %s", e.msg)
					   : cli_fail(c, &e, "fetch");
	} else {
		rc = fetch_finish(&j, a);
	}
	fetch_remember(&j, rc == CLI_OK);
	fetch_job_release(&j);
	return rc;
}

static int
fetch_run(struct cli *c, const void *args, int argc, char **argv)
{
	struct fetch_args a;

	memcpy(&a, args, sizeof(a));
	return fetch_go(c, &a, argc, argv);
}

static int
fetch_merge_run(struct cli *c, const void *args, int argc, char **argv)
{
	struct fetch_args a;

	memcpy(&a, args, sizeof(a));
	if (a.apply != NULL)
		return cli_usage("fetch merge: it is --apply merge");
	a.apply = "merge";
	return fetch_go(c, &a, argc, argv);
}

#define FETCH(field) offsetof(struct fetch_args, field)

static const struct command_option fetch_options[] = {
	{ 'p', OPT_STR, "project", FETCH(project), "PROJECT",
	    "links this clone to it (once)" },
	{ 'b', OPT_STR, "base", FETCH(base), "COMMIT",
	    "what it is compared with (default: merge base with HEAD)" },
	{ 'a', OPT_STR, "apply", FETCH(apply), "HOW",
	    "unstaged (default), staged, branch or merge" },
	{ 0, OPT_STR, "hold", FETCH(hold), "WHAT",
	    "auto: not the files that run by themselves; none: all" },
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
	    .more = "Further: coffer fetch diff, review, merge, held, undo, "
		    "list, config, policy, propose, and coffer verify.\n"
		    "Exit codes: 3 a check, the reviewer or the state of the "
		    "clone refused; 4 no such branch, project or record; 5 "
		    "cofferd does not answer; 1 a conflict, a limit, another "
		    "fetch at work. The clone is then as it was." },
	{ .name = "fetch merge",
	    .group = "Your clone",
	    .summary = "the same, with a merge commit on your branch",
	    .usage = "[PROJECT] BRANCH|NUMBER [OPTION...]",
	    .min = 1,
	    .max = 2,
	    .args_size = sizeof(struct fetch_args),
	    .options = fetch_options,
	    .run = fetch_merge_run },
	{ .name = NULL },
};
