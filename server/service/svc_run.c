#include "server/service/svc_run.h"
#include "server/service/svc_approval.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/items.h"
#include "server/domain/run_rule.h"
#include "server/service/svc_order.h"
#include "server/service/svc_purge.h"
#include "server/service/svc_run_env.h"
#include "server/service/svc_run_rows.h"
#include "server/store/issues.h"
#include "server/store/projects.h"
#include "server/store/pulls.h"
#include "server/store/refs.h"
#include "server/store/run_orders.h"
#include "server/store/runs.h"
#include "server/store/tokens.h"

int
svc_run_event(struct txn *t, const struct identity *who, int64_t now,
    const char *kind, const struct run *r, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = kind,
		.project_id = r->project_id,
		.item = r->item,
		.is_pull = r->is_pull,
		.data = &data };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "run", r->id);
	if (strcmp(kind, "run.cancel") != 0) {
		jw_str(&w, "state", run_state_name(r->state));
		jw_str(&w, "command", r->command);
	}
	jw_end(&w);
	return svc_event_add(t, who, now, &v, e);
}

static void
svc_run_create_release(void *arg)
{
	struct svc_run_create *op = arg;

	free(op->command);
	free(op->agent);
	run_release(&op->run);
}

struct svc_run_create *
svc_run_create_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_run_create), who, svc_run_create_release);
}

/* Base and branch of a run: those of the pull request it is about, else the
 * branch that the project's sandbox works on and a branch of its own. */
struct svc_run_place {
	bool is_pull;
	char base[256];
	char branch[256];
	char base_sha[SHA_HEX + 1];
};

static int
svc_run_on_item(struct txn *t, const struct svc_run_make *m,
    struct svc_run_place *x, struct err *e)
{
	struct issue i = { .id = 0 };
	struct pull p = { .run_id = 0 };

	if (m->item == 0)
		return 0;
	if (issues_get(t, m->project->id, m->item, &i, e) == -1) {
		if (e->code == ERR_NOTFOUND)
			return err_set(e, ERR_INVALID, "item: no such item");
		return -1;
	}
	x->is_pull = i.is_pull;
	issue_release(&i);
	if (!x->is_pull)
		return 0;
	if (pulls_get(t, m->project->id, m->item, &p, e) == -1)
		return -1;
	snprintf(x->base, sizeof(x->base), "%s", p.base);
	/* A branch of a fork is not the agent's to push. */
	if (p.head_project == 0)
		snprintf(x->branch, sizeof(x->branch), "%s", p.head);
	pull_release(&p);
	return 0;
}

static int
svc_run_place(struct txn *t, const struct svc_run_make *m,
    struct svc_run_place *x, struct err *e)
{
	const struct project *p = m->project;
	AUTO_STR struct str ref = STR_INIT;
	char own[RUN_BRANCH_MAX];

	*x = (struct svc_run_place){ .is_pull = false };
	snprintf(x->base, sizeof(x->base), "%s",
	    p->settings.sandbox.branch[0] != '\0' ? p->settings.sandbox.branch
						  : p->default_branch);
	if (m->base != NULL)
		snprintf(x->base, sizeof(x->base), "%s", m->base);
	if (!(m->item != 0 ? run_rule_branch(m->command, m->item, own)
			   : run_rule_own_branch(m->command, m->event, own)))
		return err_set(e, ERR_INVALID,
		    "command: want 1 to %d of a-z 0-9 _ -", RUN_COMMAND_MAX);
	if (svc_run_on_item(t, m, x, e) == -1)
		return -1;
	if (x->branch[0] == '\0')
		snprintf(x->branch, sizeof(x->branch), "%s", own);
	if (m->access != ACCESS_WRITE)
		x->branch[0] = '\0';
	str_addf(&ref, "refs/heads/%s", x->base);
	if (refs_get(t, p->id, str_cstr(&ref), x->base_sha, e) == -1)
		return -1;
	if (m->base != NULL && x->base_sha[0] == '\0')
		return err_set(e, ERR_INVALID, "base: no branch %s", m->base);
	return 0;
}

int
svc_run_make(struct txn *t, const struct svc_op *by,
    const struct svc_run_make *m, struct run *out, bool *created, struct err *e)
{
	const struct project_settings *s = &m->project->settings;
	struct svc_run_place x;
	struct run_new n = { .project_id = m->project->id,
		.event = m->event,
		.item = m->item,
		.command = m->command,
		.access = m->access,
		.agent = m->agent != NULL ? m->agent : s->agent,
		.network = m->network != 0 ? m->network : s->network,
		.wall_s = m->wall_s != 0 ? m->wall_s : s->wall_s,
		.budget = m->budget,
		.env = m->env,
		.retry_of = m->retry_of,
		.attempt = m->attempt,
		.not_before = m->not_before,
		.now = by->now };
	int64_t id;

	if (svc_run_place(t, m, &x, e) == -1)
		return -1;
	n.is_pull = x.is_pull;
	n.branch = x.branch;
	n.base = x.base;
	n.base_sha = x.base_sha;
	if (runs_insert(t, &n, &id, created, e) == -1) {
		if (e->code == ERR_NOTFOUND)
			return err_set(e, ERR_INVALID, "event: no such event");
		return -1;
	}
	if (runs_get(t, id, out, e) == -1)
		return -1;
	if (!*created)
		return 0;
	return svc_run_event(t, &by->who, by->now, "run.created", out, e);
}

/* A run of its own, or a part of one that waits. */
static int
svc_run_take(struct txn *t, struct svc_run_create *op, const struct project *p,
    struct run_order *o, struct err *e)
{
	const struct svc_run_make m = { .project = p,
		.event = op->event,
		.item = op->item,
		.command = op->command,
		.access = op->access,
		.agent = op->agent,
		.network = op->network,
		.wall_s = op->wall_s };
	bool joined;

	if (svc_order_join(t, &op->op, &m, &op->run, &joined, e) == -1)
		return -1;
	o->verdict = joined ? RUN_JOINED : RUN_TAKEN;
	if (!joined &&
	    svc_run_make(t, &op->op, &m, &op->run, &op->created, e) == -1)
		return -1;
	o->run_id = op->run.id;
	return run_orders_add(t, o, e);
}

static int
svc_run_order(struct txn *t, struct svc_run_create *op, const struct project *p,
    struct err *e)
{
	struct run_order o = { .event = op->event,
		.project_id = op->project_id,
		.item = op->item,
		.at = op->op.now };

	if (svc_order_begin(t, &op->op, p, true, &o, e) == -1)
		return -1;
	op->verdict = o.verdict;
	if (o.verdict >= RUN_NO_BOT)
		return svc_order_refuse(t, &op->op, p, &o, e);
	if (svc_run_take(t, op, p, &o, e) == -1)
		return -1;
	op->verdict = o.verdict;
	return 0;
}

static int
svc_run_create_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_run_create *op = arg;
	struct project p = { .id = 0 };
	struct run_order o;
	int rc;

	if (svc_project_by_id(
		t, &op->op.who, op->project_id, PERM_SERVE, &p, e) == -1)
		return -1;
	if (run_orders_get(t, op->event, &o, e) == 0) {
		op->verdict = o.verdict;
		rc = o.run_id == 0 ? 0 : runs_get(t, o.run_id, &op->run, e);
	} else if (e->code != ERR_NOTFOUND) {
		rc = -1;
	} else if (p.state != PROJECT_ACTIVE) {
		rc = err_set(e, ERR_EXISTS, "the project is being deleted");
	} else {
		*e = ERR_INIT;
		rc = svc_run_order(t, op, &p, e);
	}
	project_release(&p);
	return rc;
}

static bool
svc_run_taken(void *arg)
{
	(void)arg;
	FAIL_POINT(order_taken);
	return false;
}

void
svc_run_create(struct svc_run_create *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (run_rule_command_ok(svc_text(op->command))) {
		op->op.then = svc_run_taken;
		svc_op_run(op, svc_run_create_job, done, arg);
		return;
	}
	(void)err_set(&e, ERR_INVALID, "command: want 1 to %d of a-z 0-9 _ -",
	    RUN_COMMAND_MAX);
	svc_op_end_later(op, &e);
}

static void
svc_run_token_release(void *arg)
{
	struct svc_run_token *op = arg;

	explicit_bzero(op->secret, sizeof(op->secret));
	if (op->env != NULL)
		explicit_bzero(op->env, strlen(op->env));
	free(op->env);
}

static int
svc_run_token_insert(
    struct txn *t, struct svc_run_token *op, const struct run *r, struct err *e)
{
	AUTO_STR struct str ref = STR_INIT;
	AUTO_STR struct str name = STR_INIT;
	struct token_new n = { .user_id = op->op.svc->agent_id,
		.kind = TOKEN_RUN,
		.secret = op->secret,
		.run_id = r->id,
		.project_id = r->project_id,
		.access = r->access,
		.now = op->op.now };
	int64_t id;

	if (run_state_is_end(r->state))
		return err_set(e, ERR_EXISTS, "the run has ended");
	if (r->branch[0] != '\0')
		str_addf(&ref, "refs/heads/%s", r->branch);
	str_addf(&name, "run-%lld", (long long)r->id);
	op->expires_at = op->op.now + (r->wall_s + RUN_TOKEN_GRACE_S) * 1000;
	n.name = str_cstr(&name);
	n.branch = str_cstr(&ref);
	n.expires_at = op->expires_at;
	tokens_make_secret(op->secret);
	if (tokens_delete_by_run(t, r->id, e) == -1 ||
	    tokens_delete_expired(t, op->op.now, e) == -1)
		return -1;
	return tokens_insert(t, &n, &id, e);
}

static int
svc_run_token_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_run_token *op = arg;
	AUTO_FREE char *key = NULL;
	struct run r = { .id = 0 };
	int rc;

	if (runs_get(t, op->id, &r, e) == -1)
		return -1;
	rc = svc_may(t, &op->op.who, r.project_id, PERM_SERVE, NULL, e);
	if (rc == 0)
		rc = svc_run_token_insert(t, op, &r, e);
	if (rc == 0)
		rc = runs_env(t, op->id, &key, e);
	if (rc == 0)
		rc = svc_run_env_get(op->op.svc, key, &op->env, e);
	run_release(&r);
	return rc;
}

void
svc_run_token(struct svc *s, const struct identity *who, int64_t id,
    svc_done_fn *done, void *arg)
{
	struct svc_run_token *op = svc_op_new(
	    s, sizeof(*op), who, svc_run_token_release);

	op->id = id;
	svc_op_run(op, svc_run_token_job, done, arg);
}

static void
svc_run_move_release(void *arg)
{
	struct svc_run_move *op = arg;

	free(op->why);
	run_release(&op->run);
}

struct svc_run_move *
svc_run_move_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_run_move), who, svc_run_move_release);
}

/* What another run has done meanwhile is not begun. */
static int
svc_run_drop_stale(
    struct txn *t, const struct svc_run_move *op, bool *stale, struct err *e)
{
	const struct run_finish f = { .state = RUN_CANCELLED,
		.why = "the branch moved on",
		.message = "",
		.now = op->op.now };

	*stale = false;
	if (op->from != RUN_QUEUED || op->to != RUN_PREPARING)
		return 0;
	if (svc_order_is_stale(t, &op->run, stale, e) == -1)
		return -1;
	return *stale ? runs_finish(t, op->id, &f, e) : 0;
}

static int
svc_run_move_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_run_move *op = arg;
	bool stale;

	if (runs_get(t, op->id, &op->run, e) == -1)
		return -1;
	if (op->run.state != op->from)
		return err_set(e, ERR_EXISTS, "the run is %s, not %s",
		    run_state_name(op->run.state), run_state_name(op->from));
	if (svc_run_drop_stale(t, op, &stale, e) == -1)
		return -1;
	if ((!stale &&
		runs_move(t, op->id, op->from, op->to, svc_text(op->why),
		    op->op.now, e) == -1) ||
	    ((stale || run_state_is_end(op->to)) &&
		(tokens_delete_by_run(t, op->id, e) == -1 ||
		    svc_approval_withdraw(t, &op->op, op->id, e) == -1)))
		return -1;
	run_release(&op->run);
	if (runs_get(t, op->id, &op->run, e) == -1)
		return -1;
	return svc_run_event(
	    t, &op->op.who, op->op.now, "run.updated", &op->run, e);
}

static bool
svc_run_moved(void *arg)
{
	struct svc_run_move *op = arg;

	if (run_state_is_end(op->run.state))
		svc_purge_soon(op->op.svc->purge);
	return false;
}

void
svc_run_move(struct svc_run_move *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (!run_rule_may_move(op->from, op->to)) {
		err_set(&e, ERR_INVALID,
		    "state: a run does not go from %s to %s",
		    run_state_name(op->from), run_state_name(op->to));
		svc_op_end_later(op, &e);
	} else {
		op->op.then = svc_run_moved;
		svc_op_run(op, svc_run_move_job, done, arg);
	}
}

static int
svc_run_cancel_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_run_cancel *op = arg;
	struct run r = { .id = 0 };
	bool was;
	int rc;

	if (runs_get(t, op->id, &r, e) == -1)
		return -1;
	rc = svc_may(t, &op->op.who, r.project_id, PERM_WRITE, NULL, e);
	/* A run that ended, or was told so before, needs no event. */
	if (rc == 0 && !run_state_is_end(r.state)) {
		rc = runs_set_cancel(t, op->id, &was, e);
		if (rc == 0 && !was)
			rc = svc_run_event(
			    t, &op->op.who, op->op.now, "run.cancel", &r, e);
	}
	run_release(&r);
	return rc;
}

void
svc_run_cancel(struct svc *s, const struct identity *who, int64_t id,
    svc_done_fn *done, void *arg)
{
	struct svc_run_cancel *op = svc_op_new(s, sizeof(*op), who, NULL);

	op->id = id;
	svc_op_run(op, svc_run_cancel_job, done, arg);
}
