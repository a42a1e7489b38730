#include "server/jobs/approval_sweep.h"

#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/io/timer.h"
#include "server/service/svc.h"
#include "server/service/svc_approval.h"

enum {
	APPROVAL_SWEEP_EVERY_MS = 5000
};

struct approval_sweep {
	struct svc *svc;
	struct timer *timer;
};

static void
approval_sweep_turn(void *arg)
{
	struct approval_sweep *a = arg;

	timer_set(a->timer, APPROVAL_SWEEP_EVERY_MS);
	svc_approval_expire(a->svc);
}

struct approval_sweep *
approval_sweep_new(struct svc *s)
{
	struct approval_sweep *a = xcalloc(1, sizeof(*a));

	a->svc = s;
	a->timer = timer_new(s->loop, approval_sweep_turn, a);
	timer_set(a->timer, APPROVAL_SWEEP_EVERY_MS);
	return a;
}

void
approval_sweep_free(struct approval_sweep *a)
{
	if (a == NULL)
		return;
	timer_free(a->timer);
	free(a);
}
