#include "server/service/svc_merge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"
#include "server/domain/issue_rule.h"
#include "server/domain/merge_text.h"
#include "server/git/git_merge.h"
#include "server/git/git_pool.h"
#include "server/git/repo_use.h"
#include "server/service/svc_auto_merge.h"
#include "server/service/svc_pull.h"
#include "server/store/auto_merges.h"
#include "server/store/commit_writers.h"
#include "server/store/projects.h"
#include "server/store/pulls.h"
#include "server/store/refs.h"
#include "server/store/timeline.h"

enum {
	SVC_MERGE_TRIES = 8, /* of writing the rows, over two minutes */
	SVC_MERGE_ASKS = 40, /* while other merges move the base */
	SVC_MERGE_ASK_MS = 100
};

static void svc_merge_write_rows(void *arg);
static void svc_merge_go(struct svc_merge *op);

/* What belongs to one look at the gate and the commit made after it. */
static void
svc_merge_reset(struct svc_merge *op)
{
	svc_person_release(&op->person);
	free(op->commit_message);
	op->commit_message = NULL;
	free(op->row.base);
	free(op->row.delete_head);
	free(op->row.unmet);
	free(op->row.reason);
	op->row = (struct merging){ .base = NULL };
	repo_use_leave(op->hold);
	op->hold = NULL;
	pull_release(&op->pull);
	svc_gate_facts_release(&op->facts);
	op->refused = op->forbidden = op->overrides = op->untested = false;
}

static void
svc_merge_release(void *arg)
{
	struct svc_merge *op = arg;

	svc_merge_reset(op);
	free(op->title);
	free(op->message);
	free(op->reason);
	timer_free(op->again);
	timer_free(op->later);
	free(op->conflicts);
}

struct svc_merge *
svc_merge_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_merge), who, svc_merge_release);
}

/* A 405 that is not the gate's. */
static int
svc_merge_forbid(struct svc_merge *op, struct err *e, const char *why)
{
	op->forbidden = true;
	return err_set(e, ERR_DENIED, "%s", why);
}

static int
svc_merge_wants_head(const struct svc_merge *op, struct err *e)
{
	if (op->want_head[0] == '\0' ||
	    strcmp(op->want_head, op->pull.head_sha) == 0)
		return 0;
	return err_set(e, ERR_EXISTS, "head out of date: it moved");
}

/* The gate's no, or a head that is not the one that was looked at.  An admin
 * who says why passes over what may be passed over. */
static int
svc_merge_refuse(struct svc_merge *op, struct err *e)
{
	const struct merge_requirement *r = merge_policy_obstacle(&op->verdict);

	op->overrides = r != NULL && op->force && op->may_override &&
	    merge_policy_fixed_obstacle(&op->verdict) == NULL;
	if (op->overrides)
		r = NULL;
	if (op->pull.issue.state != ISSUE_OPEN && !op->pull.issue.merged)
		return err_set(e, ERR_NOTFOUND, "the pull request is closed");
	if (svc_merge_wants_head(op, e) == -1)
		return -1;
	if (r != NULL && r->cause <= MERGE_CAUSE_DRAFT)
		op->refused = true;
	else if (!op->allowed)
		return svc_merge_forbid(
		    op, e, "This merge style is not enabled in the repository");
	if (op->overrides && op->reason == NULL)
		return err_set(e, ERR_INVALID,
		    "force_reason: say why it is to be merged although the "
		    "gate is closed");
	if (r == NULL)
		return 0;
	op->refused = true;
	return err_set(
	    e, ERR_DENIED, "%s: %s", merge_policy_refusal(r->cause), r->why);
}

static void
svc_merge_ask(void *arg)
{
	struct svc_merge *op = arg;

	svc_gate_start(op, svc_merge_go, op->op.done, op->op.arg);
}

/* The base moved meanwhile, as it does when two merge into it at once: the
 * gate is asked again, for the head that it was asked for.  False: too often.
 */
static bool
svc_merge_again(struct svc_merge *op)
{
	if (op->asked++ == SVC_MERGE_ASKS)
		return false;
	if (op->want_head[0] == '\0')
		memcpy(op->want_head,
		    op->row.base != NULL ? op->row.head_sha : op->pull.head_sha,
		    sizeof(op->want_head));
	svc_merge_reset(op);
	if (op->later == NULL)
		op->later = timer_new(op->op.svc->loop, svc_merge_ask, op);
	timer_set(op->later, 1 + (int64_t)rnd_below(SVC_MERGE_ASK_MS));
	return true;
}

/* Was the gate's no due to a base that moved while it was asked? */
static bool
svc_merge_is_early(const struct svc_merge *op)
{
	const struct merge_requirement *r = merge_policy_obstacle(&op->verdict);

	return r != NULL && op->pull.issue.state == ISSUE_OPEN &&
	    (r->cause == MERGE_CAUSE_UNKNOWN ||
		(r->cause == MERGE_CAUSE_STATUS &&
		    strcmp(op->facts.checks_base, op->pull.base_sha) != 0));
}

static bool
svc_merge_done(void *arg)
{
	struct svc_merge *op = arg;

	svc_pull_on_branch(
	    op->op.svc, op->project_id, op->row.base, op->op.who.user_id);
	pull_release(&op->pull);
	if (pulls_get(db_reader(op->op.svc->db), op->project_id, op->number,
		&op->pull, &op->fail) == -1)
		log_warn("merge read reason=%s", log_val(op->fail.msg));
	return false;
}

static void
svc_merge_on_deleted(void *arg)
{
	struct svc_merge *op = arg;

	(void)svc_merge_done(op);
	svc_op_end(op, NULL);
}

static bool
svc_merge_written(void *arg)
{
	struct svc_merge *op = arg;

	FAIL_POINT(merge_written);
	log_info("merge done project=%" PRId64 " pull=%" PRId64 " sha=%s",
	    op->project_id, op->number, op->row.merge_sha);
	if (op->row.delete_head == NULL)
		return svc_merge_done(op);
	svc_merge_delete(op->op.svc, &op->row, svc_merge_on_deleted, op);
	return true;
}

static int
svc_merge_write_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_merge *op = arg;

	return svc_merge_write(t, &op->row, op->op.now, e);
}

static int
svc_merge_forget_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_merge *op = arg;

	return merging_delete(t, op->project_id, op->number, e);
}

static bool
svc_merge_forgotten(void *arg)
{
	struct svc_merge *op = arg;

	svc_pull_on_branch(
	    op->op.svc, op->project_id, op->row.base, op->op.who.user_id);
	if (op->fail.code != ERR_EXISTS || !svc_merge_again(op))
		svc_op_end(op, &op->fail);
	return true;
}

/* The branch has moved, so the rows must say it: what is in their way, a full
 * disk or a lock, is waited for.  In the end the next start writes them. */
static void
svc_merge_on_rows(const struct err *fail, void *arg)
{
	struct svc_merge *op = arg;

	if (fail == NULL) {
		if (!svc_merge_written(op))
			svc_op_end(op, NULL);
		return;
	}
	log_error("merge rows project=%" PRId64 " pull=%" PRId64 " reason=%s",
	    op->project_id, op->number, log_val(fail->msg));
	if (fail->code == ERR_NOTFOUND || op->tries == SVC_MERGE_TRIES) {
		svc_op_end(op, fail);
		return;
	}
	if (op->again == NULL)
		op->again = timer_new(
		    op->op.svc->loop, svc_merge_write_rows, op);
	timer_set(op->again, INT64_C(500) << op->tries++);
}

static void
svc_merge_write_rows(void *arg)
{
	struct svc_merge *op = arg;

	op->op.now = op->op.svc->now();
	db_write(op->op.svc->db, svc_merge_write_job, svc_merge_on_rows, op);
}

static void
svc_merge_forget(struct svc_merge *op)
{
	op->op.now = op->op.svc->now();
	op->op.then = svc_merge_forgotten;
	svc_op_again(op, svc_merge_forget_job);
}

static void
svc_merge_on_looked(const struct git_result *res, void *arg)
{
	struct svc_merge *op = arg;

	if (res->fail == NULL && json_bool_or(res->j, "yes", false))
		svc_merge_write_rows(op);
	else if (res->fail == NULL || res->fail->code == ERR_NOTFOUND)
		svc_merge_forget(op);
	else /* the next start looks again */
		svc_op_end(op, &op->fail);
}

static void
svc_merge_on_moved(const struct git_result *res, void *arg)
{
	struct svc_merge *op = arg;
	AUTO_FREE char *base = xasprintf("refs/heads/%s", op->row.base);

	FAIL_POINT(merge_moved);
	if (res->fail == NULL) {
		svc_merge_write_rows(op);
		return;
	}
	op->fail = *res->fail;
	if (op->fail.code == ERR_EXISTS || op->fail.code == ERR_NOTFOUND) {
		err_set(&op->fail, ERR_EXISTS,
		    "a branch moved during the merge; try again");
		svc_merge_forget(op);
		return;
	}
	/* A worker that died may have moved the branch before. */
	gitpool_is_ancestor(op->op.svc->git, op->project_id, op->row.merge_sha,
	    base, svc_merge_on_looked, op);
}

static void
svc_merge_intended(struct svc_merge *op)
{
	AUTO_FREE char *base = xasprintf("refs/heads/%s", op->row.base);
	AUTO_FREE char *head = xasprintf("refs/heads/%s", op->pull.head);
	char sha[SHA_HEX + 1] = "";
	struct err e = ERR_INIT;
	/* The head is compared too, so that what merges is what was judged. */
	const struct git_ref_change change[] = {
		{ .ref = base,
		    .old = op->row.base_sha,
		    .new_sha = op->row.merge_sha },
		{ .ref = head,
		    .old = op->row.head_sha,
		    .new_sha = op->row.head_sha },
	};
	struct git_refs_spec spec = { .v = change, .n = 2, .atomic = true };

	FAIL_POINT(merge_intended);
	if (refs_get(db_reader(op->op.svc->db), op->project_id, head, sha,
		&e) == 0 &&
	    sha[0] == '\0')
		spec.n = 1; /* the branch is gone, refs/pull has the commit */
	gitpool_refs_update(
	    op->op.svc->git, op->project_id, &spec, svc_merge_on_moved, op);
}

/* What it passes over, for the record. */
static void
svc_merge_unmet(struct svc_merge *op)
{
	struct str ids = STR_INIT;
	struct jw w;

	if (!op->overrides)
		return;
	jw_init(&w, &ids);
	jw_array(&w, NULL);
	for (size_t i = 0; i < op->verdict.n; i++)
		if (!op->verdict.req[i].met)
			jw_str(&w, NULL, op->verdict.req[i].id);
	jw_end(&w);
	free(op->row.unmet);
	op->row.unmet = str_steal(&ids);
	free(op->row.reason);
	op->row.reason = xstrdup(op->reason);
}

/* Is what it leaves what the checks ran on? */
static int
svc_merge_is_tested(struct svc_merge *op, struct err *e)
{
	if (!op->test_merge || op->overrides ||
	    strcmp(op->merge_tree, op->pull.merge_tree) == 0)
		return 0;
	op->untested = true;
	return svc_merge_forbid(op, e,
	    "This merge would leave other files than those that were tested");
}

/* Of the commit that is to come, in which theirs are: where it is taken to, so
 * that nobody approves there what he wrote or merged here. */
static int
svc_merge_writers(struct txn *t, const struct svc_merge *op, struct err *e)
{
	const struct merging *m = &op->row;

	if (strcmp(m->merge_sha, m->head_sha) == 0)
		return 0;
	if (commit_writers_add_pull(
		t, m->project_id, m->number, m->merge_sha, e) == -1)
		return -1;
	return commit_writers_add(
	    t, m->project_id, m->merge_sha, m->user_id, e);
}

/* The last look: nothing that the gate asks for changed meanwhile. */
static int
svc_merge_intent_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_merge *op = arg;

	bool overrode = op->overrides;

	op->raced = false;
	if (svc_gate_read(t, op, e) == -1)
		return -1;
	op->raced = op->pull.issue.state == ISSUE_OPEN &&
	    strcmp(op->pull.base, op->row.base) == 0 &&
	    strcmp(op->pull.base_sha, op->row.base_sha) != 0;
	if (!op->raced && svc_merge_refuse(op, e) == -1)
		return -1;
	/* Its message would not say so. */
	if (!op->raced && op->overrides && !overrode)
		return err_set(
		    e, ERR_EXISTS, "the gate closed meanwhile; try again");
	if (op->raced || strcmp(op->pull.base, op->row.base) != 0 ||
	    strcmp(op->pull.head_sha, op->row.head_sha) != 0)
		return err_set(e, ERR_EXISTS,
		    "a branch moved during the merge; try again");
	if (svc_merge_is_tested(op, e) == -1)
		return -1;
	svc_merge_unmet(op);
	if (svc_merge_writers(t, op, e) == -1)
		return -1;
	return merging_insert(t, &op->row, op->op.now, e);
}

static void
svc_merge_on_intent(const struct err *fail, void *arg)
{
	struct svc_merge *op = arg;

	if (fail != NULL && op->untested)
		svc_pull_refresh(
		    op->op.svc, op->project_id, op->number, 0, NULL, NULL);
	if (fail == NULL)
		svc_merge_intended(op);
	else if (!op->raced || !svc_merge_again(op))
		svc_op_end(op, fail);
}

static void
svc_merge_conflicts(struct svc_merge *op, const struct json *paths)
{
	struct str out = STR_INIT;
	const struct json *m;

	for (m = json_first(paths); m != NULL; m = json_next(m))
		str_addf(&out, "CONFLICT: %s\n", json_string(m));
	op->conflicts = str_steal(&out);
}

static void
svc_merge_on_commit(const struct git_result *res, void *arg)
{
	struct svc_merge *op = arg;
	struct err e = ERR_INIT;
	const char *sha;

	if (res->fail != NULL) {
		e = *res->fail;
		if (e.code == ERR_DENIED)
			err_set(&e, ERR_EXISTS,
			    "it is no fast-forward: update the head first");
		else if (e.code == ERR_LIMIT)
			(void)svc_merge_forbid(op, &e, res->fail->msg);
		svc_op_end(op, &e);
		return;
	}
	sha = json_str_or(res->j, "sha", NULL);
	if (sha == NULL) {
		svc_merge_conflicts(op, json_get(res->j, "conflicts"));
		err_set(&e, ERR_EXISTS, "it conflicts with the base");
		svc_op_end(op, &e);
		return;
	}
	snprintf(op->merge_sha, sizeof(op->merge_sha), "%s", sha);
	memcpy(op->row.merge_sha, op->merge_sha, sizeof(op->merge_sha));
	gitpool_sha(res, "tree", op->merge_tree);
	op->op.now = op->op.svc->now();
	db_write(op->op.svc->db, svc_merge_intent_job, svc_merge_on_intent, op);
}

/* What who merges says; else what the pull request does, which is not his. */
static void
svc_merge_message(struct svc_merge *op)
{
	struct str m = STR_INIT;
	const struct pull *p = &op->pull;
	bool squash = op->style == MERGE_STYLE_SQUASH;
	const char *usual = squash ? p->issue.body : p->issue.title;

	if (op->title != NULL)
		str_add(&m, op->title);
	else if (squash) {
		merge_text_quote(&m, p->issue.title);
		str_addf(&m, " (#%" PRId64 ")", p->issue.number);
	} else
		str_addf(&m, "Merge pull request #%" PRId64 " from %s",
		    p->issue.number, p->head);
	if ((op->message != NULL ? op->message : usual)[0] != '\0')
		str_add(&m, "\n\n");
	if (op->message != NULL)
		merge_text_add(&m, op->message);
	else
		merge_text_quote(&m, usual);
	if (op->overrides)
		str_addf(&m, "\n\nGate-Override: %s (%s)", op->reason,
		    op->op.who.login);
	str_addc(&m, '\n');
	op->commit_message = str_steal(&m);
}

/* Nobody removes a commit that no ref has yet. */
static void
svc_merge_on_ready(void *arg)
{
	struct svc_merge *op = arg;
	struct git_merge_spec spec = { .style = merge_style_name(op->style),
		.same_tree = true };

	spec.base = op->row.base_sha;
	spec.head = op->row.head_sha;
	spec.message = op->commit_message;
	spec.committer = (struct git_person){ op->person.name, op->person.email,
		op->op.svc->now() };
	spec.author = spec.committer;
	gitpool_merge(
	    op->op.svc->git, op->project_id, &spec, svc_merge_on_commit, op);
}

/* Neither the default branch, a protected one nor a fork's goes with a merge.
 */
static void
svc_merge_may_delete(struct svc_merge *op)
{
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;

	op->delete_given = true;
	if (!op->delete_branch)
		return;
	if (op->pull.head_project != 0 ||
	    projects_by_id(db_reader(op->op.svc->db), op->project_id, &p, &e) ==
		-1 ||
	    strcmp(p.default_branch, op->pull.head) == 0 ||
	    protect_match(&op->facts.protect, op->pull.head) != NULL)
		op->delete_branch = false;
	project_release(&p);
}

static int
svc_merge_schedule_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_merge *op = arg;
	const struct auto_merge m = { .project_id = op->project_id,
		.number = op->number,
		.user_id = op->op.who.user_id,
		.style = op->style,
		.delete_branch = op->delete_branch,
		.title = op->title,
		.message = op->message,
		.at = op->op.now,
		.waits = true };
	struct auto_merge row = m;

	memcpy(row.head_sha, op->pull.head_sha, sizeof(row.head_sha));
	if (svc_gate_read(t, op, e) == -1)
		return -1;
	if (strcmp(op->pull.head_sha, row.head_sha) != 0 ||
	    op->pull.issue.state != ISSUE_OPEN)
		return err_set(e, ERR_EXISTS, "head out of date: it moved");
	if (auto_merges_insert(t, &row, e) == -1)
		return -1;
	return svc_auto_merge_say(
	    t, &op->op, op->project_id, op->number, true, e);
}

static bool
svc_merge_scheduled(void *arg)
{
	struct svc_merge *op = arg;

	op->scheduled = true;
	svc_auto_merge_added(op->op.svc, op->project_id);
	return false;
}

static void
svc_merge_schedule(struct svc_merge *op)
{
	op->refused = false;
	op->op.now = op->op.svc->now();
	op->op.then = svc_merge_scheduled;
	svc_op_again(op, svc_merge_schedule_job);
}

static int
svc_merge_manual_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_merge *op = arg;

	if (svc_gate_read(t, op, e) == -1)
		return -1;
	if (op->pull.issue.merged)
		return svc_merge_forbid(
		    op, e, merge_policy_refusal(MERGE_CAUSE_MERGED));
	if (op->pull.issue.state != ISSUE_OPEN)
		return err_set(e, ERR_NOTFOUND, "the pull request is closed");
	if (svc_merge_wants_head(op, e) == -1)
		return -1;
	return svc_merge_write_manual(t, &op->row, op->op.now, e);
}

static void
svc_merge_manual_on_looked(const struct git_result *res, void *arg)
{
	struct svc_merge *op = arg;
	struct err e = ERR_INIT;

	if (res->fail != NULL && res->fail->code != ERR_NOTFOUND) {
		svc_op_end(op, res->fail);
		return;
	}
	if (res->fail != NULL || !json_bool_or(res->j, "yes", false)) {
		(void)err_set(&e, ERR_EXISTS,
		    "Wrong commit ID: the base branch has it not");
		svc_op_end(op, &e);
		return;
	}
	op->op.now = op->op.svc->now();
	op->op.then = svc_merge_done;
	svc_op_again(op, svc_merge_manual_job);
}

/* The base has the merge already: an admin says which commit it is. */
static void
svc_merge_manual_go(struct svc_merge *op)
{
	AUTO_FREE char *base = xasprintf("refs/heads/%s", op->pull.base);
	struct err e = ERR_INIT;

	if (op->pull.issue.merged)
		(void)svc_merge_forbid(
		    op, &e, merge_policy_refusal(MERGE_CAUSE_MERGED));
	else if (op->pull.issue.state != ISSUE_OPEN)
		(void)err_set(&e, ERR_NOTFOUND, "the pull request is closed");
	else if (op->role < ROLE_ADMIN)
		(void)svc_merge_forbid(
		    op, &e, merge_policy_refusal(MERGE_CAUSE_USER));
	else if (!op->allowed)
		(void)svc_merge_forbid(op, &e,
		    "This merge style is not enabled in the repository");
	else
		(void)svc_merge_wants_head(op, &e);
	if (e.code != ERR_NONE) {
		svc_op_end(op, &e);
		return;
	}
	op->row.project_id = op->project_id;
	op->row.number = op->number;
	op->row.user_id = op->op.who.user_id;
	op->row.base = xstrdup(op->pull.base);
	memcpy(op->row.head_sha, op->pull.head_sha, sizeof(op->row.head_sha));
	memcpy(op->row.base_sha, op->pull.base_sha, sizeof(op->row.base_sha));
	memcpy(op->row.merge_sha, op->manual_sha, sizeof(op->row.merge_sha));
	memcpy(op->merge_sha, op->manual_sha, sizeof(op->merge_sha));
	gitpool_is_ancestor(op->op.svc->git, op->project_id, op->manual_sha,
	    base, svc_merge_manual_on_looked, op);
}

/* The gate is open: make the commit that would be the base's next tip. */
static void
svc_merge_go(struct svc_merge *op)
{
	const struct identity *who = &op->op.who;
	AUTO_FREE char *noreply = NULL;
	struct err e = ERR_INIT;

	if (op->style == MERGE_STYLE_MANUAL) {
		svc_merge_manual_go(op);
		return;
	}
	if (svc_merge_refuse(op, &e) == -1) {
		if (op->refused && svc_merge_is_early(op) &&
		    svc_merge_again(op))
			return;
		if (op->refused && op->test_merge)
			svc_pull_retest(op->op.svc, who, &op->pull);
		if (op->refused && op->when_ok &&
		    merge_policy_may_wait(&op->verdict))
			svc_merge_schedule(op);
		else
			svc_op_end(op, &e);
		return;
	}
	op->row.project_id = op->project_id;
	op->row.number = op->number;
	op->row.user_id = who->user_id;
	op->row.base = xstrdup(op->pull.base);
	memcpy(op->row.head_sha, op->pull.head_sha, sizeof(op->row.head_sha));
	memcpy(op->row.base_sha, op->pull.base_sha, sizeof(op->row.base_sha));
	svc_merge_may_delete(op);
	if (op->delete_branch)
		op->row.delete_head = xstrdup(op->pull.head);
	svc_merge_message(op);
	noreply = svc_noreply(op->op.svc, op->op.who.login);
	svc_person_fill(db_reader(op->op.svc->db), &op->op.who, noreply,
	    op->op.svc->now(), &op->person);
	op->hold = repo_use_share(
	    op->op.svc->use, op->project_id, 0, svc_merge_on_ready, op);
}

/* One line of text; an empty one is none. */
static int
svc_merge_check_reason(struct svc_merge *op, struct err *e)
{
	const char *p = svc_text(op->reason);

	if (strlen(p) > SVC_MERGE_REASON_MAX)
		return err_set(e, ERR_INVALID, "force_reason: over %d bytes",
		    SVC_MERGE_REASON_MAX);
	for (; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return err_set(
			    e, ERR_INVALID, "force_reason: want one line");
	if (svc_text(op->reason)[0] == '\0') {
		free(op->reason);
		op->reason = NULL;
	}
	return 0;
}

static int
svc_merge_check_texts(const struct svc_merge *op, struct err *e)
{
	if (op->title != NULL &&
	    (issue_rule_title(op->title, e) == -1 ||
		merge_text_check("title", op->title, e) == -1))
		return -1;
	if (op->message == NULL)
		return 0;
	if (issue_rule_body(op->message, e) == -1)
		return -1;
	return merge_text_check("body", op->message, e);
}

void
svc_merge(struct svc_merge *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (svc_merge_check_texts(op, &e) == -1 ||
	    svc_merge_check_reason(op, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_gate_start(op, svc_merge_go, done, arg);
}
