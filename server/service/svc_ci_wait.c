#include "server/service/svc_ci_wait.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "server/domain/runner.h"
#include "server/service/svc_ci_rows.h"
#include "server/store/jobs.h"
#include "server/store/jobs_wait.h"
#include "server/store/runners.h"

enum {
	SVC_CI_WAIT_MS = 2000,
	SVC_CI_WAIT_FIRST_MS = 10000
};

struct svc_ci_waits {
	struct svc *s;
	struct timer *timer;
	bool busy;
	bool stopped;
};

struct svc_ci_wait_op {
	struct svc_op op;
	struct svc_ci_waits *w;
};

/* What such a job is to say; false when it says so already. */
static bool
svc_ci_wait_differs(const struct runner_list *runners, int64_t now,
    const struct job_wait *kind, char out[RUNNER_WAIT_MAX])
{
	runner_wait_text(runners, now, kind->labels, kind->network, out);
	if (out[0] != '\0')
		return strcmp(out, kind->why) != 0;
	/* How it came back to the queue may stay. */
	return runner_wait_is_text(kind->why);
}

int
svc_ci_wait_begin(struct txn *t, int64_t now, int64_t id, struct err *e)
{
	struct runner_list runners = { .n = 0 };
	char text[RUNNER_WAIT_MAX];
	struct job_wait kind;
	int rc;

	if (jobs_wait_of(t, id, &kind, e) == -1)
		return -1;
	rc = runners_list(t, &runners, e);
	if (rc == 0 && svc_ci_wait_differs(&runners, now, &kind, text))
		rc = jobs_wait_set(t, id, text, e);
	runner_list_release(&runners);
	job_wait_release(&kind);
	return rc;
}

static int
svc_ci_wait_kind(struct txn *t, const struct svc_ci_wait_op *op,
    const struct job_wait *kind, const char *text, struct err *e)
{
	int64_t ids[JOBS_WAIT_MAX];
	size_t n;

	if (jobs_wait_ids(t, kind, ids, &n, e) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct job j;
		int rc;

		if (jobs_wait_set(t, ids[i], text, e) == -1 ||
		    jobs_get(t, ids[i], &j, e) == -1)
			return -1;
		rc = svc_ci_status(t, &op->op.who, op->op.now, &j, e);
		job_release(&j);
		if (rc == -1)
			return -1;
	}
	return 0;
}

/* t may be the reader's, then only `differs` is found out. */
static int
svc_ci_wait_all(struct txn *t, int64_t now, const struct svc_ci_wait_op *op,
    bool *differs, struct err *e)
{
	struct runner_list runners = { .n = 0 };
	struct job_wait_list kinds;
	char text[RUNNER_WAIT_MAX];
	int rc;

	*differs = false;
	if (jobs_waits(t, &kinds, e) == -1)
		return -1;
	rc = kinds.n > 0 ? runners_list(t, &runners, e) : 0;
	for (size_t i = 0; i < kinds.n && rc == 0; i++) {
		if (!svc_ci_wait_differs(&runners, now, &kinds.at[i], text))
			continue;
		*differs = true;
		if (op != NULL)
			rc = svc_ci_wait_kind(t, op, &kinds.at[i], text, e);
	}
	runner_list_release(&runners);
	job_wait_list_release(&kinds);
	return rc;
}

static int
svc_ci_wait_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_ci_wait_op *op = arg;
	bool ignored;

	return svc_ci_wait_all(t, op->op.now, op, &ignored, e);
}

static void
svc_ci_wait_done(const struct err *fail, void *arg, void *ignored)
{
	struct svc_ci_wait_op *op = arg;
	struct svc_ci_waits *w = op->w;

	(void)ignored;
	w->busy = false;
	if (fail != NULL)
		log_warn("ci wait reason=%s", log_val(fail->msg));
	if (!w->stopped)
		timer_set(w->timer, SVC_CI_WAIT_MS);
}

static void
svc_ci_wait_look(void *arg)
{
	struct svc_ci_waits *w = arg;
	struct svc_ci_wait_op *op;
	struct err e = ERR_INIT;
	struct identity ci;
	bool differs;

	if (w->busy || w->stopped)
		return;
	if (svc_ci_wait_all(
		db_reader(w->s->db), w->s->now(), NULL, &differs, &e) == -1)
		log_warn("ci wait reason=%s", log_val(e.msg));
	if (!differs) {
		timer_set(w->timer, SVC_CI_WAIT_MS);
		return;
	}
	svc_identity_of(w->s->ci_id, "ci", USER_CI, &ci);
	op = svc_op_new(w->s, sizeof(*op), &ci, NULL);
	op->w = w;
	w->busy = true;
	svc_op_run(op, svc_ci_wait_job, svc_ci_wait_done, NULL);
}

struct svc_ci_waits *
svc_ci_waits_new(struct svc *s)
{
	struct svc_ci_waits *w = xcalloc(1, sizeof(*w));

	w->s = s;
	w->timer = timer_new(s->loop, svc_ci_wait_look, w);
	return w;
}

/* Not at once: who waits for a job asks again after a start. */
void
svc_ci_waits_start(struct svc_ci_waits *w)
{
	timer_set(w->timer, SVC_CI_WAIT_FIRST_MS);
}

void
svc_ci_waits_stop(struct svc_ci_waits *w)
{
	w->stopped = true;
	timer_cancel(w->timer);
}

void
svc_ci_waits_free(struct svc_ci_waits *w)
{
	timer_free(w->timer);
	free(w);
}
