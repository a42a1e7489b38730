#include "server/service/svc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "server/domain/event_kind.h"
#include "server/service/svc_notice.h"
#include "server/store/audit.h"
#include "server/store/events.h"
#include "server/store/projects.h"
#include "server/store/users.h"

struct svc_ending {
	struct svc_op *op;
	bool failed;
	struct err fail;
};

void *
svc_op_new(struct svc *s, size_t size, const struct identity *who,
    void (*release)(void *op))
{
	struct svc_op *op = xcalloc(1, size);

	op->svc = s;
	op->who = *who;
	op->now = s->now();
	op->release = release;
	return op;
}

void
svc_op_drop(void *op)
{
	struct svc_op *x = op;

	if (x->release != NULL)
		x->release(x);
	free(x);
}

void
svc_op_end(void *op, const struct err *fail)
{
	struct svc_op *x = op;

	if (x->done != NULL)
		x->done(fail, x, x->arg);
	else if (fail != NULL)
		log_warn("service op reason=%s", log_val(fail->msg));
	svc_op_drop(x);
}

static void
svc_op_on_turn(void *arg)
{
	struct svc_ending *x = arg;

	svc_op_end(x->op, x->failed ? &x->fail : NULL);
	free(x);
}

void
svc_op_end_later(void *op, const struct err *fail)
{
	struct svc_ending *x = xcalloc(1, sizeof(*x));

	x->op = op;
	if (fail != NULL) {
		x->failed = true;
		x->fail = *fail;
	}
	loop_defer(x->op->svc->loop, svc_op_on_turn, x);
}

static void
svc_op_on_write(const struct err *fail, void *arg)
{
	struct svc_op *op = arg;

	if (fail == NULL && op->then != NULL && op->then(op))
		return;
	svc_op_end(op, fail);
}

static void
svc_op_actor(const struct identity *who, struct audit_actor *a)
{
	*a = (struct audit_actor){ .id = who->user_id };
	(void)snprintf(a->login, sizeof(a->login), "%s", who->login);
	(void)snprintf(a->origin, sizeof(a->origin), "%s", who->origin);
	(void)snprintf(a->request, sizeof(a->request), "%s", who->request);
	if (who->run_id != 0)
		(void)snprintf(
		    a->via, sizeof(a->via), "run %" PRId64, who->run_id);
	else if (who->kind == IDENTITY_SESSION)
		(void)snprintf(a->via, sizeof(a->via), "sandbox %" PRId64,
		    who->project_id);
	else if (who->token_id != 0)
		(void)snprintf(
		    a->via, sizeof(a->via), "token %" PRId64, who->token_id);
	else if (who->by_password)
		(void)snprintf(a->via, sizeof(a->via), "password");
}

/* Its rows of the audit log are by who asked. */
static int
svc_op_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_op *op = arg;
	struct audit_actor a;

	svc_op_actor(&op->who, &a);
	audit_as(t, &a);
	return op->job(t, op, e);
}

void
svc_op_run(void *op, db_job_fn *job, svc_done_fn *done, void *arg)
{
	struct svc_op *x = op;

	x->job = job;
	x->done = done;
	x->arg = arg;
	db_write(x->svc->db, svc_op_job, svc_op_on_write, x);
}

void
svc_op_again(void *op, db_job_fn *job)
{
	struct svc_op *x = op;

	x->job = job;
	db_write(x->svc->db, svc_op_job, svc_op_on_write, x);
}

char *
svc_noreply(const struct svc *s, const char *login)
{
	const char *host = strstr(s->public_url, "://");

	host = host != NULL ? host + 3 : s->public_url;
	if (host[0] == '[') /* an IPv6 address has colons */
		host = "localhost";
	return xasprintf(
	    "%s@noreply.%.*s", login, (int)strcspn(host, "/:"), host);
}

const char *
svc_text(const char *s)
{
	return s != NULL ? s : "";
}

void
svc_identity_of(int64_t user_id, const char *login, enum user_kind kind,
    struct identity *out)
{
	static const enum identity_kind kinds[] = {
		[USER_ADMIN] = IDENTITY_ADMIN,
		[USER_PERSON] = IDENTITY_USER,
		[USER_AGENT] = IDENTITY_AGENT,
		[USER_CI] = IDENTITY_CI,
		[USER_SERVICE] = IDENTITY_SERVICE,
	};

	*out = (struct identity){ .kind = kinds[kind] };
	out->user_id = user_id;
	out->user_kind = kind;
	out->site_admin = kind == USER_ADMIN;
	snprintf(out->login, sizeof(out->login), "%s", login);
}

static enum perm_who_kind
svc_who_kind(enum identity_kind k)
{
	static const enum perm_who_kind kinds[] = {
		[IDENTITY_NONE] = PERM_WHO_NOBODY,
		[IDENTITY_ADMIN] = PERM_WHO_ADMIN,
		[IDENTITY_USER] = PERM_WHO_PERSON,
		[IDENTITY_AGENT] = PERM_WHO_AGENT,
		[IDENTITY_CI] = PERM_WHO_CI,
		[IDENTITY_SERVICE] = PERM_WHO_SERVICE,
		[IDENTITY_RUN] = PERM_WHO_RUN,
		[IDENTITY_SESSION] = PERM_WHO_SESSION,
		[IDENTITY_RUNNER] = PERM_WHO_NOBODY,
	};

	return kinds[k];
}

/* What an archived repository does not take: words and writes. */
static int
svc_not_archived(
    struct txn *t, int64_t project_id, enum perm_verb verb, struct err *e)
{
	bool archived = false;

	if (verb == PERM_READ || verb == PERM_ADMIN || verb == PERM_SERVE)
		return 0;
	if (projects_archived(t, project_id, &archived, e) == -1)
		return -1;
	if (archived)
		return err_set(e, ERR_LOCKED, "the repository is archived");
	return 0;
}

int
svc_may(struct txn *t, const struct identity *who, int64_t project_id,
    enum perm_verb verb, enum role *role, struct err *e)
{
	struct perm_who p = { .kind = svc_who_kind(who->kind) };

	if (who->bound_project != 0 && who->bound_project != project_id)
		return err_set(e, ERR_NOTFOUND, "no such project");
	/* The role of a run's token is nobody's, whoever it writes for. */
	if (p.kind == PERM_WHO_RUN || p.kind == PERM_WHO_SESSION)
		p.own_project = who->project_id == project_id;
	else if (roles_get(t, project_id, who->user_id, &p.role, e) == -1)
		return -1;
	if (role != NULL)
		*role = p.role;
	switch (perm_ask(&p, verb)) {
	case PERM_OK:
		return svc_not_archived(t, project_id, verb, e);
	case PERM_DENIED:
		return err_set(e, ERR_DENIED,
		    "%s may not do that in this project", who->login);
	case PERM_HIDDEN:
	default:
		return err_set(e, ERR_NOTFOUND, "no such project");
	}
}

static int
svc_project_check(struct txn *t, const struct identity *who,
    enum perm_verb verb, struct project *p, struct err *e)
{
	if (svc_may(t, who, p->id, verb, NULL, e) == -1)
		return -1;
	if (p->state != PROJECT_ACTIVE && verb != PERM_READ &&
	    verb != PERM_SERVE)
		return err_set(e, ERR_EXISTS, "the project is being deleted");
	return 0;
}

/* After a look-up that answered rc: may who have p?  Releases it if not. */
static int
svc_project_found(struct txn *t, const struct identity *who,
    enum perm_verb verb, int rc, struct project *p, struct err *e)
{
	if (rc == -1 && e->code == ERR_NOTFOUND)
		return err_set(e, ERR_NOTFOUND, "no such project");
	if (rc == -1)
		return -1;
	if (svc_project_check(t, who, verb, p, e) == 0)
		return 0;
	project_release(p);
	return -1;
}

int
svc_project_open(struct txn *t, const struct identity *who, const char *owner,
    const char *name, enum perm_verb verb, struct project *out, struct err *e)
{
	int rc = projects_by_name(t, owner, name, out, e);

	return svc_project_found(t, who, verb, rc, out, e);
}

int
svc_project_by_id(struct txn *t, const struct identity *who, int64_t id,
    enum perm_verb verb, struct project *out, struct err *e)
{
	int rc = projects_by_id(t, id, out, e);

	return svc_project_found(t, who, verb, rc, out, e);
}

int64_t
svc_viewer(const struct identity *who)
{
	return who->kind == IDENTITY_ADMIN || who->kind == IDENTITY_CI ||
		who->kind == IDENTITY_SERVICE
	    ? 0
	    : who->user_id;
}

int
svc_event_add(struct txn *t, const struct identity *who, int64_t now,
    const struct svc_event *v, struct err *e)
{
	struct actor actor = { .id = who->user_id, .kind = who->user_kind };
	struct event_new n = {
		.at = now,
		.kind = v->kind,
		.project_id = v->project_id,
		.actor = &actor,
		.item = v->item,
		.is_pull = v->is_pull,
		.data = v->data != NULL ? str_cstr(v->data) : NULL,
	};

	if (!event_kind_known(v->kind))
		die("event of unknown kind %s", v->kind);
	if (v->data != NULL && !str_ok(v->data))
		return err_set(e, ERR_LIMIT, "event %s is too large", v->kind);
	memcpy(actor.login, who->login, sizeof(actor.login));
	if (v->project_id != 0 &&
	    roles_get(t, v->project_id, who->user_id, &actor.role, e) == -1)
		return -1;
	if (v->project_id == 0 && who->site_admin)
		actor.role = ROLE_ADMIN;
	if (events_append(t, &n, NULL, e) == -1)
		return -1;
	return svc_notice_event(t, who, now, v, e);
}
