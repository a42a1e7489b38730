#include "server/service/svc_network.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/service/svc_approval.h"
#include "server/store/net_log.h"
#include "server/store/net_rules.h"

/* Who may; and a project that is being removed is not changed. */
static int
svc_net_open(
    struct txn *t, const struct svc_op *op, int64_t project, struct err *e)
{
	struct project p = { .id = 0 };

	if (svc_project_by_id(t, &op->who, project, PERM_WRITE, &p, e) == -1)
		return -1;
	project_release(&p);
	return 0;
}

static int
svc_net_event(struct txn *t, const struct svc_op *op, int64_t project,
    const char *what, const char *of, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = {
		.kind = "network.changed", .project_id = project, .data = &data
	};
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "what", what);
	jw_str(&w, "of", of);
	jw_end(&w);
	return svc_event_add(t, &op->who, op->now, &v, e);
}

static int
svc_net_check(const struct net_rule *r, bool force, struct err *e)
{
	const char *why = net_rule_warning(r);

	if (why == NULL || force)
		return 0;
	return err_set(
	    e, ERR_INVALID, "domain: %s: %s; force takes it", r->domain, why);
}

struct svc_net_put *
svc_net_put_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_net_put), who, NULL);
}

/* Of rules of one's own for that pattern, those that a rule for a time must not
 * replace: their time would be over with it, and their ports gone.  list 0:
 * both. */
static int
svc_net_spare(const struct net_rule_list *l, const struct net_rule *new,
    enum net_list list, struct err *e)
{
	for (size_t i = 0; new->until != 0 && i < l->n; i++) {
		const struct net_rule *r = &l->at[i];

		if (r->preset[0] == '\0' && (list == 0 || r->list == list) &&
		    (r->until == 0 || r->n_ports > 0) &&
		    strcmp(r->domain, new->domain) == 0)
			return err_set(e, ERR_EXISTS,
			    "%s has a rule to %s already, %s: remove it first, "
			    "or change it by coffer net",
			    r->domain, net_list_name(r->list),
			    r->n_ports > 0 ? "with ports" : "for good");
	}
	return 0;
}

static int
svc_net_put_spare(struct txn *t, const struct svc_net_put *op, struct err *e)
{
	struct net_rule_list l;
	int rc;

	if (!op->spare)
		return 0;
	if (net_rules_list(t, op->project_id, op->op.now, &l, e) == -1)
		return -1;
	rc = svc_net_spare(&l, &op->rule, 0, e);
	net_rule_list_release(&l);
	return rc;
}

static int
svc_net_put_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_net_put *op = arg;
	struct net_rule *r = &op->rule;
	const struct net_rule_filter other = {
		.list = r->list == NET_ALLOW ? NET_DENY : NET_ALLOW,
		.domain = r->domain,
		.preset = "",
	};

	r->project_id = op->project_id;
	r->by_id = op->op.who.user_id;
	if (svc_net_open(t, &op->op, op->project_id, e) == -1 ||
	    svc_net_put_spare(t, op, e) == -1 ||
	    net_rules_delete(t, op->project_id, &other, NULL, e) == -1 ||
	    net_rules_put(t, r, op->op.now, e) == -1)
		return -1;
	return svc_net_event(
	    t, &op->op, op->project_id, net_list_name(r->list), r->domain, e);
}

void
svc_net_put(struct svc_net_put *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (svc_net_check(&op->rule, op->force, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_net_put_job, done, arg);
}

struct svc_net_drop *
svc_net_drop_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_net_drop), who, NULL);
}

static int
svc_net_drop_job(struct txn *t, void *arg, struct err *e)
{
	const struct svc_net_drop *op = arg;
	const struct net_rule_filter f = { .id = op->id };
	struct net_rule was;

	if (svc_net_open(t, &op->op, op->project_id, e) == -1 ||
	    net_rules_get(t, op->project_id, op->id, &was, e) == -1 ||
	    net_rules_delete(t, op->project_id, &f, NULL, e) == -1)
		return -1;
	return svc_net_event(
	    t, &op->op, op->project_id, "forget", was.domain, e);
}

void
svc_net_drop(struct svc_net_drop *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_net_drop_job, done, arg);
}

static void
svc_net_preset_release(void *arg)
{
	struct svc_net_preset *op = arg;

	net_rule_list_release(&op->rules);
}

struct svc_net_preset *
svc_net_preset_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_net_preset), who, svc_net_preset_release);
}

static int
svc_net_preset_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_net_preset *op = arg;
	const struct net_rule_filter f = { .preset = op->name };
	int64_t n = 0;

	if (svc_net_open(t, &op->op, op->project_id, e) == -1 ||
	    net_rules_delete(t, op->project_id, &f, &n, e) == -1)
		return -1;
	if (op->remove && n == 0)
		return err_set(e, ERR_NOTFOUND,
		    "the project does not have the preset %s", op->name);
	for (size_t i = 0; !op->remove && i < op->rules.n; i++) {
		struct net_rule *r = &op->rules.at[i];

		r->project_id = op->project_id;
		r->by_id = op->op.who.user_id;
		memcpy(r->preset, op->name, sizeof(r->preset));
		if (net_rules_put(t, r, op->op.now, e) == -1)
			return -1;
	}
	return svc_net_event(t, &op->op, op->project_id,
	    op->remove ? "preset-removed" : "preset", op->name, e);
}

void
svc_net_preset(struct svc_net_preset *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;
	int rc = 0;

	op->op.done = done;
	op->op.arg = arg;
	if (!op->remove)
		rc = svc_net_preset_read(op->op.svc, op->name, &op->rules, &e);
	for (size_t i = 0; rc == 0 && i < op->rules.n; i++)
		rc = svc_net_check(&op->rules.at[i], op->force, &e);
	if (rc == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_net_preset_job, done, arg);
}

struct svc_net_bounds *
svc_net_bounds_new(struct svc *s, const struct identity *who)
{
	struct svc_net_bounds *op = svc_op_new(s, sizeof(*op), who, NULL);

	op->upload_max = -1;
	return op;
}

static int
svc_net_bounds_job(struct txn *t, void *arg, struct err *e)
{
	const struct svc_net_bounds *op = arg;
	struct net_bounds now;
	char bytes[24];

	if (svc_net_open(t, &op->op, op->project_id, e) == -1 ||
	    net_bounds_get(t, op->project_id, &now, e) == -1)
		return -1;
	if (op->set_lockdown && op->lockdown != now.lockdown) {
		now.lockdown = op->lockdown;
		if (svc_net_event(t, &op->op, op->project_id,
			op->lockdown ? "lockdown" : "unlock", "", e) == -1)
			return -1;
	}
	if (op->upload_max != -1 && op->upload_max != now.upload_max) {
		now.upload_max = op->upload_max;
		(void)snprintf(
		    bytes, sizeof(bytes), "%" PRId64, op->upload_max);
		if (svc_net_event(t, &op->op, op->project_id, "upload-max",
			bytes, e) == -1)
			return -1;
	}
	return net_bounds_set(t, op->project_id, &now, e);
}

void
svc_net_bounds(struct svc_net_bounds *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_net_bounds_job, done, arg);
}

static void
svc_net_tell_release(void *arg)
{
	struct svc_net_tell *op = arg;

	net_seen_list_release(&op->rows);
}

struct svc_net_tell *
svc_net_tell_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_net_tell), who, svc_net_tell_release);
}

int
svc_net_allow_row(
    struct txn *t, const struct svc_op *by, struct net_rule *r, struct err *e)
{
	struct net_rule_list l;
	bool has = false;
	int rc;

	r->by_id = by->who.user_id;
	if (net_rules_list(t, r->project_id, by->now, &l, e) == -1)
		return -1;
	for (size_t i = 0; i < l.n; i++)
		has = has ||
		    (l.at[i].list == NET_ALLOW && l.at[i].preset[0] == '\0' &&
			l.at[i].n_ports == 0 &&
			strcmp(l.at[i].domain, r->domain) == 0 &&
			(l.at[i].until == 0 || l.at[i].until >= r->until));
	rc = has ? 0 : svc_net_spare(&l, r, NET_ALLOW, e);
	net_rule_list_release(&l);
	if (has || rc == -1)
		return rc;
	if (net_rules_put(t, r, by->now, e) == -1)
		return -1;
	return svc_net_event(t, by, r->project_id, "allow", r->domain, e);
}

/* Each project once, after its last row. */
static bool
svc_net_is_last(const struct net_seen_list *l, size_t i)
{
	for (size_t k = i + 1; k < l->n; k++)
		if (l->at[k].project_id == l->at[i].project_id)
			return false;
	return true;
}

static int
svc_net_tell_job(struct txn *t, void *arg, struct err *e)
{
	const struct svc_net_tell *op = arg;

	for (size_t i = 0; i < op->rows.n; i++) {
		const struct net_seen *s = &op->rows.at[i];

		if (net_log_put(t, s, e) == -1 ||
		    (svc_net_is_last(&op->rows, i) &&
			(net_log_prune(t, s->project_id, e) == -1 ||
			    svc_approval_seen(
				t, &op->op, op->rows.at, i + 1, e) == -1)))
			return -1;
	}
	return 0;
}

void
svc_net_tell(struct svc_net_tell *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, svc_net_tell_job, done, arg);
}
