/* The end of a run. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"
#include "server/domain/items.h"
#include "server/domain/mentions.h"
#include "server/domain/run_rule.h"
#include "server/git/git_pool.h"
#include "server/service/svc_approval.h"
#include "server/service/svc_comment.h"
#include "server/service/svc_mention.h"
#include "server/service/svc_order.h"
#include "server/service/svc_pull.h"
#include "server/service/svc_purge.h"
#include "server/service/svc_record.h"
#include "server/service/svc_run.h"
#include "server/service/svc_run_rows.h"
#include "server/store/events.h"
#include "server/store/issues.h"
#include "server/store/projects.h"
#include "server/store/pulls.h"
#include "server/store/run_orders.h"
#include "server/store/runs.h"
#include "server/store/tokens.h"

static void
svc_run_finish_release(void *arg)
{
	struct svc_run_finish *op = arg;

	free(op->why);
	free(op->message);
	free(op->record);
	svc_run_review_release(op);
	free(op->report);
	free(op->env);
	run_release(&op->run);
}

struct svc_run_finish *
svc_run_finish_new(struct svc *s, const struct identity *who)
{
	struct svc_run_finish *op = svc_op_new(
	    s, sizeof(struct svc_run_finish), who, svc_run_finish_release);

	svc_identity_of(s->agent_id, "agent", USER_AGENT, &op->agent);
	return op;
}

/* A failed one is tried again, or a person has to say what is next. */
static void
svc_run_what_next(const struct svc_run_finish *op, struct str *out)
{
	const struct run *r = &op->run;

	if (op->state == RUN_DONE || op->state == RUN_CANCELLED)
		return;
	if (op->pause_ms > 0)
		str_addf(out,
		    "\n\nIt is tried again in %" PRId64 " s (try %" PRId64
		    "). `/stop` stops that.",
		    op->pause_ms / 1000, r->attempt + 1);
	else if (r->attempt > 1)
		str_addf(out,
		    "\n\nThat was try %" PRId64 ", the last: nothing more "
		    "happens here by itself. `/retry` or any order starts it "
		    "again.",
		    r->attempt);
	else
		str_add(out, "\n\n`/retry` starts it again.");
}

/* What the run says on its item: its message, or why there is none. */
static void
svc_run_comment_text(const struct svc_run_finish *op, struct str *out)
{
	struct view m = view_trim(view_of(svc_text(op->message)));

	if (op->state != RUN_DONE) {
		str_addf(out, "The run `%s` %s", op->run.command,
		    op->state == RUN_FAILED          ? "failed"
			: op->state == RUN_CANCELLED ? "was cancelled"
			: op->state == RUN_BUDGET    ? "ran out of money"
						     : "ran out of time");
		if (svc_text(op->why)[0] != '\0')
			str_addf(out, ": %s", op->why);
		if (m.len > 0)
			str_add(out, "\n\n");
	}
	str_addv(out,
	    utf8_cut(
		m, BODY_LEN_MAX - 2048 - (op->n_lines > 0 ? 28 << 10 : 0)));
	svc_run_review_rest(op, out);
	svc_run_what_next(op, out);
	if (out->len == 0)
		str_addf(out, "The run `%s` is done.", op->run.command);
}

static int
svc_run_write_comment(
    struct txn *t, const struct svc_run_finish *op, int64_t *id, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(BODY_LEN_MAX);
	const struct svc_comment_row r = { .project_id = op->run.project_id,
		.item = op->run.item,
		.run_id = op->run.id,
		.body = "" };
	struct svc_comment_row row = r;

	*id = 0;
	if (op->run.item == 0 || op->gone)
		return 0;
	svc_run_comment_text(op, &text);
	row.body = str_cstr(&text);
	return svc_comment_insert(t, &op->agent, op->op.now, &row, id, e);
}

/* Of a run without an item: the first line of what it was asked for. */
static int
svc_run_task_title(
    struct txn *t, const struct run *r, char **out, struct err *e)
{
	struct err ignored = ERR_INIT;
	struct event_list list;
	struct view rest, line = { .len = 0 };
	struct json *j;

	if (run_orders_events(t, r->id, &list, e) == -1)
		return -1;
	j = list.n == 0
	    ? NULL
	    : json_parse(view_of(svc_text(list.at[0].data)), 0, &ignored);
	rest = view_trim(view_of(json_str_or(j, "task", "")));
	if (rest.len > 0)
		(void)view_split(&rest, '\n', &line);
	line = view_trim(line);
	*out = line.len > 0 ? view_dup(line) : xstrdup(r->command);
	json_free(j);
	event_list_release(&list);
	return 0;
}

static void
svc_run_pull_title(
    const struct svc_run_finish *op, const struct issue *i, struct str *out)
{
	struct view cut = utf8_cut(view_of(i->title), TITLE_LEN_MAX);

	if (cut.len > 0)
		str_addv(out, cut);
	else
		str_addf(out, "%s", op->run.command);
}

/* Does the agent's own text say already that it closes the item? */
static bool
svc_run_says_fixes(struct view body, int64_t number)
{
	struct mention m[MENTIONS_MAX];
	size_t n = mentions_scan(body, m);

	for (size_t i = 0; i < n; i++)
		if (m[i].action == MENTION_CLOSES && m[i].owner.len == 0 &&
		    m[i].number == number)
			return true;
	return false;
}

static int
svc_run_insert_pull(struct txn *t, struct svc_run_finish *op,
    const struct issue *i, struct err *e)
{
	AUTO_STR struct str title = STR_INIT_MAX(TITLE_LEN_MAX);
	AUTO_STR struct str body = STR_INIT_MAX(BODY_LEN_MAX);
	struct svc_pull_rows rows = { .project_id = op->run.project_id,
		.head = op->run.branch,
		.base = op->run.base,
		.head_sha = op->head_sha,
		.base_sha = op->base_sha,
		.merge_base = op->merge_base,
		.run_id = op->run.id };
	const struct svc_op by = { .who = op->agent, .now = op->op.now };
	struct svc_words words = { .project_id = op->run.project_id,
		.is_pull = true };

	svc_run_pull_title(op, i, &title);
	str_addv(&body,
	    utf8_cut(
		view_trim(view_of(svc_text(op->message))), BODY_LEN_MAX - 256));
	if (i->number != 0 &&
	    !svc_run_says_fixes(view_of(str_cstr(&body)), i->number))
		str_addf(&body, "%sFixes #%" PRId64 "\n",
		    body.len > 0 ? "\n\n" : "", i->number);
	rows.title = str_cstr(&title);
	rows.body = str_cstr(&body);
	if (svc_pull_insert(
		t, &op->agent, op->op.now, &rows, &op->pull_number, e) == -1)
		return -1;
	words.item = op->pull_number;
	words.text = rows.body;
	return svc_mention_words(t, &by, &words, e);
}

/* The pull request of the run's branch, made when there is none. */
static int
svc_run_write_pull(struct txn *t, struct svc_run_finish *op, struct err *e)
{
	const struct run *r = &op->run;
	struct pull p = { .run_id = 0 };
	struct issue i = { .id = 0 };
	int rc;

	op->pull_number = 0;
	if (op->head_sha[0] == '\0' || op->gone)
		return 0;
	if (pulls_find_open(t, r->project_id, r->branch, r->base, &p, e) == 0) {
		op->pull_number = p.issue.number;
		pull_release(&p);
		return 0;
	}
	if (e->code != ERR_NOTFOUND)
		return -1;
	*e = ERR_INIT;
	if (r->item != 0 && !r->is_pull &&
	    issues_get(t, r->project_id, r->item, &i, e) == -1)
		return -1;
	if (r->item == 0 && svc_run_task_title(t, r, &i.title, e) == -1)
		return -1;
	if (i.title == NULL)
		i.title = xstrdup(r->command);
	rc = svc_run_insert_pull(t, op, &i, e);
	issue_release(&i);
	return rc;
}

static int
svc_run_plan_retry(struct txn *t, struct svc_run_finish *op,
    const struct project *p, struct err *e)
{
	const struct run *r = &op->run;
	enum run_verdict may;

	op->pause_ms = 0;
	if (op->state != RUN_FAILED || !op->passing || r->cancel || op->gone ||
	    r->attempt > p->settings.max_retries || p->state != PROJECT_ACTIVE)
		return 0;
	if (svc_order_ceiling(t, p, r->item, op->op.now, &may, e) == -1)
		return -1;
	if (may != RUN_TAKEN)
		return 0;
	op->pause_ms = run_rule_pause_ms(p->settings.retry_s, r->attempt);
	return 0;
}

/* The event of the end is what the next try is of. */
static int
svc_run_write_retry(struct txn *t, const struct svc_run_finish *op,
    const struct project *p, struct err *e)
{
	const struct run *r = &op->run;
	struct svc_run_make m = { .project = p,
		.item = r->item,
		.command = r->command,
		.access = r->access,
		.agent = r->agent,
		.network = r->network,
		.wall_s = r->wall_s,
		.budget = r->budget,
		.base = r->item == 0 ? r->base : NULL,
		.env = op->env,
		.retry_of = r->id,
		.attempt = r->attempt + 1,
		.not_before = op->op.now + op->pause_ms };
	struct run next = { .id = 0 };
	bool created;
	int rc;

	if (events_last(t, &m.event, e) == -1)
		return -1;
	rc = svc_run_make(t, &op->op, &m, &next, &created, e);
	run_release(&next);
	return rc;
}

static int
svc_run_finish_next(struct txn *t, const struct svc_run_finish *op,
    const struct project *p, struct err *e)
{
	const struct svc_op by = {
		.svc = op->op.svc, .who = op->agent, .now = op->op.now
	};

	if (op->pause_ms > 0)
		return svc_run_write_retry(t, op, p, e);
	if ((op->state == RUN_FAILED || op->state == RUN_BUDGET) &&
	    op->run.attempt > 1)
		return svc_order_mark(t, &by, p->id, op->run.item, true, e);
	return 0;
}

/* Deleted meanwhile: the run ends all the same, told nowhere. */
static int
svc_run_look_item(struct txn *t, struct svc_run_finish *op, struct err *e)
{
	struct issue i = { .id = 0 };

	op->gone = false;
	if (op->run.item == 0)
		return 0;
	if (issues_get(t, op->run.project_id, op->run.item, &i, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		op->gone = true;
	}
	issue_release(&i);
	return 0;
}

static int
svc_run_finish_rows(struct txn *t, struct svc_run_finish *op,
    const struct project *p, struct err *e)
{
	struct run_finish f = { .state = op->state,
		.why = svc_text(op->why),
		.message = svc_text(op->message),
		.record = op->record,
		.has_exit = op->has_exit,
		.exit_code = op->exit_code,
		.now = op->op.now };

	if (svc_run_look_item(t, op, e) == -1 ||
	    svc_run_plan_retry(t, op, p, e) == -1 ||
	    svc_run_write_pull(t, op, e) == -1 ||
	    svc_run_review_write(t, op, e) == -1 ||
	    svc_run_write_comment(t, op, &f.comment, e) == -1 ||
	    svc_record_attach(t, op, f.comment, e) == -1)
		return -1;
	f.pull = op->pull_number;
	if (runs_finish(t, op->id, &f, e) == -1 ||
	    tokens_delete_by_run(t, op->id, e) == -1 ||
	    svc_approval_withdraw(t, &op->op, op->id, e) == -1)
		return -1;
	run_release(&op->run);
	if (runs_get(t, op->id, &op->run, e) == -1)
		return -1;
	if (svc_run_event(
		t, &op->op.who, op->op.now, "run.updated", &op->run, e) == -1)
		return -1;
	return svc_run_finish_next(t, op, p, e);
}

static int
svc_run_finish_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_run_finish *op = arg;
	struct project p = { .id = 0 };
	int rc;

	run_release(&op->run);
	free(op->env);
	op->env = NULL;
	if (runs_get(t, op->id, &op->run, e) == -1 ||
	    runs_env(t, op->id, &op->env, e) == -1 ||
	    svc_may(t, &op->op.who, op->run.project_id, PERM_SERVE, NULL, e) ==
		-1)
		return -1;
	if (run_state_is_end(op->run.state))
		return 0;
	if (projects_by_id(t, op->run.project_id, &p, e) == -1)
		return -1;
	rc = svc_run_finish_rows(t, op, &p, e);
	project_release(&p);
	return rc;
}

static void
svc_run_on_refreshed(const struct err *fail, void *arg)
{
	(void)fail;
	svc_op_end(arg, NULL);
}

static bool
svc_run_finished(void *arg)
{
	struct svc_run_finish *op = arg;

	FAIL_POINT(run_finished);
	if (svc_text(op->env)[0] != '\0')
		svc_purge_soon(op->op.svc->purge);
	if (op->pull_number == 0)
		return false;
	svc_pull_refresh(op->op.svc, op->run.project_id, op->pull_number,
	    op->agent.user_id, svc_run_on_refreshed, op);
	return true;
}

void
svc_run_finish_write(struct svc_run_finish *op)
{
	op->op.now = op->op.svc->now();
	op->op.then = svc_run_finished;
	svc_op_again(op, svc_run_finish_job);
}

static void
svc_run_on_compare(const struct git_result *res, void *arg)
{
	struct svc_run_finish *op = arg;

	/* No such branch: the run pushed nothing. */
	if (res->fail != NULL && res->fail->code != ERR_NOTFOUND) {
		svc_op_end(op, res->fail);
		return;
	}
	if (res->fail == NULL && json_i64_or(res->j, "ahead", 0) > 0 &&
	    json_str_or(res->j, "merge_base", NULL) != NULL) {
		gitpool_sha(res, "head", op->head_sha);
		gitpool_sha(res, "base", op->base_sha);
		gitpool_sha(res, "merge_base", op->merge_base);
	}
	svc_run_finish_write(op);
}

void
svc_run_finish(struct svc_run_finish *op, svc_done_fn *done, void *arg)
{
	AUTO_FREE char *head = NULL;
	AUTO_FREE char *base = NULL;
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (!run_rule_is_finish(op->state)) {
		err_set(&e, ERR_INVALID,
		    "state: want done, failed, cancelled, timed_out or "
		    "budget");
		svc_op_end_later(op, &e);
		return;
	}
	if (runs_get(db_reader(op->op.svc->db), op->id, &op->run, &e) == -1) {
		svc_op_end_later(op, &e);
		return;
	}
	if (op->n_lines > 0 && op->run.is_pull && op->state == RUN_DONE &&
	    !run_state_is_end(op->run.state)) {
		svc_run_review_place(op);
		return;
	}
	if (op->run.branch[0] == '\0' || op->run.is_pull ||
	    run_state_is_end(op->run.state)) {
		svc_run_finish_write(op);
		return;
	}
	head = xasprintf("refs/heads/%s", op->run.branch);
	base = xasprintf("refs/heads/%s", op->run.base);
	gitpool_compare(op->op.svc->git, op->run.project_id, base, head,
	    svc_run_on_compare, op);
}
