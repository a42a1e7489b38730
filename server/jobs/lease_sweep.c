#include "server/jobs/lease_sweep.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "server/service/svc.h"
#include "server/service/svc_lease.h"
#include "server/store/leases.h"

enum {
	LEASE_SWEEP_EVERY_MS = 2000,
	LEASE_SWEEP_MAX = 64, /* at a time */
	LEASE_SWEEP_WAIT_S = 60
};

struct lease_over {
	int64_t project_id;
	int64_t since; /* mono ms */
};

struct lease_sweep {
	struct svc *svc;
	struct timer *timer;
	struct lease_over over[LEASE_SWEEP_MAX]; /* at the last turn */
	size_t n;
};

static int64_t
lease_sweep_since(const struct lease_sweep *l, int64_t project_id, int64_t now)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->over[i].project_id == project_id)
			return l->over[i].since;
	return now;
}

static void
lease_sweep_turn(void *arg)
{
	struct lease_sweep *l = arg;
	struct lease rows[LEASE_SWEEP_MAX];
	struct lease_over next[LEASE_SWEEP_MAX];
	int64_t mono = clock_mono_ms();
	struct err e = ERR_INIT;
	size_t n = 0;

	timer_set(l->timer, LEASE_SWEEP_EVERY_MS);
	if (leases_over(db_reader(l->svc->db), l->svc->now(), rows,
		LEASE_SWEEP_MAX, &n, &e) == -1) {
		log_warn("lease sweep reason=%s", log_val(e.msg));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		int64_t wait = rows[i].seconds < LEASE_SWEEP_WAIT_S
		    ? rows[i].seconds
		    : LEASE_SWEEP_WAIT_S;

		next[i] = (struct lease_over){ .project_id = rows[i].project_id,
			.since = lease_sweep_since(
			    l, rows[i].project_id, mono) };
		if (mono - next[i].since >= wait * 1000)
			svc_lease_end(l->svc, rows[i].project_id);
	}
	memcpy(l->over, next, n * sizeof(*next));
	l->n = n;
}

struct lease_sweep *
lease_sweep_new(struct svc *s)
{
	struct lease_sweep *l = xcalloc(1, sizeof(*l));

	l->svc = s;
	l->timer = timer_new(s->loop, lease_sweep_turn, l);
	timer_set(l->timer, LEASE_SWEEP_EVERY_MS);
	return l;
}

void
lease_sweep_free(struct lease_sweep *l)
{
	if (l == NULL)
		return;
	timer_free(l->timer);
	free(l);
}
