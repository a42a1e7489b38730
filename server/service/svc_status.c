#include "server/service/svc_status.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_pool.h"
#include "server/store/statuses.h"

enum {
	SVC_STATUS_TEXT_MAX = 1024, /* description, URL */
	SVC_STATUS_MAX = 5000,      /* of one commit, but those of ci */
	SVC_STATUS_CONTEXTS = 1000  /* and their contexts */
};

static void
svc_status_create_release(void *arg)
{
	struct svc_status_create *op = arg;

	free(op->sha);
	free(op->context);
	free(op->description);
	free(op->target_url);
	status_release(&op->status);
}

struct svc_status_create *
svc_status_create_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(s, sizeof(struct svc_status_create), who,
	    svc_status_create_release);
}

int
svc_status_insert(struct txn *t, const struct identity *who, int64_t now,
    const struct svc_status_row *r, int64_t *id, struct err *e)
{
	const struct status_new n = { .project_id = r->project_id,
		.sha = r->sha,
		.state = r->state,
		.context = r->context,
		.description = r->description,
		.target_url = r->target_url,
		.creator_id = who->user_id,
		.now = now };
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = "status.created",
		.project_id = r->project_id,
		.item = r->item,
		.is_pull = r->item != 0,
		.data = &data };
	struct jw w;

	if (statuses_insert(t, &n, id, e) == -1)
		return -1;
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_i64(&w, "status", *id);
	jw_str(&w, "sha", r->sha);
	jw_str(&w, "context", r->context);
	jw_str(&w, "state", status_state_name(r->state));
	jw_end(&w);
	return svc_event_add(t, who, now, &v, e);
}

static int
svc_status_room(struct txn *t, const struct svc_status_create *op,
    const char *context, struct err *e)
{
	int64_t n = 0;

	if (statuses_count(t, op->project_id, op->full, &n, e) == -1)
		return -1;
	if (n >= SVC_STATUS_MAX)
		return err_set(e, ERR_INVALID,
		    "sha: it has %d statuses, which is the most",
		    SVC_STATUS_MAX);
	if (statuses_contexts(t, op->project_id, op->full, context, &n, e) ==
	    -1)
		return -1;
	if (n >= SVC_STATUS_CONTEXTS)
		return err_set(e, ERR_INVALID,
		    "context: the commit has %d, which is the most",
		    SVC_STATUS_CONTEXTS);
	return 0;
}

static int
svc_status_create_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_status_create *op = arg;
	const struct svc_status_row r = { .project_id = op->project_id,
		.sha = op->full,
		.state = op->state,
		.context = op->context != NULL && op->context[0] != '\0'
		    ? op->context
		    : "default",
		.description = svc_text(op->description),
		.target_url = svc_text(op->target_url) };
	enum user_kind owner = 0;
	int64_t id;

	if (svc_may(t, &op->op.who, op->project_id, PERM_STATUS, NULL, e) == -1)
		return -1;
	if (statuses_context_owner(t, op->project_id, r.context, &owner, e) ==
	    -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		owner = 0;
	}
	if (!perm_context(op->op.who.user_kind, r.context, owner))
		return err_set(e, ERR_DENIED,
		    "the context %.100s belongs to another kind of user",
		    r.context);
	if (op->op.who.user_kind != USER_CI &&
	    svc_status_room(t, op, r.context, e) == -1)
		return -1;
	if (svc_status_insert(t, &op->op.who, op->op.now, &r, &id, e) == -1)
		return -1;
	return statuses_get(t, op->project_id, id, &op->status, e);
}

static void
svc_status_on_resolve(const struct git_result *res, void *arg)
{
	struct svc_status_create *op = arg;

	if (res->fail != NULL) {
		svc_op_end(op, res->fail);
		return;
	}
	gitpool_sha(res, "sha", op->full);
	svc_op_again(op, svc_status_create_job);
}

static int
svc_status_text(const char *field, const char *s, size_t max, struct err *e)
{
	if (s == NULL)
		return 0;
	if (strlen(s) > max)
		return err_set(
		    e, ERR_INVALID, "%s: over %zu bytes", field, max);
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return err_set(
			    e, ERR_INVALID, "%s: no control characters", field);
	return 0;
}

static int
svc_status_check(const struct svc_status_create *op, struct err *e)
{
	const char *url = op->target_url;

	if (svc_status_text("context", op->context, CONTEXT_LEN_MAX, e) == -1 ||
	    svc_status_text(
		"description", op->description, SVC_STATUS_TEXT_MAX, e) == -1 ||
	    svc_status_text("target_url", url, SVC_STATUS_TEXT_MAX, e) == -1)
		return -1;
	if (url != NULL && url[0] != '\0' && strncmp(url, "http://", 7) != 0 &&
	    strncmp(url, "https://", 8) != 0)
		return err_set(
		    e, ERR_INVALID, "target_url: want http:// or https://");
	return 0;
}

void
svc_status_create(struct svc_status_create *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (svc_status_check(op, &e) == -1 ||
	    gitpool_rev_told(op->sha, &e) == -1)
		svc_op_end_later(op, &e);
	else
		gitpool_resolve(op->op.svc->git, op->project_id, op->sha,
		    svc_status_on_resolve, op);
}
