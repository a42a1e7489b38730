#include "server/service/svc_review.h"

#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/issue_rule.h"
#include "server/git/git_pull.h"
#include "server/service/svc_item.h"
#include "server/service/svc_mention.h"
#include "server/service/svc_pull.h"
#include "server/store/issues.h"
#include "server/store/pull_writers.h"
#include "server/store/pulls.h"
#include "server/store/review_comments.h"
#include "server/store/reviews.h"

static void
svc_review_create_release(void *arg)
{
	struct svc_review_create *op = arg;

	for (size_t i = 0; i < op->n_lines; i++) {
		free(op->lines[i].path);
		free(op->lines[i].body);
		free(op->lines[i].hunk);
	}
	free(op->lines);
	free(op->body);
	free(op->sha);
	review_release(&op->review);
}

struct svc_review_create *
svc_review_create_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_review_create), who,
	    svc_review_create_release);
}

int
svc_review_open(struct txn *t, const struct identity *who, int64_t project_id,
    int64_t item, enum role *role, struct pull *out, struct err *e)
{
	if (svc_may(t, who, project_id, PERM_DISCUSS, role, e) == -1 ||
	    pulls_get(t, project_id, item, out, e) == -1)
		return -1;
	if (!out->issue.locked || *role >= ROLE_MAINTAINER)
		return 0;
	pull_release(out);
	return err_set(e, ERR_DENIED, "the pull request is locked");
}

static bool
svc_review_is_verdict(enum review_state s)
{
	return s == REVIEW_APPROVED || s == REVIEW_REQUEST_CHANGES;
}

static int
svc_review_allow(
    const struct svc_review_create *op, const struct pull *p, struct err *e)
{
	if (svc_review_is_verdict(op->state) && p->issue.state != ISSUE_OPEN)
		return err_set(
		    e, ERR_INVALID, "event: the pull request is not open");
	if (svc_review_is_verdict(op->state) &&
	    p->issue.author.id == op->op.who.user_id)
		return err_set(
		    e, ERR_INVALID, "event: it is your own pull request");
	if (op->sha != NULL && strcasecmp(op->sha, p->head_sha) != 0)
		return err_set(
		    e, ERR_EXISTS, "commit_id: it is not the head any more");
	if (op->n_lines > 0 && strcmp(op->head_sha, p->head_sha) != 0)
		return err_set(e, ERR_EXISTS,
		    "the head moved while the comments were placed");
	return 0;
}

static int
svc_review_event(struct txn *t, const struct svc_review_create *op,
    const struct pull *p, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "review", op->review.id);
	jw_str(&w, "verdict", review_state_name(op->review.state));
	jw_str(&w, "sha", op->review.sha);
	jw_str(&w, "body", op->review.body);
	jw_i64(&w, "comments", op->review.comments);
	jw_bool(&w, "of_agent", p->issue.author.kind == USER_AGENT);
	jw_end(&w);
	return svc_item_event(
	    t, &op->op, &p->issue, "review.created", &data, e);
}

/* What the comments of a review refer to, once others can read them. */
static int
svc_review_refer(struct txn *t, const struct svc_review_create *op,
    struct svc_words *words, struct err *e)
{
	const struct review_comment_filter f = { .project_id = op->project_id,
		.item = op->item,
		.review_id = op->review.id,
		.viewer_id = op->op.who.user_id };
	struct review_comment_list list;
	int rc = 0;

	if (review_comments_list(t, &f, &list, e) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < list.n; i++) {
		words->text = list.at[i].body;
		rc = svc_mention_words(t, &op->op, words, e);
	}
	review_comment_list_release(&list);
	return rc;
}

static int
svc_review_note(struct txn *t, const struct svc_review_create *op,
    const struct pull *p, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct svc_words words = { .project_id = op->project_id,
		.item = op->item,
		.is_pull = true,
		.text = op->review.body };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "review", op->review.id);
	jw_end(&w);
	if (svc_item_note(t, &op->op, &p->issue, "review", &data, e) == -1 ||
	    issues_touch(t, op->project_id, op->item, op->op.now, e) == -1 ||
	    review_comments_count(t, op->project_id, op->item, e) == -1 ||
	    svc_mention_words(t, &op->op, &words, e) == -1 ||
	    svc_review_refer(t, op, &words, e) == -1)
		return -1;
	return svc_review_event(t, op, p, e);
}

static int
svc_review_lines(struct txn *t, const struct svc_review_create *op,
    int64_t review, struct err *e)
{
	for (size_t i = 0; i < op->n_lines; i++) {
		const struct svc_review_line *l = &op->lines[i];
		struct review_comment c = { .project_id = op->project_id,
			.item = op->item,
			.review_id = review,
			.author = { .id = op->op.who.user_id },
			.side = l->side,
			.line = l->line,
			.created_at = op->op.now,
			.path = l->path,
			.hunk = l->hunk,
			.body = l->body };
		int64_t id;

		memcpy(c.sha, op->head_sha, sizeof(c.sha));
		memcpy(c.at_sha,
		    l->side == REVIEW_SIDE_OLD ? op->merge_base : op->head_sha,
		    sizeof(c.at_sha));
		if (review_comments_insert(t, &c, &id, e) == -1)
			return -1;
	}
	return 0;
}

/* The pending review that this one continues: the one that is named, or else
 * the only one that he has. */
static int
svc_review_pending(struct txn *t, const struct svc_review_create *op,
    const struct review_new *n, int64_t *id, struct err *e)
{
	struct review_new of = *n;
	struct review r;
	bool mine, there;

	of.state = REVIEW_PENDING;
	if (op->review_id == 0)
		return reviews_find_open(t, &of, id, e);
	if (reviews_get(t, op->project_id, op->review_id, &r, e) == -1)
		return -1;
	mine = r.author.id == op->op.who.user_id;
	there = r.item == op->item && (mine || r.state != REVIEW_PENDING);
	*id = r.id;
	of.state = r.state;
	review_release(&r);
	if (!there)
		return err_set(e, ERR_NOTFOUND, "review does not exist");
	if (!mine)
		return err_set(e, ERR_DENIED, "it is another one's review");
	if (of.state != REVIEW_PENDING)
		return err_set(e, ERR_INVALID,
		    "event: only a pending review can be submitted");
	return 0;
}

/* Words are needed for all but an approval. */
static int
svc_review_needs(const struct svc_review_create *op, struct err *e)
{
	const struct review *r = &op->review;
	bool words = view_trim(view_of(r->body)).len > 0;

	if (r->state == REVIEW_REQUEST_CHANGES && !words)
		return err_set(e, ERR_INVALID, "body: it is empty");
	if (r->state == REVIEW_COMMENT && !words && r->comments == 0)
		return err_set(e, ERR_INVALID,
		    "body: it is empty, and there are no comments");
	return 0;
}

static int
svc_review_write(struct txn *t, struct svc_review_create *op,
    struct review_new *n, struct err *e)
{
	int64_t id = 0;
	int rc;

	if (svc_review_pending(t, op, n, &id, e) == -1)
		return -1;
	if (id == 0)
		rc = reviews_insert(t, n, &id, e);
	else if (n->state == REVIEW_PENDING)
		rc = reviews_set_body(t, n->project_id, id, n->body, n->now, e);
	else
		rc = reviews_submit(t, n, id, e);
	if (rc == -1 || reviews_supersede(t, n, id, e) == -1 ||
	    svc_review_lines(t, op, id, e) == -1 ||
	    reviews_get(t, op->project_id, id, &op->review, e) == -1)
		return -1;
	return svc_review_needs(op, e);
}

int
svc_review_put(struct txn *t, struct svc_review_create *op,
    const struct pull *p, bool official, struct err *e)
{
	struct review_new n = { .project_id = op->project_id,
		.item = op->item,
		.author_id = op->op.who.user_id,
		.state = op->state,
		.official = official,
		.body = svc_text(op->body),
		.sha = op->head_sha,
		.now = op->op.now };

	if (svc_review_allow(op, p, e) == -1)
		return -1;
	memcpy(op->head_sha, p->head_sha, sizeof(op->head_sha));
	if (svc_review_write(t, op, &n, e) == -1)
		return -1;
	return op->state == REVIEW_PENDING ? 0 : svc_review_note(t, op, p, e);
}

int
svc_review_add(struct txn *t, struct svc_review_create *op, struct err *e)
{
	struct pull p = { .run_id = 0 };
	enum role role;
	int rc;

	if (svc_review_open(
		t, &op->op.who, op->project_id, op->item, &role, &p, e) == -1)
		return -1;
	rc = svc_review_put(t, op, &p, role >= ROLE_MAINTAINER, e);
	pull_release(&p);
	return rc;
}

static int
svc_review_create_job(struct txn *t, void *arg, struct err *e)
{
	return svc_review_add(t, arg, e);
}

static void
svc_review_on_hunks(const struct git_result *res, void *arg)
{
	struct svc_review_create *op = arg;
	const struct json *h = json_first(json_get(res->j, "hunks"));
	struct err e = ERR_INIT;

	if (res->fail != NULL) {
		svc_op_end(op, res->fail);
		return;
	}
	gitpool_sha(res, "merge_base", op->merge_base);
	for (size_t i = 0; i < op->n_lines; i++, h = json_next(h)) {
		const char *text = json_string(h);

		if (text == NULL || *text == '\0') {
			err_set(&e, ERR_INVALID,
			    "comments[%zu]: line %lld of %.100s is not in the "
			    "diff",
			    i, (long long)op->lines[i].line, op->lines[i].path);
			svc_op_end(op, &e);
			return;
		}
		op->lines[i].hunk = xstrndup(text, REVIEW_HUNK_MAX);
	}
	svc_op_again(op, svc_review_create_job);
}

static int
svc_review_check(const struct svc_review_create *op, struct err *e)
{
	if (op->state == REVIEW_REQUEST)
		return err_set(e, ERR_INVALID,
		    "event: reviews are requested by requested_reviewers");
	if (op->review_id != 0 && op->state == REVIEW_PENDING)
		return err_set(e, ERR_INVALID, "event: it is pending already");
	if (issue_rule_body(svc_text(op->body), e) == -1)
		return -1;
	for (size_t i = 0; i < op->n_lines; i++)
		if (issue_rule_comment(op->lines[i].body, e) == -1)
			return err_set(e, ERR_INVALID,
			    "comments[%zu].body: it is empty or too long", i);
	return 0;
}

/* Where the lines are in the diff is git's to say. */
static int
svc_review_place(struct svc_review_create *op, struct err *e)
{
	AUTO_FREE struct git_pull_line *lines = xcalloc(
	    op->n_lines, sizeof(*lines));
	struct txn *t = db_reader(op->op.svc->db);
	struct git_pull_facts spec = { .lines = lines, .n = op->n_lines };
	struct pull p = { .run_id = 0 };
	enum role role;

	if (svc_review_open(
		t, &op->op.who, op->project_id, op->item, &role, &p, e) == -1)
		return -1;
	memcpy(op->head_sha, p.head_sha, sizeof(op->head_sha));
	for (size_t i = 0; i < op->n_lines; i++)
		lines[i] = (struct git_pull_line){ .path = op->lines[i].path,
			.line = op->lines[i].line,
			.old = op->lines[i].side == REVIEW_SIDE_OLD };
	spec.base = p.merge_base[0] != '\0' ? p.merge_base : p.base_sha;
	spec.head = op->head_sha;
	gitpull_hunks(
	    op->op.svc->git, op->project_id, &spec, svc_review_on_hunks, op);
	pull_release(&p);
	return 0;
}

/* An approval lets the checks of a fork's head run. */
static bool
svc_review_created(void *arg)
{
	struct svc_review_create *op = arg;

	if (op->state == REVIEW_APPROVED)
		svc_pull_refresh(op->op.svc, op->project_id, op->item,
		    op->op.who.user_id, NULL, NULL);
	return false;
}

void
svc_review_create(struct svc_review_create *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.then = svc_review_created;

	op->op.done = done;
	op->op.arg = arg;
	if (svc_review_check(op, &e) == -1 ||
	    (op->n_lines > 0 && svc_review_place(op, &e) == -1))
		svc_op_end_later(op, &e);
	else if (op->n_lines == 0)
		svc_op_run(op, svc_review_create_job, done, arg);
}

static void
svc_review_change_release(void *arg)
{
	struct svc_review_change *op = arg;

	free(op->message);
	review_release(&op->review);
}

struct svc_review_change *
svc_review_change_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_review_change), who,
	    svc_review_change_release);
}

/* Of a pull request that he wrote a part of nobody takes a verdict away, nor
 * gives it back; and what another approved and took back, an admin alone. */
int
svc_review_may_weigh(struct txn *t, const struct identity *who,
    const struct pull *p, const struct review *r, bool back, struct err *e)
{
	enum perm_verb needs = PERM_WRITE;
	bool wrote = false;

	if (!svc_review_is_verdict(r->state))
		return err_set(e, ERR_DENIED,
		    "only APPROVED and REQUEST_CHANGES can be dismissed");
	if (r->author.id == who->user_id && !back)
		return 0;
	if (pull_writers_has(t, p->issue.project_id, p->issue.number,
		who->user_id, &wrote, e) == -1)
		return -1;
	if (wrote || p->issue.author.id == who->user_id ||
	    (back && r->state == REVIEW_APPROVED &&
		r->author.id != who->user_id))
		needs = PERM_MANAGE;
	return svc_may(t, who, p->issue.project_id, needs, NULL, e);
}

static int
svc_review_say(struct txn *t, const struct svc_review_change *op,
    const struct pull *p, struct err *e)
{
	static const char *const kinds[] = {
		[REVIEW_DELETE] = "review.deleted",
		[REVIEW_DISMISS] = "review.dismissed",
		[REVIEW_UNDISMISS] = "review.undismissed",
	};
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "review", op->review_id);
	jw_object(&w, "reviewer");
	jw_i64(&w, "id", op->review.author.id);
	jw_str(&w, "login", op->review.author.login);
	jw_end(&w);
	jw_str(&w, "verdict", review_state_name(op->review.state));
	jw_str(&w, "body", svc_text(op->message));
	jw_end(&w);
	if (op->what == REVIEW_DISMISS &&
	    svc_item_note(t, &op->op, &p->issue, "dismiss_review", &data, e) ==
		-1)
		return -1;
	return svc_item_event(t, &op->op, &p->issue, kinds[op->what], &data, e);
}

static int
svc_review_take_away(struct txn *t, const struct svc_review_change *op,
    const struct pull *p, struct err *e)
{
	const struct identity *who = &op->op.who;

	if (op->review.state == REVIEW_REQUEST)
		return err_set(e, ERR_NOTFOUND, "review does not exist");
	if (!perm_edit(who->user_kind, who->user_id, op->review.author.id))
		return err_set(e, ERR_DENIED, "it is another one's review");
	if (reviews_delete(t, op->project_id, op->review_id, e) == -1 ||
	    review_comments_count(t, op->project_id, op->item, e) == -1)
		return -1;
	return op->review.state == REVIEW_PENDING ? 0
						  : svc_review_say(t, op, p, e);
}

static int
svc_review_set_weight(struct txn *t, struct svc_review_change *op,
    const struct pull *p, struct err *e)
{
	bool dismiss = op->what == REVIEW_DISMISS;

	if (svc_review_may_weigh(t, &op->op.who, p, &op->review, !dismiss, e) ==
	    -1)
		return -1;
	if (op->review.dismissed != dismiss &&
	    (reviews_set_dismissed(t, op->project_id, op->review_id, dismiss,
		 op->op.now, e) == -1 ||
		svc_review_say(t, op, p, e) == -1))
		return -1;
	review_release(&op->review);
	return reviews_get(t, op->project_id, op->review_id, &op->review, e);
}

static int
svc_review_change_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_review_change *op = arg;
	struct pull p = { .run_id = 0 };
	int rc = -1;

	if (svc_may(t, &op->op.who, op->project_id, PERM_DISCUSS, NULL, e) ==
		-1 ||
	    reviews_get(t, op->project_id, op->review_id, &op->review, e) == -1)
		return -1;
	if (op->review.item != op->item ||
	    (op->review.state == REVIEW_PENDING &&
		op->review.author.id != op->op.who.user_id))
		return err_set(e, ERR_NOTFOUND, "review does not exist");
	if (pulls_get(t, op->project_id, op->item, &p, e) == -1)
		return -1;
	memcpy(op->head_sha, p.head_sha, sizeof(op->head_sha));
	if (op->what == REVIEW_DELETE)
		rc = svc_review_take_away(t, op, &p, e);
	else
		rc = svc_review_set_weight(t, op, &p, e);
	pull_release(&p);
	return rc;
}

void
svc_review_change(struct svc_review_change *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (issue_rule_body(svc_text(op->message), &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_review_change_job, done, arg);
}
