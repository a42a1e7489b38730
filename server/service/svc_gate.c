/* The gate: what it needs to know, brought together. */
#include "server/service/svc_merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/git/git_pull.h"
#include "server/service/svc_checks.h"
#include "server/service/svc_ci_head.h"
#include "server/service/svc_look.h"
#include "server/service/svc_pull.h"
#include "server/store/check_texts.h"
#include "server/store/projects.h"
#include "server/store/protections.h"
#include "server/store/pulls.h"

/* What people and the project require beside the checks of the base. */
static int
svc_gate_ordered(struct txn *t, struct svc_merge *op, struct err *e)
{
	struct svc_gate_facts *f = &op->facts;
	struct err fail = ERR_INIT;
	int64_t at;

	if (check_texts_at(t, op->project_id, &at, e) == -1)
		return -1;
	if (at != f->checks_at) {
		f->state = MERGE_CHECKS_WRONG;
		snprintf(f->error, sizeof(f->error),
		    "the project's checks changed just now: ask again");
		return 0;
	}
	if (svc_ci_head_required(
		t, op->project_id, op->number, &f->checks, &fail) == 0) {
		if (f->state == MERGE_CHECKS_ABSENT && f->checks.n > 0)
			f->state = MERGE_CHECKS_OK;
		return 0;
	}
	if (fail.code != ERR_LIMIT) {
		*e = fail;
		return -1;
	}
	f->state = MERGE_CHECKS_WRONG;
	snprintf(f->error, sizeof(f->error), "%s", fail.msg);
	return 0;
}

int
svc_gate_read(struct txn *t, struct svc_merge *op, struct err *e)
{
	struct svc_gate_ask ask = { .pull = &op->pull,
		.facts = &op->facts,
		.user = op->op.who.user_id,
		.now = op->op.svc->now() };
	struct project p = { .id = 0 };
	struct protect_list rules;
	int rc;

	if (svc_project_by_id(t, &op->op.who, op->project_id,
		op->ask ? PERM_READ : PERM_WRITE, &p, e) == -1)
		return -1;
	ask.approvals = p.settings.approvals;
	ask.current = p.settings.current;
	ask.conversations = p.settings.conversations;
	ask.findings = p.settings.findings;
	ask.test_merge = p.settings.test_merge;
	if (op->style == 0)
		op->style = p.profile.merge_style;
	if (!op->delete_given)
		op->delete_branch = p.profile.delete_branch;
	op->allowed = repo_profile_allows(&p.profile, op->style);
	project_release(&p);
	pull_release(&op->pull);
	if (svc_may(t, &op->op.who, op->project_id, PERM_READ, &op->role, e) ==
		-1 ||
	    pulls_get(t, op->project_id, op->number, &op->pull, e) == -1 ||
	    protections_list(t, op->project_id, &rules, e) == -1)
		return -1;
	ask.rule = protect_match(&rules, op->pull.base);
	if (ask.rule != NULL && protect_has(ask.rule, PROTECT_TEST_MERGE))
		ask.test_merge = true;
	op->test_merge = ask.test_merge;
	op->may_override = op->role >= ROLE_ADMIN &&
	    (ask.rule == NULL || protect_may_override(ask.rule, ask.user));
	rc = svc_gate_ordered(t, op, e);
	if (rc == 0)
		rc = svc_gate_decide(t, &ask, &op->verdict, e);
	protect_list_release(&rules);
	return rc;
}

static void
svc_gate_ready(struct svc_merge *op)
{
	struct err e = ERR_INIT;

	if (svc_gate_read(db_reader(op->op.svc->db), op, &e) == -1)
		svc_op_end(op, &e);
	else if (op->ask)
		svc_op_end(op, NULL);
	else
		op->go(op);
}

void
svc_gate_facts_release(struct svc_gate_facts *f)
{
	checks_release(&f->checks);
	protect_list_release(&f->protect);
	for (size_t i = 0; i < f->n_changed; i++)
		free(f->changed[i]);
	*f = (struct svc_gate_facts){ .checks = CHECKS_INIT };
}

/* A file that changes; more protected ones than can be named are as good as
 * not known. */
static void
svc_gate_changed(struct svc_gate_facts *f, const char *path)
{
	if (path[0] == '\0' ||
	    !protect_files_match(f->files_pattern, view_of(path)))
		return;
	/* Most are in the head and in the merge. */
	for (size_t i = 0; i < f->n_changed; i++)
		if (strcmp(f->changed[i], path) == 0)
			return;
	if (f->n_changed == MERGE_MAX_FILES) {
		f->files = MERGE_FILES_UNKNOWN;
		return;
	}
	if (f->files == MERGE_FILES_FREE)
		f->files = MERGE_FILES_CHANGED;
	f->changed[f->n_changed++] = xstrdup(path);
}

static void
svc_gate_on_files(const struct git_result *res, void *arg)
{
	struct svc_merge *op = arg;
	struct svc_gate_facts *f = &op->facts;
	const struct json *m;

	if (res->fail != NULL) {
		svc_op_end(op, res->fail);
		return;
	}
	f->files = json_bool_or(res->j, "truncated", true) ? MERGE_FILES_UNKNOWN
							   : MERGE_FILES_FREE;
	for (m = json_first(json_get(res->j, "paths")); m != NULL;
	     m = json_next(m))
		svc_gate_changed(f, svc_text(json_string(m)));
	svc_gate_ready(op);
}

/* Which files it changes is asked only where files are protected: those of its
 * own diff, and what the merge changes in the base. */
static void
svc_gate_files(struct svc_merge *op)
{
	struct svc_gate_facts *f = &op->facts;
	const struct protect_rule *r;
	struct err e = ERR_INIT;

	f->files = MERGE_FILES_UNKNOWN;
	if (protections_list(db_reader(op->op.svc->db), op->project_id,
		&f->protect, &e) == -1) {
		svc_op_end(op, &e);
		return;
	}
	r = protect_match(&f->protect, op->pull.base);
	if (r == NULL || r->files[0] == '\0') {
		svc_gate_ready(op);
		return;
	}
	snprintf(f->files_pattern, sizeof(f->files_pattern), "%s", r->files);
	memcpy(f->files_head, op->pull.head_sha, sizeof(f->files_head));
	memcpy(f->files_base, op->pull.base_sha, sizeof(f->files_base));
	gitpull_touched(op->op.svc->git, op->project_id, f->files_base,
	    f->files_head, svc_gate_on_files, op);
}

static void
svc_gate_on_checks(const struct git_result *res, void *arg)
{
	struct svc_merge *op = arg;
	struct svc_checks_state state;

	if (res->fail != NULL) {
		svc_op_end(op, res->fail);
		return;
	}
	svc_checks_take(op->op.svc, res, &op->facts.checks, &state);
	op->facts.state = state.state;
	memcpy(op->facts.error, state.error, sizeof(state.error));
	svc_gate_files(op);
}

static void
svc_gate_checks(struct svc_merge *op)
{
	struct svc_gate_facts *f = &op->facts;
	struct err e = ERR_INIT;

	memcpy(f->checks_base, op->pull.base_sha, sizeof(f->checks_base));
	if (check_texts_at(db_reader(op->op.svc->db), op->project_id,
		&f->checks_at, &e) == -1) {
		svc_op_end_later(op, &e);
		return;
	}
	svc_checks_ask(
	    op->op.svc, op->project_id, f->checks_base, svc_gate_on_checks, op);
}

static void
svc_gate_on_look(void *arg)
{
	svc_gate_checks(arg);
}

/* What was found in it, before it is asked what is open of it. */
static void
svc_gate_look(struct svc_merge *op)
{
	struct svc *s = op->op.svc;

	if (svc_look_is_known(db_reader(s->db), &op->pull, s->now()))
		svc_gate_checks(op);
	else
		svc_look(s, op->project_id, op->number, svc_gate_on_look, op);
}

static void
svc_gate_on_refreshed(const struct err *fail, void *arg)
{
	struct svc_merge *op = arg;
	struct err e = ERR_INIT;

	(void)fail; /* the rows say what is known */
	pull_release(&op->pull);
	if (pulls_get(db_reader(op->op.svc->db), op->project_id, op->number,
		&op->pull, &e) == -1)
		svc_op_end(op, &e);
	else
		svc_gate_look(op);
}

void
svc_gate_start(
    struct svc_merge *op, svc_gate_go_fn *go, svc_done_fn *done, void *arg)
{
	struct svc *s = op->op.svc;
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	op->go = go;
	if (pulls_get(db_reader(s->db), op->project_id, op->number, &op->pull,
		&e) == -1)
		svc_op_end_later(op, &e);
	else if (svc_pull_needs_refresh(s, &op->pull))
		svc_pull_refresh(s, op->project_id, op->number, 0,
		    svc_gate_on_refreshed, op);
	else
		svc_gate_look(op);
}

void
svc_gate(struct svc_merge *op, svc_done_fn *done, void *arg)
{
	op->ask = true;
	svc_gate_start(op, NULL, done, arg);
}
