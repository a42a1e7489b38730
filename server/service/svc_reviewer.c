#include "server/service/svc_reviewer.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/service/svc_item.h"
#include "server/store/issues.h"
#include "server/store/pulls.h"
#include "server/store/reviews.h"
#include "server/store/users.h"

static void
svc_reviewers_release(void *arg)
{
	struct svc_reviewers *op = arg;

	for (size_t i = 0; i < op->n; i++)
		free(op->logins[i]);
	review_list_release(&op->reviews);
}

struct svc_reviewers *
svc_reviewers_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_reviewers), who, svc_reviewers_release);
}

static int
svc_reviewer_say(struct txn *t, const struct svc_op *op, const struct pull *p,
    const struct user *u, bool withdrawn, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_object(&w, "reviewer");
	jw_i64(&w, "id", u->id);
	jw_str(&w, "login", u->login);
	jw_end(&w);
	jw_i64(&w, "assignee", u->id);
	jw_bool(&w, "removed", withdrawn);
	jw_end(&w);
	if (svc_item_note(t, op, &p->issue, "review_request", &data, e) == -1 ||
	    issues_touch(t, p->issue.project_id, p->issue.number, op->now, e) ==
		-1)
		return -1;
	return svc_item_event(t, op, &p->issue,
	    withdrawn ? "pull.review_request_removed" : "pull.review_requested",
	    &data, e);
}

static int
svc_reviewer_user(
    struct txn *t, const char *login, struct user *out, struct err *e)
{
	struct err why = ERR_INIT;

	if (users_by_name(t, login, out, &why) == 0)
		return 0;
	if (why.code == ERR_NOTFOUND)
		return err_set(e, ERR_NOTFOUND,
		    "reviewers: there is no user %.100s", login);
	*e = why;
	return -1;
}

/* Whoever is asked must be a person who may see it and did not write it. */
static int
svc_reviewer_can(struct txn *t, const struct pull *p, const struct user *u,
    enum role *role, struct err *e)
{
	struct identity who;
	struct err why = ERR_INIT;

	if (u->id == p->issue.author.id)
		return err_set(e, ERR_INVALID,
		    "reviewers: %.100s opened the pull request", u->login);
	svc_identity_of(u->id, u->login, u->kind, &who);
	if ((u->kind == USER_PERSON || u->kind == USER_ADMIN) &&
	    svc_may(t, &who, p->issue.project_id, PERM_DISCUSS, role, &why) ==
		0)
		return 0;
	return err_set(e, ERR_INVALID,
	    "reviewers: %.100s may not review in this repository", u->login);
}

static int
svc_reviewer_find(struct txn *t, const struct pull *p, int64_t user,
    int64_t *id, struct err *e)
{
	const struct review_new of = { .project_id = p->issue.project_id,
		.item = p->issue.number,
		.author_id = user,
		.state = REVIEW_REQUEST };

	return reviews_find_open(t, &of, id, e);
}

int
svc_reviewer_ask(struct txn *t, const struct svc_op *op, const struct pull *p,
    const char *login, int64_t *review, struct err *e)
{
	struct review_new n = { .project_id = p->issue.project_id,
		.item = p->issue.number,
		.state = REVIEW_REQUEST,
		.body = "",
		.sha = p->head_sha,
		.now = op->now };
	enum role role = ROLE_NONE;
	struct user u;

	if (svc_reviewer_user(t, login, &u, e) == -1 ||
	    svc_reviewer_can(t, p, &u, &role, e) == -1 ||
	    svc_reviewer_find(t, p, u.id, review, e) == -1)
		return -1;
	if (*review != 0)
		return 0;
	n.author_id = u.id;
	n.official = role >= ROLE_MAINTAINER;
	if (reviews_insert(t, &n, review, e) == -1)
		return -1;
	return svc_reviewer_say(t, op, p, &u, false, e);
}

/* The author may, but not a request that the gate waits for. */
static int
svc_reviewer_may_withdraw(struct txn *t, const struct svc_op *op,
    const struct pull *p, int64_t id, struct err *e)
{
	struct review r = { .id = 0 };
	bool waited = false;

	if (id != 0) {
		if (reviews_get(t, p->issue.project_id, id, &r, e) == -1)
			return -1;
		waited = r.official || r.role >= ROLE_MAINTAINER;
		review_release(&r);
	}
	if (p->issue.author.id == op->who.user_id && !waited)
		return 0;
	return svc_may(t, &op->who, p->issue.project_id, PERM_WRITE, NULL, e);
}

static int
svc_reviewer_withdraw(struct txn *t, const struct svc_op *op,
    const struct pull *p, const char *login, struct err *e)
{
	int64_t id = 0;
	struct user u;

	if (svc_reviewer_user(t, login, &u, e) == -1)
		return -1;
	/* Whoever is asked may say no. */
	if (svc_reviewer_find(t, p, u.id, &id, e) == -1)
		return -1;
	if (u.id != op->who.user_id &&
	    svc_reviewer_may_withdraw(t, op, p, id, e) == -1)
		return -1;
	if (id == 0)
		return 0;
	if (reviews_delete(t, p->issue.project_id, id, e) == -1)
		return -1;
	return svc_reviewer_say(t, op, p, &u, true, e);
}

static int
svc_reviewers_ask(struct txn *t, struct svc_reviewers *op, const struct pull *p,
    struct err *e)
{
	const struct identity *who = &op->op.who;

	if (p->issue.author.id != who->user_id &&
	    svc_may(t, who, op->project_id, PERM_WRITE, NULL, e) == -1)
		return -1;
	if (op->n + p->n_reviewers > SVC_REVIEWERS_MAX)
		return err_set(e, ERR_INVALID,
		    "reviewers: a pull request has at most %d",
		    SVC_REVIEWERS_MAX);
	if (op->n > 0)
		op->reviews.at = xcalloc(op->n, sizeof(*op->reviews.at));
	for (size_t i = 0; i < op->n; i++) {
		int64_t id;

		if (svc_reviewer_ask(t, &op->op, p, op->logins[i], &id, e) ==
			-1 ||
		    reviews_get(t, op->project_id, id,
			&op->reviews.at[op->reviews.n++], e) == -1)
			return -1;
	}
	return 0;
}

static int
svc_reviewers_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_reviewers *op = arg;
	struct pull p = { .run_id = 0 };
	int rc = 0;

	if (svc_may(t, &op->op.who, op->project_id, PERM_DISCUSS, NULL, e) ==
		-1 ||
	    pulls_get(t, op->project_id, op->item, &p, e) == -1)
		return -1;
	memcpy(op->head_sha, p.head_sha, sizeof(op->head_sha));
	if (!op->withdraw)
		rc = svc_reviewers_ask(t, op, &p, e);
	for (size_t i = 0; rc == 0 && op->withdraw && i < op->n; i++)
		rc = svc_reviewer_withdraw(t, &op->op, &p, op->logins[i], e);
	pull_release(&p);
	return rc;
}

void
svc_reviewers(struct svc_reviewers *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_reviewers_job, done, arg);
}
