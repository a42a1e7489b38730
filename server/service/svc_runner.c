#include "server/service/svc_runner.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/service/svc_ci.h"
#include "server/service/svc_ci_lease.h"
#include "server/store/jobs.h"
#include "server/store/runners.h"
#include "server/store/tokens.h"
#include "server/store/users.h"

enum {
	SVC_RUNNER_LABELS_BYTES = 4096
};

static int
svc_runner_check(const char *name, int64_t slots, struct err *e)
{
	if (name != NULL && !runner_name_ok(name))
		return err_set(e, ERR_INVALID,
		    "name: want 1 to %d of a-z 0-9 . _ -", RUNNER_NAME_MAX);
	if (name != NULL && strcmp(name, "local") == 0)
		return err_set(e, ERR_INVALID,
		    "name: local is the runner of the server's own host");
	if (slots < 0 || slots > RUNNER_SLOTS_MAX)
		return err_set(
		    e, ERR_INVALID, "slots: want 1 to %d", RUNNER_SLOTS_MAX);
	return 0;
}

/* ---- the invitation ---- */

static void
svc_runner_add_release(void *arg)
{
	struct svc_runner_add *op = arg;

	free(op->name);
	free(op->labels);
	runner_release(&op->runner);
	explicit_bzero(op->token, sizeof(op->token));
}

struct svc_runner_add *
svc_runner_add_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_runner_add), who, svc_runner_add_release);
}

static int
svc_runner_add_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_runner_add *op = arg;
	const struct runner_new n = { .name = op->name,
		.labels = op->labels != NULL ? op->labels : "[]",
		.slots = op->slots > 0 ? op->slots : 1,
		.invite = op->token,
		.invite_until = op->op.now + op->valid_ms,
		.now = op->op.now };
	struct runner_list l = { .n = 0 };
	size_t have;
	int64_t id;

	if (runners_list(t, &l, e) == -1)
		return -1;
	have = l.n;
	runner_list_release(&l);
	if (have >= RUNNERS_MAX)
		return err_set(e, ERR_INVALID,
		    "name: there are %d runners, more are not kept: remove "
		    "some",
		    (int)RUNNERS_MAX);
	tokens_make_secret(op->token);
	if (runners_insert(t, &n, &id, e) == -1)
		return -1;
	return runners_get(t, id, &op->runner, e);
}

void
svc_runner_add(struct svc_runner_add *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (svc_runner_check(op->name, op->slots, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_runner_add_job, done, arg);
}

/* ---- the registration ---- */

static void
svc_runner_register_release(void *arg)
{
	struct svc_runner_register *op = arg;

	if (op->token != NULL)
		explicit_bzero(op->token, strlen(op->token));
	free(op->token);
	free(op->name);
	free(op->labels);
	free(op->version);
	runner_release(&op->runner);
	explicit_bzero(op->secret, sizeof(op->secret));
}

struct svc_runner_register *
svc_runner_register_new(struct svc *s)
{
	const struct identity nobody = { .kind = IDENTITY_NONE };

	return svc_op_new(s, sizeof(struct svc_runner_register), &nobody,
	    svc_runner_register_release);
}

static bool
svc_runner_has(const struct json *labels, const char *label)
{
	const struct json *x;

	for (x = json_first(labels); x != NULL; x = json_next(x))
		if (strcmp(json_string(x), label) == 0)
			return true;
	return false;
}

/* Of the labels that an invitation has, it may take each; one without lets it
 * take any. */
static int
svc_runner_labels(const char *invited, const char *wanted, struct err *e)
{
	struct json *may = json_parse(
	    view_of(invited), SVC_RUNNER_LABELS_BYTES, e);
	struct json *want = json_parse(
	    view_of(wanted), SVC_RUNNER_LABELS_BYTES, e);
	const struct json *x = NULL;
	int rc = may == NULL || want == NULL ? -1 : 0;

	if (rc == 0 && json_count(may) > 0)
		x = json_first(want);
	for (; x != NULL && rc == 0; x = json_next(x))
		if (!svc_runner_has(may, json_string(x)))
			rc = err_set(e, ERR_INVALID,
			    "labels: the invitation is not for %s",
			    json_string(x));
	json_free(may);
	json_free(want);
	return rc;
}

static int
svc_runner_account(struct txn *t, const struct svc_runner_register *op,
    const char *name, int64_t id, int64_t *account, struct err *e)
{
	AUTO_FREE char *login = xasprintf("runner-%s", name);
	AUTO_FREE char *other = xasprintf(
	    "runner-%s-%lld", name, (long long)id);

	if (users_insert(t, login, USER_CI, op->op.now, account, e) == 0)
		return 0;
	if (e->code != ERR_EXISTS)
		return -1;
	*e = ERR_INIT;
	/* Of one by that name that was removed. */
	return users_insert(t, other, USER_CI, op->op.now, account, e);
}

static int
svc_runner_invited(struct txn *t, const struct svc_runner_register *op,
    struct runner *r, struct err *e)
{
	struct runner other = { .id = 0 };

	if (runners_by_invite(t, op->token, op->op.now, r, e) == -1)
		return e->code != ERR_NOTFOUND
		    ? -1
		    : err_set(e, ERR_DENIED,
			  "token: it was used, is too old or never was: ask "
			  "an admin for another");
	if (op->labels != NULL &&
	    svc_runner_labels(r->labels, op->labels, e) == -1)
		return -1;
	if (op->name == NULL || strcasecmp(op->name, r->name) == 0)
		return 0;
	if (runners_by_name(t, op->name, &other, e) == 0) {
		runner_release(&other);
		return err_set(e, ERR_EXISTS, "there is a runner of that name");
	}
	if (e->code != ERR_NOTFOUND)
		return -1;
	*e = ERR_INIT;
	return 0;
}

static int
svc_runner_enter(struct txn *t, struct svc_runner_register *op,
    const struct runner *r, struct err *e)
{
	struct token_new token = { .kind = TOKEN_RUNNER,
		.name = "runner",
		.secret = op->secret,
		.now = op->op.now };
	struct runner_registration g = { .name = op->name != NULL ? op->name
								  : r->name,
		.labels = op->labels != NULL ? op->labels : r->labels,
		.version = svc_text(op->version),
		.slots = op->slots > 0 ? op->slots : r->slots,
		.network = op->network,
		.now = op->op.now };
	int64_t token_id;

	if (svc_runner_account(t, op, g.name, r->id, &g.account_id, e) == -1)
		return -1;
	token.user_id = g.account_id;
	tokens_make_secret(op->secret);
	if (tokens_insert(t, &token, &token_id, e) == -1 ||
	    runners_register(t, r->id, &g, e) == -1)
		return -1;
	return runners_get(t, r->id, &op->runner, e);
}

static int
svc_runner_register_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_runner_register *op = arg;
	struct runner r = { .id = 0 };
	int rc = svc_runner_invited(t, op, &r, e);

	if (rc == 0)
		rc = svc_runner_enter(t, op, &r, e);
	runner_release(&r);
	return rc;
}

void
svc_runner_register(
    struct svc_runner_register *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (svc_runner_check(op->name, op->slots, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_runner_register_job, done, arg);
}

/* ---- change and end ---- */

static void
svc_runner_edit_release(void *arg)
{
	struct svc_runner_edit *op = arg;

	free(op->labels);
	runner_release(&op->runner);
}

struct svc_runner_edit *
svc_runner_edit_new(struct svc *s, const struct identity *who, int64_t id)
{
	struct svc_runner_edit *op = svc_op_new(
	    s, sizeof(*op), who, svc_runner_edit_release);

	op->id = id;
	return op;
}

static int
svc_runner_edit_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_runner_edit *op = arg;
	struct runner *r = &op->runner;

	if (runners_get(t, op->id, r, e) == -1)
		return -1;
	if (op->has_paused)
		r->paused = op->paused;
	if (op->slots > 0)
		r->slots = op->slots;
	if (op->labels != NULL) {
		free(r->labels);
		r->labels = xstrdup(op->labels);
	}
	return runners_set(t, r, e);
}

static bool
svc_runner_edit_then(void *arg)
{
	const struct svc_runner_edit *op = arg;

	svc_ci_kick(op->op.svc->ci);
	return false;
}

void
svc_runner_edit(struct svc_runner_edit *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	op->op.then = svc_runner_edit_then;
	if (svc_runner_check(NULL, op->slots, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_runner_edit_job, done, arg);
}

struct svc_runner_gone {
	struct svc_op op;
	int64_t id;
};

static int
svc_runner_gone_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_runner_gone *op = arg;
	struct runner r = { .id = 0 };
	struct job_list l = { .n = 0 };
	struct identity ci;
	int64_t account;
	int rc;

	if (runners_get(t, op->id, &r, e) == -1)
		return -1;
	account = r.account_id;
	runner_release(&r);
	if (account == op->op.svc->ci_id)
		return err_set(e, ERR_INVALID,
		    "local is the runner of the server's own host: pause it");
	svc_identity_of(op->op.svc->ci_id, "ci", USER_CI, &ci);
	rc = jobs_running(t, op->id, &l, e);
	for (size_t i = 0; i < l.n && rc == 0; i++) {
		struct job_lease_end end = { .id = l.at[i].id };
		bool lost;

		memcpy(end.lease, l.at[i].lease, sizeof(end.lease));
		rc = svc_ci_lose(
		    t, op->op.svc, &ci, op->op.now, &end, &lost, e);
	}
	job_list_release(&l);
	if (rc == 0 && account != 0)
		rc = users_delete(t, account, e);
	return rc == 0 ? runners_delete(t, op->id, e) : -1;
}

static bool
svc_runner_gone_then(void *arg)
{
	const struct svc_runner_gone *op = arg;

	svc_ci_kick(op->op.svc->ci);
	return false;
}

void
svc_runner_remove(struct svc *s, const struct identity *who, int64_t id,
    svc_done_fn *done, void *arg)
{
	struct svc_runner_gone *op = svc_op_new(s, sizeof(*op), who, NULL);

	op->id = id;
	op->op.then = svc_runner_gone_then;
	svc_op_run(op, svc_runner_gone_job, done, arg);
}
