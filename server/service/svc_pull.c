#include "server/service/svc_pull.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/issue_rule.h"
#include "server/domain/pull_rule.h"
#include "server/domain/push_policy.h"
#include "server/domain/refname.h"
#include "server/git/git_copy.h"
#include "server/git/git_pool.h"
#include "server/service/svc_auto_merge.h"
#include "server/service/svc_issue.h"
#include "server/service/svc_item.h"
#include "server/service/svc_mention.h"
#include "server/service/svc_protect.h"
#include "server/service/svc_repo.h"
#include "server/store/check_orders.h"
#include "server/store/jobs.h"
#include "server/store/pulls.h"
#include "server/store/refs.h"
#include "server/store/reviews.h"

int64_t
svc_pull_head_user(struct txn *t, int64_t project, const char *head,
    const char *sha, int64_t other)
{
	const char *colon = strchr(head, ':');
	AUTO_FREE char *ref = xasprintf(
	    "refs/heads/%s", colon != NULL ? colon + 1 : head);
	struct err ignored = ERR_INIT;
	char is[SHA_HEX + 1];
	int64_t mover;

	if (refs_get_mover(t, project, ref, is, &mover, &ignored) == -1 ||
	    mover == 0 || strcmp(is, sha) != 0)
		return other;
	return mover;
}

int
svc_pull_insert(struct txn *t, const struct identity *who, int64_t now,
    const struct svc_pull_rows *r, int64_t *number, struct err *e)
{
	const struct pull_new n = { .project_id = r->project_id,
		.author_id = who->user_id,
		.title = r->title,
		.body = r->body,
		.head = r->head,
		.base = r->base,
		.head_sha = r->head_sha,
		.base_sha = r->base_sha,
		.merge_base = r->merge_base,
		.head_user_id = svc_pull_head_user(t,
		    r->head_project != 0 ? r->head_project : r->project_id,
		    r->head, r->head_sha, who->user_id),
		.head_project = r->head_project,
		.run_id = r->run_id,
		.draft = r->draft || pull_rule_is_wip(r->title),
		.now = now };
	AUTO_STR struct str data = STR_INIT;
	struct svc_event v = { .kind = "pull.opened",
		.project_id = r->project_id,
		.is_pull = true,
		.data = &data };
	struct jw w;

	if (pulls_insert(t, &n, number, e) == -1)
		return -1;
	v.item = *number;
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "title", r->title);
	jw_str(&w, "body", r->body);
	jw_str(&w, "head", r->head);
	jw_str(&w, "base", r->base);
	jw_str(&w, "head_sha", r->head_sha);
	if (r->run_id != 0)
		jw_i64(&w, "run", r->run_id);
	else
		jw_null(&w, "run");
	jw_end(&w);
	return svc_event_add(t, who, now, &v, e);
}

static void
svc_pull_create_release(void *arg)
{
	struct svc_pull_create *op = arg;

	free(op->title);
	free(op->body);
	free(op->head);
	free(op->base);
	free(op->label);
	for (size_t i = 0; i < op->n_reviewers; i++)
		free(op->reviewers[i]);
	item_fields_release(&op->fields);
	pull_release(&op->pull);
}

struct svc_pull_create *
svc_pull_create_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_pull_create), who, svc_pull_create_release);
}

/* What else the body of a new one said. */
static int
svc_pull_create_more(struct txn *t, struct svc_pull_create *op, struct err *e)
{
	struct pull p = { .run_id = 0 };
	AUTO_STR struct str text = STR_INIT;
	struct svc_words words = { .project_id = op->project_id,
		.item = op->number,
		.is_pull = true };
	int64_t id;
	int rc;

	if (pulls_get(t, op->project_id, op->number, &p, e) == -1)
		return -1;
	str_addf(&text, "%s\n%s", p.issue.title, p.issue.body);
	words.text = str_cstr(&text);
	rc = svc_item_apply(t, &op->op, &p.issue, &op->fields, e);
	for (size_t i = 0; rc == 0 && i < op->n_reviewers; i++)
		rc = svc_reviewer_ask(t, &op->op, &p, op->reviewers[i], &id, e);
	if (rc == 0)
		rc = svc_mention_words(t, &op->op, &words, e);
	pull_release(&p);
	return rc;
}

static int
svc_pull_create_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_pull_create *op = arg;
	const struct svc_pull_rows rows = { .project_id = op->project_id,
		.title = op->title,
		.body = svc_text(op->body),
		.head = op->head_project != 0 ? op->label : op->head,
		.base = op->base,
		.head_sha = op->head_sha,
		.base_sha = op->base_sha,
		.merge_base = op->merge_base,
		.head_project = op->head_project,
		.draft = op->draft };
	struct project p = { .id = 0 };

	/* A branch of one's own in a fork may be proposed by who reads. */
	if (svc_project_by_id(t, &op->op.who, op->project_id,
		op->head_project != 0 ? PERM_DISCUSS : PERM_PROPOSE, &p,
		e) == -1)
		return -1;
	project_release(&p);
	if (op->head_project != 0 &&
	    svc_may(t, &op->op.who, op->head_project, PERM_READ, NULL, e) == -1)
		return -1;
	if (svc_repo_unit(t, op->project_id, true, e) == -1 ||
	    svc_pull_insert(
		t, &op->op.who, op->op.now, &rows, &op->number, e) == -1)
		return -1;
	return svc_pull_create_more(t, op, e);
}

/* What was refreshed is answered; a refresh that failed is tried again when a
 * branch moves. */
static void
svc_pull_answer(
    struct svc_op *op, int64_t project, int64_t number, struct pull *out)
{
	struct err e = ERR_INIT;
	int rc;

	pull_release(out);
	rc = pulls_get(db_reader(op->svc->db), project, number, out, &e);
	svc_op_end(op, rc == -1 ? &e : NULL);
}

static void
svc_pull_create_on_refreshed(const struct err *fail, void *arg)
{
	struct svc_pull_create *op = arg;

	(void)fail;
	svc_pull_answer(&op->op, op->project_id, op->number, &op->pull);
}

static bool
svc_pull_created(void *arg)
{
	struct svc_pull_create *op = arg;

	svc_pull_refresh(op->op.svc, op->project_id, op->number,
	    op->op.who.user_id, svc_pull_create_on_refreshed, op);
	return true;
}

static void
svc_pull_on_compare(const struct git_result *res, void *arg)
{
	struct svc_pull_create *op = arg;
	struct err e = ERR_INIT;

	if (res->fail != NULL && res->fail->code == ERR_NOTFOUND)
		err_set(&e, ERR_NOTFOUND, "head or base: no such branch");
	else if (res->fail != NULL)
		e = *res->fail;
	else if (json_str_or(res->j, "merge_base", NULL) == NULL)
		err_set(&e, ERR_INVALID,
		    "head: it has no history in common with the base");
	else if (json_i64_or(res->j, "ahead", 0) == 0)
		err_set(&e, ERR_INVALID,
		    "head: it has no commit that the base has not");
	if (e.code != ERR_NONE) {
		svc_op_end(op, &e);
		return;
	}
	gitpool_sha(res, "head", op->head_sha);
	gitpool_sha(res, "base", op->base_sha);
	gitpool_sha(res, "merge_base", op->merge_base);
	op->op.now = op->op.svc->now();
	op->op.then = svc_pull_created;
	svc_op_again(op, svc_pull_create_job);
}

static int
svc_pull_branch(const char *field, const char *branch, struct err *e)
{
	const char *why = NULL;

	if (branch == NULL || *branch == '\0')
		return err_set(e, ERR_INVALID, "%s: it is missing", field);
	if (!refname_branch_ok(branch, &why))
		return err_set(e, ERR_INVALID, "%s: %s", field, why);
	return 0;
}

/* Its checks would be the agent's own. */
static int
svc_pull_base_ok(const struct identity *who, const char *base, struct err *e)
{
	if ((who->kind == IDENTITY_SESSION || who->kind == IDENTITY_RUN) &&
	    push_policy_is_agent_branch(base))
		return err_set(e, ERR_DENIED,
		    "base: an agent may not propose to a branch under agent/: "
		    "name one that people write");
	return 0;
}

static int
svc_pull_create_check(const struct svc_pull_create *op, struct err *e)
{
	if (issue_rule_title(svc_text(op->title), e) == -1 ||
	    issue_rule_body(svc_text(op->body), e) == -1 ||
	    svc_pull_branch("head", op->head, e) == -1 ||
	    svc_pull_branch("base", op->base, e) == -1)
		return -1;
	if (op->op.who.kind == IDENTITY_SESSION &&
	    !push_policy_is_agent_branch(op->head))
		return err_set(e, ERR_DENIED,
		    "head: a session may propose branches under agent/ only");
	if (svc_pull_base_ok(&op->op.who, op->base, e) == -1)
		return -1;
	if (op->head_project == 0 && strcmp(op->head, op->base) == 0)
		return err_set(e, ERR_INVALID, "head: it is the base");
	return 0;
}

static void
svc_pull_compare(struct svc_pull_create *op, const char *head)
{
	AUTO_FREE char *base = xasprintf("refs/heads/%s", op->base);

	gitpool_compare(op->op.svc->git, op->project_id, base, head,
	    svc_pull_on_compare, op);
}

static void
svc_pull_on_copied(const struct err *fail, void *arg)
{
	struct svc_pull_create *op = arg;
	struct err e = ERR_INIT;

	if (fail != NULL && fail->code == ERR_NOTFOUND) {
		(void)err_set(&e, ERR_NOTFOUND, "head: no such branch");
		svc_op_end(op, &e);
	} else if (fail != NULL) {
		svc_op_end(op, fail);
	} else {
		svc_pull_compare(op, op->head_sha);
	}
}

/* Its commits are brought here before anything is said about them. */
static void
svc_pull_from_fork(struct svc_pull_create *op, const char *head)
{
	struct txn *t = db_reader(op->op.svc->db);
	const struct git_copy_spec copy = { .from = op->head_project,
		.to = op->project_id,
		.refs = { head, NULL },
		.done = svc_pull_on_copied,
		.arg = op };
	struct err e = ERR_INIT;

	if (svc_may(t, &op->op.who, op->project_id, PERM_DISCUSS, NULL, &e) ==
		-1 ||
	    svc_may(t, &op->op.who, op->head_project, PERM_READ, NULL, &e) ==
		-1 ||
	    refs_get(t, op->head_project, head, op->head_sha, &e) == -1)
		svc_op_end_later(op, &e);
	else if (op->head_sha[0] != '\0')
		gitcopy(op->op.svc->copies, &copy);
	else {
		(void)err_set(&e, ERR_NOTFOUND, "head: no such branch");
		svc_op_end_later(op, &e);
	}
}

void
svc_pull_create(struct svc_pull_create *op, svc_done_fn *done, void *arg)
{
	AUTO_FREE char *head = NULL;
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (svc_pull_create_check(op, &e) == -1) {
		svc_op_end_later(op, &e);
		return;
	}
	head = xasprintf("refs/heads/%s", op->head);
	if (op->head_project != 0)
		svc_pull_from_fork(op, head);
	else
		svc_pull_compare(op, head);
}

static void
svc_pull_edit_release(void *arg)
{
	struct svc_pull_edit *op = arg;

	free(op->title);
	free(op->body);
	free(op->base);
	item_fields_release(&op->fields);
	pull_release(&op->pull);
}

struct svc_pull_edit *
svc_pull_edit_new(struct svc *s, const struct identity *who)
{
	struct svc_pull_edit *op = svc_op_new(
	    s, sizeof(struct svc_pull_edit), who, svc_pull_edit_release);

	op->draft = -1;
	return op;
}

/* A title that says so makes a draft; one that no longer does ends it. */
static int
svc_pull_edit_draft(
    struct txn *t, const struct svc_pull_edit *op, struct err *e)
{
	const struct pull *p = &op->pull;
	bool was = pull_rule_is_wip(p->issue.title);
	bool is = op->title != NULL ? pull_rule_is_wip(op->title) : was;
	bool draft = p->draft;

	if (op->draft == 0 && is)
		return err_set(e, ERR_INVALID, "draft: the title says WIP");
	if (op->draft != -1)
		draft = op->draft == 1;
	else if (is != was)
		draft = is;
	if (draft == p->draft)
		return 0;
	if (!perm_edit(
		op->op.who.user_kind, op->op.who.user_id, p->issue.author.id) &&
	    svc_may(t, &op->op.who, op->project_id, PERM_WRITE, NULL, e) == -1)
		return -1;
	return pulls_set_draft(t, op->project_id, op->number, draft, e);
}

static int
svc_pull_edit_base(struct txn *t, const struct svc_pull_edit *op, struct err *e)
{
	const struct pull *p = &op->pull;
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	if (op->base == NULL || strcmp(op->base, p->base) == 0)
		return 0;
	if (p->issue.state != ISSUE_OPEN)
		return err_set(
		    e, ERR_INVALID, "base: the pull request is not open");
	if (strcmp(op->base, p->head) == 0)
		return err_set(e, ERR_INVALID, "base: it is the head");
	if (svc_pull_base_ok(&op->op.who, op->base, e) == -1)
		return -1;
	if (svc_may(t, &op->op.who, op->project_id, PERM_WRITE, NULL, e) ==
		-1 ||
	    pulls_set_base(t, op->project_id, op->number, op->base,
		op->base_sha, op->op.now, e) == -1 ||
	    reviews_retarget(t, op->project_id, op->number, e) == -1 ||
	    check_orders_again(t, op->project_id, op->number, e) == -1 ||
	    svc_protect_retargeted(t, p, op->base, op->op.now, e) == -1 ||
	    svc_auto_merge_end(t, &op->op, op->project_id, op->number, e) == -1)
		return -1;
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "old_ref", p->base);
	jw_str(&w, "new_ref", op->base);
	jw_object(&w, "changes");
	jw_object(&w, "ref");
	jw_str(&w, "from", p->base);
	jw_end(&w);
	jw_end(&w);
	jw_end(&w);
	if (svc_item_note(
		t, &op->op, &p->issue, "change_target_branch", &data, e) == -1)
		return -1;
	return svc_item_event(t, &op->op, &p->issue, "issue.edited", &data, e);
}

static int
svc_pull_edit_rows(struct txn *t, struct svc_pull_edit *op, struct err *e)
{
	const struct svc_issue_change c = { op->title, op->body, op->state };
	int64_t n;

	if (svc_item_apply(t, &op->op, &op->pull.issue, &op->fields, e) == -1 ||
	    svc_issue_change(t, &op->op, &op->pull.issue, &c, e) == -1 ||
	    svc_pull_edit_draft(t, op, e) == -1 ||
	    svc_pull_edit_base(t, op, e) == -1)
		return -1;
	if (op->state == ISSUE_CLOSED)
		return jobs_supersede(
		    t, op->project_id, op->number, "", op->op.now, &n, e);
	return 0;
}

static int
svc_pull_edit_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_pull_edit *op = arg;

	if (svc_may(t, &op->op.who, op->project_id, PERM_DISCUSS, NULL, e) ==
		-1 ||
	    pulls_get(t, op->project_id, op->number, &op->pull, e) == -1 ||
	    svc_pull_edit_rows(t, op, e) == -1)
		return -1;
	pull_release(&op->pull);
	return pulls_get(t, op->project_id, op->number, &op->pull, e);
}

static void
svc_pull_edit_on_refreshed(const struct err *fail, void *arg)
{
	struct svc_pull_edit *op = arg;

	(void)fail;
	svc_pull_answer(&op->op, op->project_id, op->number, &op->pull);
}

static bool
svc_pull_edited(void *arg)
{
	struct svc_pull_edit *op = arg;

	if (op->base == NULL && op->state != ISSUE_OPEN)
		return false;
	svc_pull_refresh(op->op.svc, op->project_id, op->number,
	    op->op.who.user_id, svc_pull_edit_on_refreshed, op);
	return true;
}

static void
svc_pull_edit_on_base(const struct git_result *res, void *arg)
{
	struct svc_pull_edit *op = arg;
	struct err e = ERR_INIT;

	if (res->fail != NULL) {
		if (res->fail->code == ERR_NOTFOUND)
			err_set(&e, ERR_NOTFOUND, "base: no such branch");
		else
			e = *res->fail;
		svc_op_end(op, &e);
		return;
	}
	gitpool_sha(res, "sha", op->base_sha);
	svc_op_again(op, svc_pull_edit_job);
}

void
svc_pull_edit(struct svc_pull_edit *op, svc_done_fn *done, void *arg)
{
	AUTO_FREE char *ref = NULL;
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	op->op.then = svc_pull_edited;
	if ((op->title != NULL && issue_rule_title(op->title, &e) == -1) ||
	    (op->body != NULL && issue_rule_body(op->body, &e) == -1) ||
	    (op->base != NULL && svc_pull_branch("base", op->base, &e) == -1)) {
		svc_op_end_later(op, &e);
		return;
	}
	if (op->base == NULL) {
		svc_op_run(op, svc_pull_edit_job, done, arg);
		return;
	}
	ref = xasprintf("refs/heads/%s", op->base);
	gitpool_resolve(
	    op->op.svc->git, op->project_id, ref, svc_pull_edit_on_base, op);
}
