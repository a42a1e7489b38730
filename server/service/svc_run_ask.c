/* Runs that a person asks for by themselves, without an item. */
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/net/sha256.h"
#include "lib/wire/json.h"
#include "server/domain/run_rule.h"
#include "server/service/svc_order.h"
#include "server/service/svc_purge.h"
#include "server/service/svc_run.h"
#include "server/service/svc_run_env.h"
#include "server/service/svc_run_rows.h"
#include "server/store/events.h"
#include "server/store/run_keys.h"
#include "server/store/run_orders.h"
#include "server/store/runs.h"
#include "server/store/users.h"

static void
svc_run_ask_release(void *arg)
{
	struct svc_run_ask *op = arg;

	if (op->env != NULL)
		explicit_bzero(op->env, strlen(op->env));
	free(op->env);
	free(op->task);
	free(op->command);
	free(op->agent);
	free(op->base);
	free(op->key);
	free(op->env_key);
	run_release(&op->run);
}

struct svc_run_ask *
svc_run_ask_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_run_ask), who, svc_run_ask_release);
}

/* Who orders is a person, as with a comment. */
static int
svc_run_ask_who(struct txn *t, const struct svc_op *by, struct err *e)
{
	struct user u = { .id = 0 };
	bool person;

	if (users_by_id(t, by->who.user_id, &u, e) == -1)
		return -1;
	person = !u.bot && (u.kind == USER_PERSON || u.kind == USER_ADMIN);
	return person
	    ? 0
	    : err_set(e, ERR_DENIED, "only a person may ask for a run");
}

/* The event is the order: it says what, and never with which environment. */
static int
svc_run_ask_event(
    struct txn *t, struct svc_run_ask *op, int64_t *seq, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = {
		.kind = "run.asked", .project_id = op->project_id, .data = &data
	};
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "task", op->task);
	jw_str(&w, "command", op->command);
	jw_end(&w);
	if (svc_event_add(t, &op->op.who, op->op.now, &v, e) == -1)
		return -1;
	return events_last(t, seq, e);
}

/* Its values reach the disk, in a file, before the row that names it. */
static int
svc_run_ask_env(struct svc_run_ask *op, struct svc_run_make *m, struct err *e)
{
	char key[SVC_RUN_ENV_KEY + 1];

	if (op->env == NULL)
		return 0;
	if (svc_run_env_put(op->op.svc, op->env, key, e) == -1)
		return -1;
	free(op->env_key);
	op->env_key = xstrdup(key);
	m->env = op->env_key;
	return 0;
}

static int
svc_run_ask_make(struct txn *t, struct svc_run_ask *op, const struct project *p,
    struct err *e)
{
	struct svc_run_make m = { .project = p,
		.command = op->command,
		.access = op->access,
		.agent = op->agent,
		.network = op->network,
		.wall_s = op->wall_s,
		.budget = op->budget,
		.base = op->base };
	struct run_order o = { .project_id = p->id,
		.human = true,
		.verdict = RUN_TAKEN,
		.at = op->op.now };
	enum run_verdict may;
	bool created;

	if (svc_order_ceiling(t, p, 0, op->op.now, &may, e) == -1)
		return -1;
	if (may != RUN_TAKEN)
		return err_set(e, ERR_DENIED,
		    "there were as many runs within 24 hours as max_day_runs "
		    "of the project allows");
	if (svc_run_ask_env(op, &m, e) == -1 ||
	    svc_run_ask_event(t, op, &m.event, e) == -1 ||
	    svc_run_make(t, &op->op, &m, &op->run, &created, e) == -1)
		return -1;
	o.event = m.event;
	o.run_id = op->run.id;
	return run_orders_add(t, &o, e);
}

/* What is the same order: all but the values of its environment, which are
 * nobody's to guess from a row. */
static void
svc_run_ask_print(const struct svc_run_ask *op, char out[RUN_PRINT_MAX])
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct json *env = op->env == NULL
	    ? NULL
	    : json_parse(view_of(op->env), STR_MAX_DEFAULT, &e);
	struct jw w;

	jw_init(&w, &text);
	jw_array(&w, NULL);
	jw_str(&w, NULL, svc_text(op->task));
	jw_str(&w, NULL, svc_text(op->command));
	jw_str(&w, NULL, svc_text(op->agent));
	jw_str(&w, NULL, svc_text(op->base));
	jw_i64(&w, NULL, op->access);
	jw_i64(&w, NULL, op->network);
	jw_i64(&w, NULL, op->wall_s);
	jw_i64(&w, NULL, op->budget);
	for (const struct json *v = json_first(env); v != NULL;
	     v = json_next(v))
		jw_str(&w, NULL, json_key(v));
	jw_end(&w);
	json_free(env);
	sha256_hex(str_view(&text), out);
}

static int
svc_run_ask_keyed(struct txn *t, struct svc_run_ask *op,
    const struct project *p, struct err *e)
{
	struct run_key k = { .project_id = p->id,
		.account_id = op->op.who.user_id,
		.key = op->key };
	char print[RUN_PRINT_MAX];

	svc_run_ask_print(op, print);
	if (run_keys_get(t, &k, e) == 0) {
		if (strcmp(print, k.print) != 0)
			return err_set(e, ERR_EXISTS,
			    "key: it was for something else, run %lld",
			    (long long)k.run_id);
		op->again = true;
		return runs_get(t, k.run_id, &op->run, e);
	}
	if (e->code != ERR_NOTFOUND)
		return -1;
	*e = ERR_INIT;
	if (svc_run_ask_make(t, op, p, e) == -1)
		return -1;
	(void)snprintf(k.print, sizeof(k.print), "%s", print);
	k.run_id = op->run.id;
	return run_keys_add(t, &k, e);
}

static int
svc_run_ask_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_run_ask *op = arg;
	struct project p = { .id = 0 };
	int rc;

	if (svc_project_by_id(
		t, &op->op.who, op->project_id, PERM_WRITE, &p, e) == -1)
		return -1;
	if (p.state != PROJECT_ACTIVE)
		rc = err_set(e, ERR_EXISTS, "the project is being deleted");
	else
		rc = svc_run_ask_who(t, &op->op, e);
	if (rc == 0)
		rc = op->key == NULL ? svc_run_ask_make(t, op, &p, e)
				     : svc_run_ask_keyed(t, op, &p, e);
	project_release(&p);
	return rc;
}

/* No row names the file of an order that came to nothing. */
static void
svc_run_ask_end(const struct err *fail, void *arg, void *ctx)
{
	struct svc_run_ask *op = arg;

	(void)ctx;
	if (fail != NULL && op->env_key != NULL) {
		svc_run_env_drop(op->op.svc, op->env_key);
		svc_purge_soon(op->op.svc->purge);
	}
	op->done(fail, op, op->arg);
}

void
svc_run_ask(struct svc_run_ask *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->done = done;
	op->arg = arg;
	op->op.done = svc_run_ask_end;
	if (run_rule_command_ok(svc_text(op->command))) {
		svc_op_run(op, svc_run_ask_job, svc_run_ask_end, NULL);
		return;
	}
	(void)err_set(&e, ERR_INVALID, "command: want 1 to %d of a-z 0-9 _ -",
	    RUN_COMMAND_MAX);
	svc_op_end_later(op, &e);
}
