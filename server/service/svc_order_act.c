/* What is answered at once. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/str.h"
#include "server/domain/issue_rule.h"
#include "server/service/svc_comment.h"
#include "server/service/svc_order.h"
#include "server/store/runs.h"

enum {
	SVC_ORDER_STOP_MAX = 200, /* runs of one item that wait */
	SVC_ORDER_SHOWN = 8
};

static const char *const svc_order_acts[] = {
	[SVC_ORDER_ANSWER] = "answer",
	[SVC_ORDER_STOP] = "stop",
	[SVC_ORDER_RETRY] = "retry",
	[SVC_ORDER_STATUS] = "status",
};

int
svc_order_act_parse(const char *s)
{
	for (int i = SVC_ORDER_ANSWER; i <= SVC_ORDER_STATUS; i++)
		if (strcmp(svc_order_acts[i], s) == 0)
			return i;
	return -1;
}

static void
svc_order_release(void *arg)
{
	struct svc_order *op = arg;

	free(op->text);
	run_release(&op->run);
}

struct svc_order *
svc_order_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_order), who, svc_order_release);
}

static int
svc_order_list(struct txn *t, const struct svc_order *op, int64_t limit,
    struct run_list *out, struct err *e)
{
	const struct run_filter f = {
		.project_id = op->project_id, .item = op->item, .limit = limit
	};

	return runs_list(t, &f, out, e);
}

static int
svc_order_stop(
    struct txn *t, struct svc_order *op, struct str *text, struct err *e)
{
	struct run_list list;
	bool was;
	int rc = 0;

	if (svc_order_list(t, op, SVC_ORDER_STOP_MAX, &list, e) == -1)
		return -1;
	for (size_t i = 0; i < list.n && rc == 0; i++) {
		const struct run *r = &list.at[i];

		if (run_state_is_end(r->state))
			continue;
		rc = runs_set_cancel(t, r->id, &was, e);
		if (rc == 0 && !was)
			rc = svc_run_event(
			    t, &op->op.who, op->op.now, "run.cancel", r, e);
		str_addf(text, "%s`/%s` (run %" PRId64 ", %s)",
		    text->len == 0 ? "Told to stop: " : ", ", r->command, r->id,
		    run_state_name(r->state));
	}
	run_list_release(&list);
	str_add(text, text->len == 0 ? "There is nothing to stop here." : ".");
	return rc;
}

static int
svc_order_again(struct txn *t, struct svc_order *op, const struct project *p,
    const struct run *last, struct run_order *o, struct err *e)
{
	const struct svc_run_make m = { .project = p,
		.event = op->event,
		.item = op->item,
		.command = last->command,
		.access = last->access,
		.agent = last->agent,
		.network = last->network,
		.wall_s = last->wall_s,
		.retry_of = last->id };
	bool created;

	if (svc_run_make(t, &op->op, &m, &op->run, &created, e) == -1)
		return -1;
	o->run_id = op->run.id;
	o->human = true;
	return 0;
}

/* svc_order_begin saw to it that it does not wait. */
static int
svc_order_due(struct txn *t, struct svc_order *op, int64_t run,
    struct run_order *o, struct err *e)
{
	o->run_id = run;
	o->human = true;
	return runs_get(t, run, &op->run, e);
}

static int
svc_order_retry(struct txn *t, struct svc_order *op, const struct project *p,
    struct run_order *o, struct str *text, struct err *e)
{
	struct run last = { .id = 0 };
	int rc = 0;

	if (runs_newest(t, p->id, op->item, &last, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		str_add(
		    text, "There is no run here that could be tried again.");
		return 0;
	}
	if (run_state_is_end(last.state))
		rc = svc_order_again(t, op, p, &last, o, e);
	else if (last.state == RUN_QUEUED)
		rc = svc_order_due(t, op, last.id, o, e);
	else
		str_addf(text,
		    "`/%s` (run %" PRId64 ") is still going on: `/stop` ends "
		    "it.",
		    last.command, last.id);
	run_release(&last);
	return rc;
}

static void
svc_order_span(struct str *out, int64_t ms)
{
	int64_t s = ms < 0 ? 0 : ms / 1000;

	if (s < 120)
		str_addf(out, "%" PRId64 " s", s);
	else if (s < 7200)
		str_addf(out, "%" PRId64 " min", s / 60);
	else
		str_addf(out, "%" PRId64 " h", s / 3600);
}

static void
svc_order_one(struct str *out, const struct run *r, int64_t now)
{
	str_addf(out, "- `/%s` (run %" PRId64 "): %s", r->command, r->id,
	    run_state_name(r->state));
	if (r->cancel && !run_state_is_end(r->state))
		str_add(out, ", told to stop");
	if (r->attempt > 1)
		str_addf(out, ", try %" PRId64, r->attempt);
	if (run_state_is_end(r->state)) {
		str_add(out, " ");
		svc_order_span(out, now - r->ended_at);
		str_add(out, " ago");
	} else if (r->state != RUN_QUEUED && r->started_at != 0) {
		str_add(out, " for ");
		svc_order_span(out, now - r->started_at);
	} else if (r->not_before > now) {
		str_add(out, " for ");
		svc_order_span(out, r->not_before - now);
		str_add(out, " more");
	}
	if (run_state_is_end(r->state) && r->why != NULL && r->why[0] != '\0')
		str_addf(out, ": %s", r->why);
	str_addc(out, '\n');
}

static int
svc_order_status(struct txn *t, struct svc_order *op, const struct project *p,
    struct str *text, struct err *e)
{
	const struct project_settings *s = &p->settings;
	int64_t since = op->op.now - INT64_C(86400000), item, day;
	struct run_list list;

	if (runs_count(t, p->id, op->item, since, &item, e) == -1 ||
	    runs_count(t, p->id, 0, since, &day, e) == -1 ||
	    svc_order_list(t, op, SVC_ORDER_SHOWN, &list, e) == -1)
		return -1;
	if (list.n == 0)
		str_add(text, "No run was made here yet.\n");
	for (size_t i = 0; i < list.n; i++)
		svc_order_one(text, &list.at[i], op->op.now);
	if (list.total > (int64_t)list.n)
		str_addf(text, "- and %" PRId64 " older\n",
		    list.total - (int64_t)list.n);
	run_list_release(&list);
	str_addf(text,
	    "\nWithin 24 hours: %" PRId64 " of %" PRId64 " runs on this item, "
	    "%" PRId64 " of %" PRId64 " in the project.%s\n",
	    item, s->max_item_runs, day, s->max_day_runs,
	    s->runs_paused ? " The project's runs are paused: orders wait."
			   : "");
	return 0;
}

static int
svc_order_do(struct txn *t, struct svc_order *op, const struct project *p,
    struct run_order *o, struct str *text, struct err *e)
{
	switch (op->act) {
	case SVC_ORDER_ANSWER:
		str_add(text, svc_text(op->text));
		return 0;
	case SVC_ORDER_STOP:
		return svc_order_stop(t, op, text, e);
	case SVC_ORDER_RETRY:
		return svc_order_retry(t, op, p, o, text, e);
	case SVC_ORDER_STATUS:
		return svc_order_status(t, op, p, text, e);
	}
	return 0;
}

static int
svc_order_rows(
    struct txn *t, struct svc_order *op, const struct project *p, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(BODY_LEN_MAX);
	struct run_order o = { .event = op->event,
		.project_id = op->project_id,
		.item = op->item,
		.at = op->op.now };
	struct svc_comment_row r = { .project_id = p->id, .item = op->item };
	int64_t id;

	if (svc_order_begin(t, &op->op, p, op->act == SVC_ORDER_RETRY, &o, e) ==
	    -1)
		return -1;
	if (o.verdict != RUN_TAKEN)
		return svc_order_refuse(t, &op->op, p, &o, e);
	o.human = false;
	o.verdict = RUN_ANSWERED;
	if (svc_order_do(t, op, p, &o, &text, e) == -1 ||
	    run_orders_add(t, &o, e) == -1)
		return -1;
	if (text.len == 0)
		return 0;
	r.body = str_cstr(&text);
	return svc_comment_insert(t, &op->op.who, op->op.now, &r, &id, e);
}

static int
svc_order_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_order *op = arg;
	struct project p = { .id = 0 };
	struct run_order o;
	int rc;

	if (svc_project_by_id(
		t, &op->op.who, op->project_id, PERM_SERVE, &p, e) == -1)
		return -1;
	if (run_orders_get(t, op->event, &o, e) == 0) {
		rc = o.run_id == 0 ? 0 : runs_get(t, o.run_id, &op->run, e);
	} else if (e->code == ERR_NOTFOUND) {
		*e = ERR_INIT;
		rc = svc_order_rows(t, op, &p, e);
	} else {
		rc = -1;
	}
	project_release(&p);
	return rc;
}

static bool
svc_order_answered(void *arg)
{
	(void)arg;
	FAIL_POINT(order_answered);
	return false;
}

void
svc_order(struct svc_order *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	op->op.then = svc_order_answered;
	if (op->act == SVC_ORDER_ANSWER &&
	    issue_rule_comment(svc_text(op->text), &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_order_job, done, arg);
}
