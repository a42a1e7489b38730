#include "server/service/svc_approval.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/mask.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/net/sha256.h"
#include "lib/wire/json.h"
#include "server/domain/issue_rule.h"
#include "server/service/svc_comment.h"
#include "server/service/svc_network.h"
#include "server/store/approvals.h"
#include "server/store/runs.h"
#include "server/store/seed.h"
#include "server/store/users.h"

enum {
	SVC_APPROVAL_RUNS = 8,     /* the newest, one of which a row is of */
	SVC_APPROVAL_KEY_MIN = 16, /* what is shorter is no part of a key */
	SVC_APPROVAL_HASH_LEN = 32,
	SVC_APPROVAL_LATE_MS = 3600000
};

int
svc_approval_event(struct txn *t, const struct svc_op *by, const char *kind,
    const struct approval *a, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = kind,
		.project_id = a->project_id,
		.item = a->item,
		.is_pull = a->is_pull,
		.data = &data };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "approval", a->id);
	jw_str(&w, "kind", approval_kind_name(a->kind));
	jw_str(&w, "state", approval_state_name(a->state));
	jw_i64(&w, "run", a->run_id);
	jw_str(&w, "subject", a->subject);
	jw_time(&w, "until", a->until);
	jw_end(&w);
	return svc_event_add(t, &by->who, by->now, &v, e);
}

static int
svc_approval_comment(struct txn *t, const struct svc *s, int64_t now,
    const struct approval *a, const char *text, struct err *e)
{
	const struct svc_comment_row r = {
		.project_id = a->project_id, .item = a->item, .body = text
	};
	struct identity who;
	int64_t id;

	if (a->item == 0)
		return 0;
	svc_identity_of(s->agentd_id, SEED_AGENTD, USER_SERVICE, &who);
	if (svc_comment_insert(t, &who, now, &r, &id, e) == 0)
		return 0;
	if (e->code != ERR_NOTFOUND)
		return -1;
	*e = ERR_INIT; /* the item is gone: the row says it */
	return 0;
}

/* ---- to ask ---- */

/* The one that stands, or a new one when there is room. */
static int
svc_approval_row(struct txn *t, const struct svc_op *by,
    const struct approval_new *n, struct approval *out, bool *created,
    struct err *e)
{
	int64_t open = 0, of_run = 0, id = 0;

	*created = false;
	if (approvals_standing(t, n, out, e) == 0)
		return 0;
	if (e->code != ERR_NOTFOUND)
		return -1;
	*e = ERR_INIT;
	if (svc_approval_overdue(t, by, e) == -1 ||
	    approvals_tidy(t, n->project_id, e) == -1 ||
	    approvals_count(t, n, &open, &of_run, e) == -1)
		return -1;
	if (open >= APPROVAL_OPEN_MAX || of_run >= APPROVAL_RUN_MAX)
		return err_set(e, ERR_LIMIT,
		    "there are %" PRId64 " open approvals in the project and "
		    "%" PRId64 " of the run: answer some",
		    open, of_run);
	if (approvals_insert(t, n, &id, e) == -1 ||
	    approvals_get(t, id, n->now, out, e) == -1)
		return -1;
	*created = true;
	return svc_approval_event(t, by, "approval.asked", out, e);
}

static void
svc_approval_line(const struct approval *a, struct str *text)
{
	str_addf(text, "- **%" PRId64 "**: ", a->id);
	approval_about(a, text);
	if (a->reason[0] != '\0') {
		struct approval why = { .subject = a->reason };

		str_add(text, ", because ");
		approval_quote(&why, text);
	}
	str_addc(text, '\n');
}

/* Behind the lines: first is one of them. */
static int
svc_approval_put(struct txn *t, const struct svc_op *by,
    const struct approval *first, const struct str *lines, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(BODY_LEN_MAX);
	char until[CLOCK_TEXT_MAX];

	str_addf(&text,
	    "Run %" PRId64 " asks a maintainer:\n\n%s\n"
	    "`/allow %" PRId64 "` or `/deny %" PRId64 "` answers here, as "
	    "does `coffer approvals`; several numbers may follow, and for how "
	    "long: `/allow %" PRId64 " for 1h` (a day when it is not said). "
	    "It is open until %s.\n",
	    first->run_id, str_cstr(lines), first->id, first->id, first->id,
	    clock_rfc3339(first->expires_at, until));
	return svc_approval_comment(
	    t, by->svc, by->now, first, str_cstr(&text), e);
}

static void
svc_approval_ask_release(void *arg)
{
	struct svc_approval_ask *op = arg;

	free(op->subject);
	free(op->reason);
	approval_release(&op->approval);
}

struct svc_approval_ask *
svc_approval_ask_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_approval_ask), who, svc_approval_ask_release);
}

static int
svc_approval_may_ask(struct txn *t, const struct svc_approval_ask *op,
    const struct run *r, struct err *e)
{
	const struct identity *who = &op->op.who;
	enum approval_money of;
	int64_t micros;

	if (who->kind == IDENTITY_RUN && who->run_id != op->run_id)
		return err_set(e, ERR_NOTFOUND, "no such run");
	if (svc_may(t, who, r->project_id,
		who->kind == IDENTITY_RUN ? PERM_READ : PERM_SERVE, NULL,
		e) == -1)
		return -1;
	/* What ends here or costs money is not the sandbox's to ask for. */
	if (who->kind == IDENTITY_RUN && op->kind != APPROVAL_COMMAND &&
	    op->kind != APPROVAL_TOOL)
		return err_set(
		    e, ERR_DENIED, "a run asks for commands and tools alone");
	if (run_state_is_end(r->state))
		return err_set(e, ERR_INVALID, "the run has ended");
	if (op->kind == APPROVAL_BUDGET &&
	    approval_money_parse(op->subject, &of, &micros, e) == -1)
		return err_wrap(e, "subject");
	return 0;
}

/*
 * A private key's mask goes over anything until its last line: whoever answers
 * has to see what is no key.  p is was, masked.
 */
static void
svc_approval_unmask(const char *was, char *p, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		end = i;
		while (end < n && p[end] == '*' &&
		    (secret_inside(was[end]) ||
			(was[end] != '\0' && strchr("+/=.", was[end]) != NULL)))
			end++;
		if (end - i < SVC_APPROVAL_KEY_MIN) {
			end += end == i ? 1 : 0;
			memcpy(p + i, was + i, end - i);
		}
	}
}

/* *text without keys and tokens.  A question is told from others by what it
 * was, so with is_name its hash is behind it. */
static void
svc_approval_mask(char **text, bool is_name)
{
	static const struct mask mask;
	const size_t n = *text == NULL ? 0 : strlen(*text);
	AUTO_FREE char *was = NULL;
	char hash[SHA256_HEX];

	if (n == 0)
		return;
	was = xstrdup(*text);
	(void)mask_text(&mask, *text, n);
	svc_approval_unmask(was, *text, n);
	if (strcmp(was, *text) != 0 && is_name) {
		AUTO_FREE char *masked = *text;

		sha256_hex(view_of(was), hash);
		*text = xasprintf("%s [with a secret that is not shown, "
				  "SHA-256 %.*s]",
		    masked, SVC_APPROVAL_HASH_LEN, hash);
	}
	explicit_bzero(was, n);
}

static int
svc_approval_ask_rows(struct txn *t, struct svc_approval_ask *op,
    const struct run *r, struct err *e)
{
	const bool is_run = op->op.who.kind == IDENTITY_RUN;
	const int64_t open = !is_run && op->for_ms > 0 ? op->for_ms
						       : APPROVAL_DAY_MS;
	const struct approval_new n = { .project_id = r->project_id,
		.kind = op->kind,
		.run_id = r->id,
		.item = r->item,
		.is_pull = r->is_pull,
		.subject = op->subject,
		.reason = svc_text(op->reason),
		.now = op->op.now,
		.after = is_run ? 0 : op->after,
		.expires_at = op->op.now + open };
	AUTO_STR struct str lines = STR_INIT_MAX(BODY_LEN_MAX / 2);

	approval_release(&op->approval);
	if (svc_approval_row(t, &op->op, &n, &op->approval, &op->created, e) ==
	    -1)
		return -1;
	if (!op->created)
		return 0;
	svc_approval_line(&op->approval, &lines);
	return svc_approval_put(t, &op->op, &op->approval, &lines, e);
}

static int
svc_approval_ask_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_approval_ask *op = arg;
	struct run r = { .id = 0 };
	int rc;

	if (runs_get(t, op->run_id, &r, e) == -1)
		return -1;
	rc = svc_approval_may_ask(t, op, &r, e);
	if (rc == 0)
		rc = svc_approval_ask_rows(t, op, &r, e);
	run_release(&r);
	return rc;
}

void
svc_approval_ask(struct svc_approval_ask *op, svc_done_fn *done, void *arg)
{
	if (op->kind != APPROVAL_BUDGET)
		svc_approval_mask(&op->subject, true);
	svc_approval_mask(&op->reason, false);
	svc_op_run(op, svc_approval_ask_job, done, arg);
}

/* ---- names ---- */

/* The run that went on when the row was seen, if that is of now. */
static const struct run *
svc_approval_run(
    const struct run_list *l, const struct net_seen *s, int64_t now)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct run *r = &l->at[i];

		if (r->started_at == 0 || s->last < r->started_at)
			continue;
		if (r->ended_at == 0 ||
		    (s->first <= r->ended_at &&
			r->ended_at > now - SVC_APPROVAL_LATE_MS))
			return r;
	}
	return NULL;
}

struct svc_approval_names {
	struct run_list runs;
	struct str lines;
	struct approval first; /* that was asked now */
};

static int
svc_approval_name(struct txn *t, const struct svc_op *by,
    const struct net_seen *s, struct svc_approval_names *names, struct err *e)
{
	const struct run *r = svc_approval_run(&names->runs, s, by->now);
	struct approval a = { .id = 0 };
	bool created = false;
	int rc;

	if (r == NULL)
		return 0;
	rc = svc_approval_row(t, by,
	    &(struct approval_new){ .project_id = s->project_id,
		.kind = APPROVAL_DOMAIN,
		.run_id = r->id,
		.item = r->item,
		.is_pull = r->is_pull,
		.subject = s->name,
		.reason = s->reason,
		.now = by->now,
		.expires_at = by->now + APPROVAL_DAY_MS },
	    &a, &created, e);
	if (rc == -1 && e->code == ERR_LIMIT) {
		*e = ERR_INIT; /* the log has it */
		return 0;
	}
	if (rc == 0 && created) {
		svc_approval_line(&a, &names->lines);
		if (names->first.id == 0) {
			names->first = a;
			return 0;
		}
	}
	approval_release(&a);
	return rc;
}

int
svc_approval_seen(struct txn *t, const struct svc_op *by,
    const struct net_seen *rows, size_t n, struct err *e)
{
	const int64_t project = rows[n - 1].project_id;
	const struct run_filter f = { .project_id = project,
		.limit = SVC_APPROVAL_RUNS };
	struct svc_approval_names names = { .first = { .id = 0 } };
	bool any = false;
	int rc = 0;

	for (size_t i = 0; i < n && !any; i++)
		any = rows[i].project_id == project &&
		    approval_of_seen(&rows[i]);
	if (!any)
		return 0;
	if (runs_list(t, &f, &names.runs, e) == -1)
		return -1;
	names.lines = STR_INIT_MAX(BODY_LEN_MAX / 2);
	for (size_t i = 0; i < n && rc == 0; i++)
		if (rows[i].project_id == project && approval_of_seen(&rows[i]))
			rc = svc_approval_name(t, by, &rows[i], &names, e);
	if (rc == 0 && names.first.id != 0)
		rc = svc_approval_put(t, by, &names.first, &names.lines, e);
	approval_release(&names.first);
	run_list_release(&names.runs);
	str_release(&names.lines);
	return rc;
}

/* ---- to answer ---- */

static void
svc_approval_answer_release(void *arg)
{
	struct svc_approval_answer *op = arg;

	approval_release(&op->approval);
}

struct svc_approval_answer *
svc_approval_answer_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_approval_answer), who,
	    svc_approval_answer_release);
}

static int
svc_approval_may_answer(struct txn *t, const struct identity *who,
    const struct approval *a, struct err *e)
{
	struct user u = { .id = 0 };

	if (svc_may(t, who, a->project_id, PERM_WRITE, NULL, e) == -1)
		return -1;
	if (users_by_id(t, who->user_id, &u, e) == -1)
		return -1;
	if (u.bot || (u.kind != USER_ADMIN && u.kind != USER_PERSON))
		return err_set(e, ERR_DENIED,
		    "%s is no person: approvals are a person's to answer",
		    who->login);
	if (approval_is_global(a->kind, a->subject) && u.kind != USER_ADMIN)
		return err_set(e, ERR_DENIED,
		    "approval %" PRId64 " is about the money of all projects: "
		    "an administrator answers it",
		    a->id);
	return 0;
}

static int
svc_approval_closed(const struct approval *a, struct err *e)
{
	if (a->state == APPROVAL_EXPIRED)
		return err_set(e, ERR_EXISTS,
		    "the time to answer approval %" PRId64 " is over", a->id);
	if (a->state == APPROVAL_WITHDRAWN)
		return err_set(e, ERR_EXISTS,
		    "the run of approval %" PRId64 " has ended", a->id);
	return err_set(e, ERR_EXISTS,
	    "approval %" PRId64 " was %s by %s already", a->id,
	    approval_state_name(a->state), a->by);
}

static int
svc_approval_do(struct txn *t, const struct svc_approval_answer *op,
    const struct approval *a, const struct approval_decision *d, struct err *e)
{
	struct net_rule r = { .list = NET_ALLOW, .project_id = a->project_id };

	if (a->kind != APPROVAL_DOMAIN || d->state != APPROVAL_ALLOWED)
		return 0;
	/* The router is told whole seconds. */
	r.until = (d->until / 1000 + 1) * 1000;
	if (net_rule_set_domain(&r, view_of(a->subject), e) == -1)
		return -1;
	return svc_net_allow_row(t, &op->op, &r, e);
}

int
svc_approval_decide(struct txn *t, struct svc_approval_answer *op,
    int64_t project_id, struct err *e)
{
	struct approval *a = &op->approval;
	const struct approval_decision d = {
		.state = op->allow ? APPROVAL_ALLOWED : APPROVAL_DENIED,
		.by = op->op.who.user_id,
		.until = op->allow ? op->op.now +
			(op->for_ms > 0 ? op->for_ms : APPROVAL_DAY_MS)
				   : 0,
		.now = op->op.now
	};

	approval_release(a);
	if (approvals_get(t, op->id, op->op.now, a, e) == -1)
		return -1;
	if (project_id != 0 && a->project_id != project_id)
		return err_set(e, ERR_NOTFOUND, "no such approval");
	if (svc_approval_may_answer(t, &op->op.who, a, e) == -1)
		return -1;
	if (a->state != APPROVAL_OPEN)
		return svc_approval_closed(a, e);
	/* First what may fail for a reason that the asker is told. */
	if (svc_approval_do(t, op, a, &d, e) == -1 ||
	    approvals_decide(t, op->id, &d, e) == -1)
		return -1;
	approval_release(a);
	if (approvals_get(t, op->id, op->op.now, a, e) == -1)
		return -1;
	return svc_approval_event(t, &op->op, "approval.decided", a, e);
}

void
svc_approval_verdict(const struct approval *a, struct str *out)
{
	char until[CLOCK_TEXT_MAX];

	str_addf(out, "Approval %" PRId64 ", ", a->id);
	approval_about(a, out);
	str_addf(out, ": %s by %s", approval_state_name(a->state), a->by);
	if (a->state == APPROVAL_ALLOWED)
		str_addf(out, " until %s", clock_rfc3339(a->until, until));
	str_add(out, ".\n");
}

int
svc_approval_tell(struct txn *t, const struct svc *s, int64_t now,
    const struct approval *a, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(BODY_LEN_MAX);

	svc_approval_verdict(a, &text);
	return svc_approval_comment(t, s, now, a, str_cstr(&text), e);
}

static int
svc_approval_answer_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_approval_answer *op = arg;

	if (svc_approval_decide(t, op, 0, e) == -1)
		return -1;
	return svc_approval_tell(t, op->op.svc, op->op.now, &op->approval, e);
}

void
svc_approval_answer(
    struct svc_approval_answer *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_approval_answer_job, done, arg);
}
