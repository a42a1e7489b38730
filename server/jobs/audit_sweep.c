#include "server/jobs/audit_sweep.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "server/service/svc.h"
#include "server/store/audit.h"

enum {
	AUDIT_SWEEP_EVERY_MS = 3600 * 1000,
	AUDIT_SWEEP_AT_ONCE = 1000 /* rows of one transaction */
};

struct audit_sweep {
	struct svc *svc;
	int64_t keep_ms;
	struct timer *timer;
	int64_t until, n;
};

static int
audit_sweep_job(struct txn *t, void *arg, struct err *e)
{
	struct audit_sweep *a = arg;

	return audit_prune(t, a->until, AUDIT_SWEEP_AT_ONCE, &a->n, e);
}

static void
audit_sweep_done(const struct err *fail, void *arg)
{
	struct audit_sweep *a = arg;

	if (fail != NULL)
		log_error("audit sweep reason=%s", log_val(fail->msg));
	else if (a->n > 0)
		log_info("audit sweep rows=%" PRId64, a->n);
	timer_set(a->timer,
	    fail == NULL && a->n == AUDIT_SWEEP_AT_ONCE ? 0
							: AUDIT_SWEEP_EVERY_MS);
}

static void
audit_sweep_turn(void *arg)
{
	struct audit_sweep *a = arg;

	a->n = 0;
	a->until = a->svc->now() - a->keep_ms;
	db_write(a->svc->db, audit_sweep_job, audit_sweep_done, a);
}

struct audit_sweep *
audit_sweep_new(struct svc *s, int64_t keep_ms)
{
	struct audit_sweep *a = xcalloc(1, sizeof(*a));

	a->svc = s;
	a->keep_ms = keep_ms;
	a->timer = timer_new(s->loop, audit_sweep_turn, a);
	timer_set(a->timer, 0);
	return a;
}

void
audit_sweep_free(struct audit_sweep *a)
{
	if (a == NULL)
		return;
	timer_free(a->timer);
	free(a);
}
