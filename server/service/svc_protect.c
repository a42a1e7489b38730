#include "server/service/svc_protect.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "server/domain/push_policy.h"
#include "server/service/svc_protect_event.h"
#include "server/service/svc_pull.h"
#include "server/store/protections.h"
#include "server/store/reviews.h"
#include "server/store/users.h"

void
svc_names_add(struct svc_names *l, const char *s)
{
	l->at = xrealloc(l->at, (l->n + 1) * sizeof(*l->at));
	l->at[l->n++] = xstrdup(s);
}

static void
svc_names_release(struct svc_names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i]);
	free(l->at);
}

static void
svc_protect_put_release(void *arg)
{
	struct svc_protect_put *op = arg;

	for (size_t i = 0; i < PROTECT_PEOPLE; i++)
		svc_names_release(&op->people[i]);
	svc_names_release(&op->contexts);
	free(op->name);
	free(op->files);
	free(op->open_files);
	protect_rule_release(&op->was);
	protect_rule_release(&op->rule);
}

struct svc_protect_put *
svc_protect_put_new(struct svc *s, const struct identity *who)
{
	struct svc_protect_put *op = svc_op_new(
	    s, sizeof(*op), who, svc_protect_put_release);

	op->approvals = op->priority = -1;
	return op;
}

static void
svc_protect_set_text(char **to, const char *given)
{
	if (given == NULL && *to != NULL)
		return;
	free(*to);
	*to = xstrdup(svc_text(given));
}

static int
svc_protect_set_people(struct txn *t, const struct svc_protect_put *op,
    struct protect_rule *r, enum protect_people list, struct err *e)
{
	const struct svc_names *l = &op->people[list];

	if (!l->given)
		return 0;
	free(r->people[list].at);
	r->people[list] = (struct protect_users){ .n = 0 };
	for (size_t i = 0; i < l->n; i++) {
		struct user u;

		if (users_by_name(t, l->at[i], &u, e) == -1) {
			if (e->code != ERR_NOTFOUND)
				return -1;
			return err_set(e, ERR_INVALID,
			    "%s: user does not exist: %.100s",
			    protect_people_name(list), l->at[i]);
		}
		protect_rule_add_user(r, list, u.id, u.login);
	}
	return 0;
}

/* What was given, over what is there. */
static int
svc_protect_fill(struct txn *t, const struct svc_protect_put *op,
    struct protect_rule *r, struct err *e)
{
	r->project_id = op->project_id;
	r->updated_at = op->op.now;
	r->flags = (r->flags & ~op->flags_given) |
	    (op->flags & op->flags_given);
	if (op->approvals >= 0)
		r->approvals = op->approvals;
	if (op->priority > 0)
		r->priority = op->priority;
	svc_protect_set_text(&r->files, op->files);
	svc_protect_set_text(&r->open_files, op->open_files);
	if (op->contexts.given) {
		for (size_t i = 0; i < r->n_contexts; i++)
			free(r->contexts[i]);
		r->n_contexts = 0;
		for (size_t i = 0; i < op->contexts.n; i++)
			protect_rule_add_context(r, op->contexts.at[i]);
	}
	for (int i = 0; i < PROTECT_PEOPLE; i++)
		if (svc_protect_set_people(
			t, op, r, (enum protect_people)i, e) == -1)
			return -1;
	return protect_rule_check(r, e);
}

static int
svc_protect_put_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_protect_put *op = arg;
	struct protect_rule *r = &op->rule;
	int64_t id;

	if (svc_may(t, &op->op.who, op->project_id, PERM_MANAGE, NULL, e) == -1)
		return -1;
	if (op->create) {
		r->name = xstrdup(op->name);
		r->created_at = op->op.now;
	} else if (protections_get(t, op->project_id, op->name, &op->was, e) ==
		-1 ||
	    protections_get(t, op->project_id, op->name, r, e) == -1) {
		return -1;
	}
	if (svc_protect_fill(t, op, r, e) == -1 ||
	    (op->create ? protections_insert(t, r, &id, e)
			: protections_update(t, r, e)) == -1 ||
	    svc_protect_changed(t, &op->op, op->project_id,
		op->create ? NULL : &op->was, r, e) == -1)
		return -1;
	protect_rule_release(r);
	return protections_get(t, op->project_id, op->name, r, e);
}

/* What checks of open pull requests run on may be another thing now. */
static bool
svc_protect_retest(struct svc_op *op, int64_t project)
{
	svc_pull_on_checks(op->svc, project, op->who.user_id);
	return false;
}

static bool
svc_protect_put_then(void *arg)
{
	struct svc_protect_put *op = arg;

	return svc_protect_retest(&op->op, op->project_id);
}

void
svc_protect_put(struct svc_protect_put *op, svc_done_fn *done, void *arg)
{
	op->op.then = svc_protect_put_then;
	svc_op_run(op, svc_protect_put_job, done, arg);
}

static void
svc_protect_delete_release(void *arg)
{
	struct svc_protect_delete *op = arg;

	free(op->name);
}

struct svc_protect_delete *
svc_protect_delete_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_protect_delete), who,
	    svc_protect_delete_release);
}

static int
svc_protect_delete_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_protect_delete *op = arg;
	struct protect_rule was = { .id = 0 };
	int rc = -1;

	if (svc_may(t, &op->op.who, op->project_id, PERM_MANAGE, NULL, e) == -1)
		return -1;
	if (protections_get(t, op->project_id, op->name, &was, e) == 0 &&
	    protections_delete(t, op->project_id, op->name, e) == 0)
		rc = svc_protect_changed(
		    t, &op->op, op->project_id, &was, NULL, e);
	protect_rule_release(&was);
	return rc;
}

static bool
svc_protect_delete_then(void *arg)
{
	struct svc_protect_delete *op = arg;

	return svc_protect_retest(&op->op, op->project_id);
}

void
svc_protect_delete(struct svc_protect_delete *op, svc_done_fn *done, void *arg)
{
	op->op.then = svc_protect_delete_then;
	svc_op_run(op, svc_protect_delete_job, done, arg);
}

struct svc_protect_order *
svc_protect_order_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_protect_order), who, NULL);
}

static bool
svc_protect_is_named(const struct svc_protect_order *op, int64_t id)
{
	for (size_t i = 0; i < op->n; i++)
		if (op->ids[i] == id)
			return true;
	return false;
}

static int
svc_protect_order_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_protect_order *op = arg;
	struct protect_list all = { .n = 0 }, now = { .n = 0 };
	int64_t next = 1;
	int rc = 0;

	if (svc_may(t, &op->op.who, op->project_id, PERM_MANAGE, NULL, e) ==
		-1 ||
	    protections_list(t, op->project_id, &all, e) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < op->n; i++)
		rc = protections_set_priority(
		    t, op->project_id, op->ids[i], next++, e);
	for (size_t i = 0; rc == 0 && i < all.n; i++)
		if (!svc_protect_is_named(op, all.at[i].id))
			rc = protections_set_priority(
			    t, op->project_id, all.at[i].id, next++, e);
	if (rc == 0)
		rc = protections_list(t, op->project_id, &now, e);
	if (rc == 0)
		rc = svc_protect_ordered(
		    t, &op->op, op->project_id, &all, &now, e);
	protect_list_release(&all);
	protect_list_release(&now);
	return rc;
}

static bool
svc_protect_order_then(void *arg)
{
	struct svc_protect_order *op = arg;

	return svc_protect_retest(&op->op, op->project_id);
}

void
svc_protect_order(struct svc_protect_order *op, svc_done_fn *done, void *arg)
{
	op->op.then = svc_protect_order_then;
	svc_op_run(op, svc_protect_order_job, done, arg);
}

void
svc_branch_view(const struct svc_branch_ask *a, const char *branch,
    struct svc_branch_view *out)
{
	const struct project *p = a->project;
	bool followed = a->upstream ||
	    (p->upstream[0] != '\0' && strcmp(p->default_branch, branch) == 0);
	int64_t user = a->who->user_id;
	bool person = a->who->kind == IDENTITY_ADMIN ||
	    a->who->kind == IDENTITY_USER;
	bool writes = person && a->role >= ROLE_MAINTAINER;

	out->rule = protect_match(a->rules, branch);
	out->protected = followed || out->rule != NULL;
	out->approvals = out->protected ? p->settings.approvals : 0;
	if (out->rule != NULL && out->rule->approvals > out->approvals)
		out->approvals = out->rule->approvals;
	if (a->who->kind == IDENTITY_SESSION)
		out->may_push = a->who->project_id == p->id && !followed &&
		    push_policy_is_agent_branch(branch);
	else
		out->may_push = writes && !followed;
	out->may_merge = writes;
	if (out->rule != NULL) {
		out->may_push = out->may_push &&
		    protect_may_push(out->rule, user);
		out->may_merge = out->may_merge &&
		    protect_may_merge(out->rule, user);
	}
}

static int
svc_protect_dismiss(struct txn *t, const struct pull *p, const char *base,
    const char *head_sha, int64_t now, struct err *e)
{
	struct protect_list rules;
	const struct protect_rule *r;
	int64_t n;
	int rc = 0;

	if (protections_list(t, p->issue.project_id, &rules, e) == -1)
		return -1;
	r = protect_match(&rules, base);
	if (r != NULL && protect_has(r, PROTECT_DISMISS_STALE))
		rc = reviews_dismiss_stale(t, p->issue.project_id,
		    p->issue.number, head_sha, now, &n, e);
	protect_list_release(&rules);
	return rc;
}

int
svc_protect_head_moved(struct txn *t, const struct pull *p,
    const char *head_sha, int64_t now, struct err *e)
{
	return svc_protect_dismiss(t, p, p->base, head_sha, now, e);
}

int
svc_protect_retargeted(struct txn *t, const struct pull *p, const char *base,
    int64_t now, struct err *e)
{
	return svc_protect_dismiss(t, p, base, "", now, e);
}
