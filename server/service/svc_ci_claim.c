#include "server/service/svc_ci_claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "server/domain/job_rule.h"
#include "server/service/svc_ci_lease.h"
#include "server/service/svc_ci_rows.h"
#include "server/store/jobs.h"
#include "server/store/net_rules.h"
#include "server/store/projects.h"
#include "server/store/runners.h"

#define SVC_CI_LOCAL "local" /* the home's own runner */

enum {
	SVC_CI_SEEN_MS = 5000 /* seen_at is no truer than this */
};

void
svc_ci_want_init(
    struct svc_ci_want *x, uint64_t waiter, const struct svc_ci_ask *ask)
{
	*x = (struct svc_ci_want){ .waiter = waiter,
		.who = *ask->who,
		.slots = ask->slots,
		.network = ask->network,
		.has_held = ask->has_held,
		.n_held = ask->n_held };
	if (ask->labels != NULL)
		x->labels = xstrdup(ask->labels);
	if (ask->version != NULL)
		x->version = xstrdup(ask->version);
	x->held = xcalloc(ask->n_held + 1, sizeof(*x->held));
	for (size_t i = 0; i < ask->n_held; i++)
		x->held[i] = ask->held[i];
}

void
svc_ci_want_copy(struct svc_ci_want *to, const struct svc_ci_want *from)
{
	const struct svc_ci_ask ask = { .who = &from->who,
		.slots = from->slots,
		.labels = from->labels,
		.version = from->version,
		.network = from->network,
		.has_held = from->has_held,
		.held = from->held,
		.n_held = from->n_held };

	svc_ci_want_init(to, from->waiter, &ask);
	to->looked = from->looked;
}

void
svc_ci_want_release(struct svc_ci_want *x)
{
	free(x->labels);
	free(x->version);
	free(x->held);
	free(x->lost);
	job_release(&x->job);
}

/* ---- who it is ---- */

/* The home's own has a row as soon as it asks. */
static int
svc_ci_local(struct txn *t, const struct svc_ci_claim *op,
    const struct svc_ci_want *x, struct err *e)
{
	const struct runner_new n = { .name = SVC_CI_LOCAL,
		.labels = "[]",
		.slots = 2,
		.account_id = x->who.user_id,
		.now = op->op.now };
	int64_t id;

	if (x->who.kind != IDENTITY_CI || x->who.user_id != op->op.svc->ci_id)
		return err_set(e, ERR_DENIED,
		    "%s is no runner: register one (coffer runner add)",
		    x->who.login);
	return runners_insert(t, &n, &id, e);
}

/* What the home's own says of itself is true; of others an admin decides, but
 * whether they have a network. */
static int
svc_ci_update(
    struct txn *t, const struct svc_ci_want *x, struct runner *r, struct err *e)
{
	bool changed = false;

	if (x->who.kind == IDENTITY_CI && x->slots > 0 &&
	    x->slots != r->slots) {
		r->slots = x->slots;
		changed = true;
	}
	if (x->who.kind == IDENTITY_CI && x->labels != NULL &&
	    strcmp(x->labels, r->labels) != 0) {
		free(r->labels);
		r->labels = xstrdup(x->labels);
		changed = true;
	}
	if (x->version != NULL && strcmp(x->version, r->version) != 0) {
		(void)snprintf(
		    r->version, sizeof(r->version), "%s", x->version);
		changed = true;
	}
	if (x->network != r->network) {
		r->network = x->network;
		changed = true;
	}
	return changed ? runners_set(t, r, e) : 0;
}

static int
svc_ci_runner(struct txn *t, const struct svc_ci_claim *op,
    const struct svc_ci_want *x, struct runner *r, struct err *e)
{
	if (runners_by_account(t, x->who.user_id, r, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		if (svc_ci_local(t, op, x, e) == -1 ||
		    runners_by_account(t, x->who.user_id, r, e) == -1)
			return -1;
	}
	if (x->looked)
		return 0;
	if (svc_ci_update(t, x, r, e) == -1)
		return -1;
	if (op->op.now - r->seen_at < SVC_CI_SEEN_MS &&
	    r->seen_at <= op->op.now)
		return 0;
	return runners_seen(t, r->id, op->op.now, e);
}

/* ---- what it lost ---- */

static bool
svc_ci_holds(const struct svc_ci_want *x, int64_t id)
{
	for (size_t i = 0; i < x->n_held; i++)
		if (x->held[i] == id)
			return true;
	return false;
}

/* It asks and does not know of a job that it was given: the answer went
 * astray, or it was started anew. */
static int
svc_ci_find_lost(struct txn *t, struct svc_ci_claim *op, struct svc_ci_want *x,
    struct runner *r, struct err *e)
{
	struct job_list l = { .n = 0 };
	int rc;

	if (!x->has_held || x->looked || r->running == 0)
		return 0;
	rc = jobs_running(t, r->id, &l, e);
	free(x->lost);
	x->lost = xcalloc(l.n + 1, sizeof(*x->lost));
	for (size_t i = 0; i < l.n && rc == 0; i++) {
		struct job_lease_end end = { .id = l.at[i].id };
		bool lost;

		if (svc_ci_holds(x, end.id))
			continue;
		memcpy(end.lease, l.at[i].lease, sizeof(end.lease));
		rc = svc_ci_lose(
		    t, op->op.svc, &op->op.who, op->op.now, &end, &lost, e);
		if (rc == 0 && lost) {
			x->lost[x->n_lost++] = l.at[i].id;
			r->running--;
			op->requeued = true;
		}
	}
	job_list_release(&l);
	return rc;
}

/* ---- what it gets ---- */

/* No check reaches further than the sandbox of its project may. */
static int
svc_ci_bound(struct txn *t, struct job *j, struct err *e)
{
	struct project p = { .id = 0 };
	struct net_bounds b;
	struct job_check *c = &j->check;

	if (projects_by_id(t, j->project_id, &p, e) == -1)
		return -1;
	if (net_bounds_get(t, j->project_id, &b, e) == -1) {
		project_release(&p);
		return -1;
	}
	c->network_setup = job_rule_network(
	    c->network_setup, p.settings.network, b.lockdown);
	c->network_test = job_rule_network(
	    c->network_test, p.settings.network, b.lockdown);
	project_release(&p);
	return 0;
}

static int
svc_ci_take(struct txn *t, struct svc_ci_claim *op, struct svc_ci_want *x,
    const struct runner *r, struct err *e)
{
	char lease[LEASE_HEX + 1];
	const struct job_claim c = { .runner_id = r->id,
		.runner = r->name,
		.labels = r->labels,
		.network = r->network,
		.lease = lease,
		.lease_until = op->op.now + JOB_LEASE_MS,
		.now = op->op.now };

	rnd_hex(lease, LEASE_HEX / 2);
	if (jobs_claim_next(t, &c, &x->job, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	if (svc_ci_bound(t, &x->job, e) == -1)
		return -1;
	if (svc_ci_event(t, &x->who, op->op.now, "check.started", &x->job, NULL,
		e) == -1)
		return -1;
	return svc_ci_status(t, &x->who, op->op.now, &x->job, e);
}

static int
svc_ci_serve(struct txn *t, struct svc_ci_claim *op, struct svc_ci_want *x,
    struct err *e)
{
	struct runner r = { .id = 0 };
	int64_t slots;
	int rc = svc_ci_runner(t, op, x, &r, e);

	if (rc == -1 && (e->code == ERR_DENIED || e->code == ERR_EXISTS)) {
		x->fail = *e;
		*e = ERR_INIT;
		return 0;
	}
	if (rc == 0)
		rc = svc_ci_find_lost(t, op, x, &r, e);
	slots = x->slots > 0 && x->slots < r.slots ? x->slots : r.slots;
	if (rc == 0 && !r.paused)
		rc = jobs_count_running(t, r.id, &r.running, e);
	if (rc == 0 && !r.paused && r.running < slots)
		rc = svc_ci_take(t, op, x, &r, e);
	runner_release(&r);
	return rc;
}

static int
svc_ci_claim_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_ci_claim *op = arg;

	op->requeued = false;
	for (size_t i = 0; i < op->n; i++) {
		struct svc_ci_want *x = &op->v[i];

		job_release(&x->job);
		x->n_lost = 0;
		x->fail = ERR_INIT;
		if (svc_ci_serve(t, op, x, e) == -1)
			return -1;
	}
	return 0;
}

static void
svc_ci_claim_release(void *arg)
{
	struct svc_ci_claim *op = arg;

	for (size_t i = 0; i < op->n; i++)
		svc_ci_want_release(&op->v[i]);
	free(op->v);
}

struct svc_ci_claim *
svc_ci_claim_new(struct svc *s, size_t cap)
{
	struct svc_ci_claim *op;
	struct identity ci;

	svc_identity_of(s->ci_id, "ci", USER_CI, &ci);
	op = svc_op_new(s, sizeof(*op), &ci, svc_ci_claim_release);
	op->v = xcalloc(cap, sizeof(*op->v));
	op->cap = cap;
	return op;
}

void
svc_ci_claim(struct svc_ci_claim *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_ci_claim_job, done, arg);
}

/* ---- a claim that nobody hears of ---- */

struct svc_ci_return {
	struct svc_op op;
	int64_t id;
	char lease[LEASE_HEX + 1];
};

static int
svc_ci_return_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_ci_return *op = arg;

	return jobs_give_back(t, op->id, op->lease, e);
}

static void
svc_ci_returned(const struct err *fail, void *arg, void *ignored)
{
	struct svc_ci_return *op = arg;

	(void)ignored;
	if (fail != NULL) {
		log_warn("ci give-back reason=%s", log_val(fail->msg));
		return; /* its lease will end */
	}
	svc_ci_unleased(op->op.svc->ci, op->id, op->lease);
	svc_ci_kick(op->op.svc->ci);
}

void
svc_ci_give_back(struct svc *s, int64_t id, const char *lease)
{
	struct svc_ci_return *op;
	struct identity ci;

	svc_identity_of(s->ci_id, "ci", USER_CI, &ci);
	op = svc_op_new(s, sizeof(*op), &ci, NULL);
	op->id = id;
	(void)snprintf(op->lease, sizeof(op->lease), "%s", lease);
	svc_op_run(op, svc_ci_return_job, svc_ci_returned, NULL);
}
