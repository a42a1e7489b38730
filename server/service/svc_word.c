#include "server/service/svc_word.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/slash.h"
#include "lib/base/str.h"
#include "server/domain/check_order.h"
#include "server/domain/ci_word.h"
#include "server/domain/issue_rule.h"
#include "server/domain/merge_policy.h"
#include "server/domain/repo_profile.h"
#include "server/domain/scope.h"
#include "server/service/svc_approval.h"
#include "server/service/svc_auto_merge.h"
#include "server/service/svc_comment.h"
#include "server/service/svc_pull.h"
#include "server/service/svc_review.h"
#include "server/store/auto_merges.h"
#include "server/store/check_orders.h"
#include "server/store/pulls.h"
#include "server/store/seed.h"
#include "server/store/users.h"

enum {
	SVC_WORD_SHA_MIN = 7,
	SVC_WORD_HOUR_MS = 3600 * 1000
};

struct svc_word_ask {
	struct txn *t;
	const struct svc_op *op;
	const struct comment *c;
	struct view args;
	enum svc_word did;
};

static bool
svc_word_is_bot(const struct svc_word_ask *a)
{
	struct user u = { .id = 0 };
	struct err e = ERR_INIT;

	return users_by_id(a->t, a->op->who.user_id, &u, &e) == -1 || u.bot;
}

/* A person who may write here, with a token that may; no program. */
static bool
svc_word_may(const struct svc_word_ask *a)
{
	const struct identity *who = &a->op->who;
	const struct scope_need need = {
		.areas = 1u << SCOPE_REPOSITORY, .write = true, .bound = true
	};
	struct err e = ERR_INIT;

	return (who->user_kind == USER_ADMIN ||
		   who->user_kind == USER_PERSON) &&
	    !svc_word_is_bot(a) && scope_allows(who->scopes, &need) &&
	    svc_may(a->t, who, a->c->project_id, PERM_WRITE, NULL, &e) == 0;
}

static int
svc_word_say(struct txn *t, const struct svc *s, int64_t now, int64_t project,
    int64_t item, const char *text, struct err *e)
{
	const struct svc_comment_row r = {
		.project_id = project, .item = item, .body = text
	};
	struct identity who;
	int64_t id;

	svc_identity_of(s->agentd_id, SEED_AGENTD, USER_SERVICE, &who);
	return svc_comment_insert(t, &who, now, &r, &id, e);
}

static int
svc_word_answer(struct svc_word_ask *a, const char *text, struct err *e)
{
	a->did = SVC_WORD_ANSWERED;
	return svc_word_say(a->t, a->op->svc, a->op->now, a->c->project_id,
	    a->c->item, text, e);
}

static bool
svc_word_is_asker(const struct err *fail)
{
	return fail->code == ERR_INVALID || fail->code == ERR_EXISTS ||
	    fail->code == ERR_DENIED || fail->code == ERR_LOCKED ||
	    fail->code == ERR_NOTFOUND;
}

/* What the asker can mend is answered, the rest is the comment's failure. */
static int
svc_word_failed(struct svc_word_ask *a, const char *what,
    const struct err *fail, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	if (!svc_word_is_asker(fail)) {
		*e = *fail;
		return -1;
	}
	str_addf(&text, "%s: %s.", what, fail->msg);
	return svc_word_answer(a, str_cstr(&text), e);
}

/* ---- /approve ---- */

static bool
svc_word_is_sha(struct view v)
{
	if (v.len < SVC_WORD_SHA_MIN || v.len > SHA_HEX)
		return false;
	for (size_t i = 0; i < v.len; i++)
		if (strchr("0123456789abcdefABCDEF", v.p[i]) == NULL)
			return false;
	return true;
}

/* What stands behind the order in its line; the empty view: nothing. */
static struct view
svc_word_first(const struct svc_word_ask *a)
{
	struct view word = { .p = a->args.p };

	/* The blanks before the arguments may be the end of the line. */
	for (const char *p = word.p; p > a->c->body && p[-1] <= ' '; p--)
		if (p[-1] == '\n')
			return word;
	while (word.len < a->args.len &&
	    strchr(" \t\r\n", word.p[word.len]) == NULL)
		word.len++;
	return word;
}

/* The commit that he names is the head, when he names one. */
static int
svc_word_head(const struct svc_word_ask *a, struct err *e)
{
	const struct view word = svc_word_first(a);
	struct pull p = { .run_id = 0 };
	int rc = 0;

	if (word.len == 0)
		return 0;
	if (!svc_word_is_sha(word))
		return err_set(e, ERR_INVALID,
		    "`/approve` takes a commit, at least %d digits of it, "
		    "or nothing",
		    SVC_WORD_SHA_MIN);
	if (pulls_get(a->t, a->c->project_id, a->c->item, &p, e) == -1)
		return -1;
	if (strncasecmp(p.head_sha, word.p, word.len) != 0)
		rc = err_set(
		    e, ERR_EXISTS, "the head is %.12s by now", p.head_sha);
	pull_release(&p);
	return rc;
}

/* The lines below the order's: what he says with his approval. */
static char *
svc_word_below(const struct svc_word_ask *a)
{
	const struct view first = svc_word_first(a);
	struct view rest = a->args, line;

	if (first.len > 0)
		(void)view_split(&rest, '\n', &line);
	return view_dup(view_trim(rest));
}

static int
svc_word_approve(struct svc_word_ask *a, struct err *e)
{
	AUTO_FREE char *below = svc_word_below(a);
	struct svc_review_create r = { .op = *a->op,
		.project_id = a->c->project_id,
		.item = a->c->item,
		.state = REVIEW_APPROVED,
		.body = below };
	struct err fail = ERR_INIT;
	int rc = svc_word_head(a, &fail);

	if (rc == 0)
		rc = svc_review_add(a->t, &r, &fail);
	review_release(&r.review);
	if (rc == -1)
		return svc_word_failed(a, "Not approved", &fail, e);
	a->did = SVC_WORD_APPROVED;
	return 0;
}

/* ---- /merge ---- */

static int
svc_word_merge_args(
    struct svc_word_ask *a, struct auto_merge *m, bool *waits, struct err *e)
{
	struct view rest = a->args, word, line;

	if (!view_split(&rest, '\n', &line))
		return 0;
	while (view_split(&line, ' ', &word)) {
		AUTO_STR struct str name = STR_INIT;
		int style;

		word = view_trim(word);
		str_addv(&name, word);
		style = merge_style_parse(str_cstr(&name));
		if (word.len == 0)
			continue;
		if (view_is(word, "auto"))
			*waits = true;
		else if (style > 0 && style != MERGE_STYLE_MANUAL)
			m->style = (enum merge_style)style;
		else
			return err_set(e, ERR_INVALID,
			    "`/merge` takes `merge`, `rebase`, `rebase-merge`, "
			    "`squash` or `fast-forward-only`, and `auto` to "
			    "wait for the gate");
	}
	return 0;
}

static int
svc_word_merge_row(struct svc_word_ask *a, bool *waits, struct err *e)
{
	struct auto_merge m = { .project_id = a->c->project_id,
		.number = a->c->item,
		.user_id = a->op->who.user_id,
		.at = a->op->now,
		.comment = a->c->id };
	struct pull p = { .run_id = 0 };
	int rc;

	if (svc_word_merge_args(a, &m, waits, e) == -1 ||
	    pulls_get(a->t, m.project_id, m.number, &p, e) == -1)
		return -1;
	memcpy(m.head_sha, p.head_sha, sizeof(m.head_sha));
	m.waits = *waits;
	rc = p.issue.state == ISSUE_OPEN
	    ? auto_merges_insert(a->t, &m, e)
	    : err_set(e, ERR_INVALID, "the pull request is %s",
		  p.issue.merged ? "merged already" : "closed");
	pull_release(&p);
	return rc;
}

static int
svc_word_merge(struct svc_word_ask *a, struct err *e)
{
	struct err fail = ERR_INIT;
	bool waits = false;

	if (svc_word_merge_row(a, &waits, &fail) == -1)
		return svc_word_failed(a, "Not merged", &fail, e);
	a->did = SVC_WORD_MERGE;
	return waits ? svc_auto_merge_say(
			   a->t, a->op, a->c->project_id, a->c->item, true, e)
		     : 0;
}

/* ---- /allow, /deny ---- */

/* False: what the asker cannot mend. */
static bool
svc_word_decided(struct svc_word_ask *a, struct svc_approval_answer *op,
    struct str *text, struct err *fail)
{
	if (svc_approval_decide(a->t, op, a->c->project_id, fail) == -1) {
		if (!svc_word_is_asker(fail))
			return false;
		str_addf(
		    text, "Approval %" PRId64 ": %s.\n", op->id, fail->msg);
		*fail = ERR_INIT;
		return true;
	}
	svc_approval_verdict(&op->approval, text);
	return op->approval.item == a->c->item ||
	    svc_approval_tell(
		a->t, a->op->svc, a->op->now, &op->approval, fail) == 0;
}

static int
svc_word_decide(struct svc_word_ask *a, bool allow, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(BODY_LEN_MAX);
	struct svc_approval_answer op = { .op = *a->op, .allow = allow };
	struct approval_words w;
	struct err fail = ERR_INIT;
	bool ok = true;

	if (approval_words_parse(a->args, allow, &w, &fail) == -1)
		return svc_word_failed(
		    a, allow ? "Not allowed" : "Not denied", &fail, e);
	op.for_ms = w.for_ms;
	for (size_t i = 0; i < w.n && ok; i++) {
		op.id = w.ids[i];
		ok = svc_word_decided(a, &op, &text, &fail);
		approval_release(&op.approval);
	}
	if (!ok) {
		*e = fail;
		return -1;
	}
	return svc_word_answer(a, str_cstr(&text), e);
}

static int
svc_word_allow(struct svc_word_ask *a, struct err *e)
{
	return svc_word_decide(a, true, e);
}

static int
svc_word_deny(struct svc_word_ask *a, struct err *e)
{
	return svc_word_decide(a, false, e);
}

/* ---- /test-pr, /test-pr-bug ---- */

static int
svc_word_test_may(const struct svc_word_ask *a, const struct ci_word *w,
    const struct pull *p, struct err *e)
{
	int64_t n = 0, required = 0;
	bool trusted = false;

	if (p->issue.state != ISSUE_OPEN)
		return err_set(e, ERR_INVALID, "the pull request is %s",
		    p->issue.merged ? "merged already" : "closed");
	if (w->branch != NULL && strcmp(w->branch, p->head) != 0)
		return err_set(e, ERR_INVALID,
		    "`%.80s` is not the head's branch, and only the head is "
		    "tested; a command of several words wants quotes",
		    w->branch);
	if (svc_pull_is_trusted(a->t, p->issue.project_id, p, &trusted, e) ==
		-1 ||
	    check_orders_count(a->t, p->issue.project_id, p->issue.number,
		a->op->now - SVC_WORD_HOUR_MS, &n, &required, e) == -1)
		return -1;
	if (!trusted)
		return err_set(e, ERR_INVALID,
		    "nobody has approved this head: `/approve %.12s` first",
		    p->head_sha);
	if (n >= CHECK_ORDERS_HOUR)
		return err_set(e, ERR_INVALID,
		    "there were %d orders within an hour, which is the most",
		    CHECK_ORDERS_HOUR);
	if (w->required && required >= CHECK_ORDERS_REQUIRED)
		return err_set(e, ERR_INVALID,
		    "%d orders are required of it, which is the most",
		    CHECK_ORDERS_REQUIRED);
	return 0;
}

static int
svc_word_test_row(
    const struct svc_word_ask *a, enum check_order_kind kind, struct err *e)
{
	struct check_order o = { .comment_id = a->c->id,
		.project_id = a->c->project_id,
		.pull = a->c->item,
		.account_id = a->op->who.user_id,
		.at = a->op->now,
		.kind = kind,
		.state = CHECK_ORDER_NEW };
	struct pull p = { .run_id = 0 };
	struct ci_word w;
	int rc;

	if (ci_word_parse(a->args, &w, e) == -1)
		return -1;
	o.test = w.test;
	o.setup = w.setup;
	o.required = w.required;
	rc = pulls_get(a->t, o.project_id, o.pull, &p, e);
	if (rc == 0)
		rc = svc_word_test_may(a, &w, &p, e);
	if (rc == 0) {
		memcpy(o.sha, p.head_sha, sizeof(o.sha));
		rc = check_orders_insert(a->t, &o, e);
	}
	pull_release(&p);
	ci_word_release(&w);
	return rc;
}

static int
svc_word_order(
    struct svc_word_ask *a, enum check_order_kind kind, struct err *e)
{
	struct err fail = ERR_INIT;

	if (svc_word_test_row(a, kind, &fail) == -1)
		return svc_word_failed(a, "Not tested", &fail, e);
	a->did = SVC_WORD_ORDERED;
	return 0;
}

static int
svc_word_test_pr(struct svc_word_ask *a, struct err *e)
{
	return svc_word_order(a, CHECK_ORDER_TEST, e);
}

static int
svc_word_test_bug(struct svc_word_ask *a, struct err *e)
{
	return svc_word_order(a, CHECK_ORDER_BUG, e);
}

static const struct {
	const char *name;
	bool pull; /* of pull requests alone */
	int (*obey)(struct svc_word_ask *a, struct err *e);
} svc_words_known[] = {
	{ "allow", false, svc_word_allow },
	{ "approve", true, svc_word_approve },
	{ "deny", false, svc_word_deny },
	{ "merge", true, svc_word_merge },
	{ "test-pr", true, svc_word_test_pr },
	{ "test-pr-bug", true, svc_word_test_bug },
};

int
svc_word_obey(struct txn *t, const struct svc_op *op, const struct comment *c,
    enum svc_word *out, struct err *e)
{
	const size_t n = sizeof(svc_words_known) / sizeof(svc_words_known[0]);
	struct svc_word_ask a = { .t = t, .op = op, .c = c };
	struct slash s;
	size_t i = 0;
	int rc;

	*out = SVC_WORD_NONE;
	if (!slash_parse(view_of(c->body), &s))
		return 0;
	while (i < n && strcmp(svc_words_known[i].name, s.name) != 0)
		i++;
	a.args = s.args;
	if (i == n || !svc_word_may(&a))
		return 0;
	if (svc_words_known[i].pull && !c->item_is_pull)
		rc = svc_word_answer(
		    &a, "That is an order for pull requests.", e);
	else
		rc = svc_words_known[i].obey(&a, e);
	*out = a.did;
	return rc;
}

void
svc_word_after(struct svc *s, const struct comment *c, enum svc_word word)
{
	if (word == SVC_WORD_MERGE)
		svc_auto_merge_added(s, c->project_id);
	else if (word == SVC_WORD_APPROVED || word == SVC_WORD_ORDERED)
		svc_pull_refresh(
		    s, c->project_id, c->item, c->author.id, NULL, NULL);
}

int
svc_word_refuse(struct txn *t, struct svc *s, int64_t now,
    const struct auto_merge *m, const char *why, struct err *e)
{
	struct auto_merge is;
	bool same;

	if (auto_merges_get(t, m->project_id, m->number, &is, e) == -1)
		return -1;
	same = is.comment == m->comment;
	auto_merge_release(&is);
	if (!same)
		return 0;
	if (auto_merges_delete(t, m->project_id, m->number, e) == -1)
		return -1;
	return svc_word_say(t, s, now, m->project_id, m->number, why, e);
}

void
svc_word_verdict(const struct merge_verdict *v, struct str *out)
{
	str_add(out, "Not merged. The gate wants:\n\n");
	for (size_t i = 0; i < v->n; i++) {
		const struct merge_requirement *r = &v->req[i];

		str_addf(out, "- [%c] %s", r->met ? 'x' : ' ', r->title);
		if (!r->met && r->why[0] != '\0')
			str_addf(out, ": %s", r->why);
		str_addc(out, '\n');
	}
	str_add(out, "\n`/merge auto` merges as soon as it is open.\n");
}
