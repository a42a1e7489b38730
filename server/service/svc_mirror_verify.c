/* Local branches into which upstream was merged: their tips are listed as
 * unverified, with the required checks of their own checks.yml, and those
 * checks are queued.  The list is kept until the branch moves on. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/wire/json.h"
#include "server/domain/checks.h"
#include "server/domain/push_policy.h"
#include "server/domain/refname.h"
#include "server/git/git_pool.h"
#include "server/service/svc.h"
#include "server/service/svc_checks.h"
#include "server/service/svc_ci.h"
#include "server/service/svc_mirror_priv.h"
#include "server/store/db.h"
#include "server/store/upstream.h"

enum {
	VERIFY_MAX = 50 /* entries of the list */
};

struct mirror_verify {
	struct jw w;
	struct str text;
	size_t n;
	struct checks checks; /* of the item at j->at */
	int64_t queued;
};

void
mirror_verify_release(struct mirror_job *j)
{
	if (j->verify == NULL)
		return;
	checks_release(&j->verify->checks);
	str_release(&j->verify->text);
	free(j->verify);
	j->verify = NULL;
}

static const char *
verify_tip(const struct mirror_item *x)
{
	return x->target[0] != '\0' && !x->failed ? x->target : x->local;
}

/* Entries of before whose branch is still there. */
static void
verify_carry(struct mirror_job *j, const struct json *before)
{
	struct mirror_verify *v = j->verify;

	for (const struct json *x = json_first(before);
	     x != NULL && v->n < VERIFY_MAX; x = json_next(x)) {
		AUTO_STR struct str text = STR_INIT;
		const char *ref = json_str_or(x, "ref", "");

		for (size_t i = 0; i < j->n; i++)
			if (strcmp(j->items[i].ref, ref) == 0 &&
			    strcmp(verify_tip(&j->items[i]),
				json_str_or(x, "sha", "")) == 0) {
				json_print(x, &text);
				jw_raw(&v->w, NULL, str_view(&text));
				v->n++;
			}
	}
}

/* True: the job is freed. */
static bool
verify_closed(struct mirror_job *j)
{
	j->writing = false;
	if (!j->closed)
		return false;
	mirror_job_free(j);
	return true;
}

static void
verify_on_set(const struct err *fail, void *arg)
{
	struct mirror_job *j = arg;

	if (verify_closed(j))
		return;
	if (fail != NULL)
		log_error("mirror verify project=%" PRId64 " err=%s",
		    j->project.id, log_val(fail->msg));
	mirror_job_done(j);
}

static int
verify_set_job(struct txn *t, void *arg, struct err *e)
{
	const struct mirror_job *j = arg;

	return mirror_memo_set(t, j->project.id, MIRROR_MEMO_UNVERIFIED,
	    str_cstr(&j->verify->text), e);
}

static void
verify_end(struct mirror_job *j)
{
	struct mirror_verify *v = j->verify;

	jw_end(&v->w);
	if (v->queued > 0)
		svc_ci_kick(j->m->spec.svc->ci);
	if (strcmp(str_cstr(&v->text), svc_text(j->unverified_before)) == 0) {
		mirror_job_done(j);
		return;
	}
	j->writing = true;
	db_write(j->m->spec.db, verify_set_job, verify_on_set, j);
}

static void verify_next(struct mirror_job *j);

static void
verify_entry(struct mirror_job *j, const struct mirror_item *x)
{
	struct mirror_verify *v = j->verify;
	size_t required = 0;

	for (size_t i = 0; i < v->checks.n; i++)
		required += v->checks.v[i].required;
	if (required == 0)
		return;
	v->n++;
	jw_object(&v->w, NULL);
	jw_str(&v->w, "ref", x->ref);
	jw_str(&v->w, "sha", x->target);
	jw_array(&v->w, "required");
	for (size_t i = 0; i < v->checks.n; i++)
		if (v->checks.v[i].required)
			jw_str(&v->w, NULL, v->checks.v[i].name);
	jw_end(&v->w);
	jw_end(&v->w);
}

static void
verify_on_queued(const struct err *fail, void *arg)
{
	struct mirror_job *j = arg;

	if (verify_closed(j))
		return;
	if (fail != NULL)
		log_error("mirror verify project=%" PRId64 " err=%s",
		    j->project.id, log_val(fail->msg));
	checks_release(&j->verify->checks);
	j->at++;
	verify_next(j);
}

/* Jobs of no pull request. */
static int
verify_queue_job(struct txn *t, void *arg, struct err *e)
{
	struct mirror_job *j = arg;
	struct mirror_verify *v = j->verify;
	const char *sha = j->items[j->at].target;
	const char *branch = refname_branch(j->items[j->at].ref);
	struct identity ci;

	/* The agent's own checks are not run for it. */
	if (branch == NULL || push_policy_is_agent_branch(branch))
		return 0;
	svc_identity_of(j->m->spec.svc->ci_id, "ci", USER_CI, &ci);
	for (size_t i = 0; i < v->checks.n; i++) {
		const struct svc_ci_new n = { .project_id = j->project.id,
			.sha = sha,
			.base_sha = sha,
			.check = &v->checks.v[i] };
		bool created = false;

		if (svc_ci_insert(t, &ci, j->now, &n, &created, e) == -1)
			return -1;
		v->queued += created;
	}
	return 0;
}

static void
verify_on_checks(const struct git_result *r, void *arg)
{
	struct mirror_job *j = arg;
	struct svc_checks_state state = { .state = MERGE_CHECKS_WRONG };

	if (r->fail == NULL)
		svc_checks_take(j->m->spec.svc, r, &j->verify->checks, &state);
	if (state.state != MERGE_CHECKS_OK) {
		j->at++;
		verify_next(j);
		return;
	}
	verify_entry(j, &j->items[j->at]);
	j->writing = true;
	db_write(j->m->spec.db, verify_queue_job, verify_on_queued, j);
}

static void
verify_next(struct mirror_job *j)
{
	for (; j->at < j->n; j->at++) {
		const struct mirror_item *x = &j->items[j->at];

		if (x->step.action != MIRROR_MERGE || x->failed ||
		    x->target[0] == '\0' || j->verify->n >= VERIFY_MAX)
			continue;
		svc_checks_ask(j->m->spec.svc, j->project.id, x->target,
		    verify_on_checks, j);
		return;
	}
	verify_end(j);
}

void
mirror_job_verify(struct mirror_job *j)
{
	const char *before = svc_text(j->unverified_before);
	struct err ignored = ERR_INIT;
	bool merged = false;
	struct json *list;

	for (size_t i = 0; i < j->n; i++)
		merged = merged || j->items[i].step.action == MIRROR_MERGE;
	if (!merged && (before[0] == '\0' || strcmp(before, "[]") == 0)) {
		mirror_job_done(j);
		return;
	}
	j->verify = xcalloc(1, sizeof(*j->verify));
	jw_init(&j->verify->w, &j->verify->text);
	jw_array(&j->verify->w, NULL);
	list = json_parse(
	    view_of(before[0] != '\0' ? before : "[]"), 0, &ignored);
	verify_carry(j, list);
	json_free(list);
	j->at = 0;
	verify_next(j);
}
