/* What the parts of a verdict come to: a reproduction on base and head, the
 * head's tests on the base's code. */
#include "server/service/svc_ci_head.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/domain/bug_rule.h"
#include "server/domain/job_name.h"
#include "server/domain/work.h"
#include "server/service/svc_ci_rows.h"
#include "server/store/check_orders.h"
#include "server/store/jobs.h"

enum {
	SVC_CI_TAIL = 64 << 10 /* of the base's log, looked at */
};

struct svc_ci_whole {
	enum job_state state; /* 0: not yet */
	char why[300];
};

static const struct job *
svc_ci_part_of(
    const struct job_list *l, const struct job_name *like, enum job_side side)
{
	for (size_t i = 0; i < l->n; i++) {
		struct job_name n = job_name_read(l->at[i].name);

		if (n.kind == like->kind && n.comment == like->comment &&
		    n.side == side)
			return &l->at[i];
	}
	return NULL;
}

static void
svc_ci_part_bug(struct svc *s, const struct job_list *l,
    const struct job_name *name, struct svc_ci_whole *out)
{
	static const struct {
		enum job_state state;
		const char *says;
	} rows[] = { [BUG_INVALID] = { JOB_FAILED, "invalid" },
		[BUG_NOT_REPRODUCED] = { JOB_FAILED, "not reproduced" },
		[BUG_NOT_FIXED] = { JOB_FAILED, "reproduced, but not fixed" },
		[BUG_FIXED] = { JOB_PASSED, "reproduced and fixed" } };
	const struct job *base = svc_ci_part_of(l, name, JOB_SIDE_BASE);
	const struct job *head = svc_ci_part_of(l, name, JOB_SIDE_HEAD);
	AUTO_STR struct str tail = STR_INIT;
	enum bug_verdict v;
	const char *why;

	if (base == NULL || head == NULL || !job_state_is_end(base->state) ||
	    !job_state_is_end(head->state))
		return;
	svc_ci_tail(s, base, SVC_CI_TAIL, &tail);
	v = bug_rule_decide(&(struct bug_side){ base->state, base->has_exit,
				base->exit_code, str_view(&tail) },
	    &(struct bug_side){
		head->state, head->has_exit, head->exit_code, VIEW_LIT("") },
	    base->check.test, &why);
	out->state = rows[v].state;
	snprintf(out->why, sizeof(out->why), "%s: %s", rows[v].says, why);
}

static bool
svc_ci_part_shows(const struct job *j)
{
	return j->state == JOB_FAILED &&
	    !(j->has_exit && (j->exit_code == 126 || j->exit_code == 127));
}

static void
svc_ci_part_proof(const struct job_list *l, struct svc_ci_whole *out)
{
	size_t n = 0, shows = 0, passed = 0;
	const char *other = NULL;

	for (size_t i = 0; i < l->n; i++) {
		const struct job *j = &l->at[i];
		struct job_name name = job_name_read(j->name);

		if (name.kind != JOB_KIND_PROOF || name.side != JOB_SIDE_BASE ||
		    j->state == JOB_SUPERSEDED)
			continue;
		if (!job_state_is_end(j->state))
			return;
		n++;
		if (svc_ci_part_shows(j))
			shows++;
		else if (j->state == JOB_PASSED)
			passed++;
		else
			other = job_state_name(j->state);
	}
	if (n == 0)
		return;
	if (shows > 0) {
		out->state = JOB_PASSED;
		snprintf(out->why, sizeof(out->why),
		    "%zu of %zu checks fail on the base with the new tests",
		    shows, n);
	} else if (passed == n) {
		out->state = JOB_FAILED;
		snprintf(out->why, sizeof(out->why),
		    "tests do not show the change: on the base they pass, too");
	} else {
		out->state = JOB_INFRASTRUCTURE_ERROR;
		snprintf(out->why, sizeof(out->why),
		    "cannot be told: on the base %s",
		    other != NULL ? other : "no command was run");
	}
}

/* Was it said before? */
static bool
svc_ci_part_said(
    const struct job_list *l, const char *name, const struct svc_ci_whole *w)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->at[i].name, name) == 0)
			return l->at[i].state == w->state &&
			    strcmp(l->at[i].why, w->why) == 0;
	return false;
}

static int
svc_ci_part_tell(struct txn *t, struct svc *s, int64_t now,
    const struct job *part, struct job_name name, bool again, struct err *e)
{
	struct svc_ci_whole whole = { .state = 0 };
	const struct job_new row = { .project_id = part->project_id,
		.pull = part->pull,
		.sha = part->sha,
		.base_sha = part->base_sha,
		.check = &part->check,
		.now = now };
	struct job_new r = row;
	struct identity ci;
	struct job_list l;
	struct job j = { .id = 0 };
	char text[JOB_NAME_MAX];
	int64_t id;
	int rc = -1;

	if (jobs_of_head(t, part->project_id, part->pull, part->sha, &l, e) ==
	    -1)
		return -1;
	if (name.kind == JOB_KIND_BUG)
		svc_ci_part_bug(s, &l, &name, &whole);
	else
		svc_ci_part_proof(&l, &whole);
	name.side = JOB_SIDE_WHOLE;
	job_name_write(&name, CHECK_NEW_TESTS, text);
	if (again && svc_ci_part_said(&l, text, &whole))
		whole.state = 0;
	job_list_release(&l);
	if (whole.state == 0)
		return 0;
	r.name = text;
	svc_identity_of(s->ci_id, "ci", USER_CI, &ci);
	if (jobs_settle(t, &r, whole.state, whole.why, &id, e) == 0 &&
	    jobs_get(t, id, &j, e) == 0) {
		AUTO_STR struct str tail = STR_INIT;

		str_add(&tail, whole.why);
		rc = svc_ci_verdict(t, s, &ci, now, &j, &tail, e);
	}
	job_release(&j);
	return rc;
}

int
svc_ci_head_part(struct txn *t, struct svc *s, int64_t now,
    const struct job *part, struct err *e)
{
	return svc_ci_part_tell(
	    t, s, now, part, job_name_read(part->name), false, e);
}

int
svc_ci_head_proved(struct txn *t, struct svc *s, int64_t now,
    const struct job *like, struct err *e)
{
	const struct job_name name = { .kind = JOB_KIND_PROOF,
		.side = JOB_SIDE_BASE };

	return svc_ci_part_tell(t, s, now, like, name, true, e);
}
