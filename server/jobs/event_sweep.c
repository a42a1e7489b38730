#include "server/jobs/event_sweep.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "server/service/svc.h"
#include "server/service/svc_audit.h"
#include "server/store/event_ages.h"

enum {
	EVENT_SWEEP_EVERY_MS = 3600 * 1000,
	EVENT_SWEEP_PAUSE_MS = 50, /* between two transactions */
	EVENT_SWEEP_AT_ONCE = 1000,
	EVENT_SWEEP_LEAST_MS = 1000
};

/* A cursor that did not move for so long belongs to nobody. */
#define EVENT_SWEEP_CURSOR_MS (INT64_C(30) * 24 * 3600 * 1000)

struct event_sweep {
	struct svc *svc;
	int64_t keep_ms;
	struct timer *timer;
	int64_t n, all; /* of one transaction, of one time through */
	bool more;
};

static int
event_sweep_job(struct txn *t, void *arg, struct err *e)
{
	struct event_sweep *a = arg;
	int64_t now = a->svc->now();
	const struct event_age age = { .until = now - a->keep_ms,
		.agentd_id = a->svc->agentd_id,
		.cursors_from = now - EVENT_SWEEP_CURSOR_MS,
		.max = EVENT_SWEEP_AT_ONCE };

	return eventages_prune(t, &age, &a->n, &a->more, e);
}

static void
event_sweep_note(const struct event_sweep *a)
{
	static const struct identity nobody = { .kind = IDENTITY_NONE };
	char text[80];

	(void)snprintf(text, sizeof(text),
	    "{\"rows\":%" PRId64 ",\"keep_events_ms\":%" PRId64 "}", a->all,
	    a->keep_ms);
	svc_audit_note(a->svc, &nobody,
	    &(struct svc_audit_note){
		.what = "events.pruned", .subject = "", .details = text });
	log_info("event sweep rows=%" PRId64, a->all);
}

static void
event_sweep_done(const struct err *fail, void *arg)
{
	struct event_sweep *a = arg;
	int64_t every = a->keep_ms < EVENT_SWEEP_EVERY_MS
	    ? a->keep_ms
	    : EVENT_SWEEP_EVERY_MS;

	if (fail != NULL)
		log_warn("event sweep reason=%s", log_val(fail->msg));
	else
		a->all += a->n;
	if (fail == NULL && a->more) {
		timer_set(a->timer, EVENT_SWEEP_PAUSE_MS);
		return;
	}
	if (a->all > 0)
		event_sweep_note(a);
	a->all = 0;
	timer_set(a->timer,
	    every < EVENT_SWEEP_LEAST_MS ? EVENT_SWEEP_LEAST_MS : every);
}

static void
event_sweep_turn(void *arg)
{
	struct event_sweep *a = arg;

	a->n = 0;
	a->more = false;
	db_write(a->svc->db, event_sweep_job, event_sweep_done, a);
}

struct event_sweep *
event_sweep_new(struct svc *s, int64_t keep_ms)
{
	struct event_sweep *a = xcalloc(1, sizeof(*a));

	a->svc = s;
	a->keep_ms = keep_ms;
	a->timer = timer_new(s->loop, event_sweep_turn, a);
	timer_set(a->timer, EVENT_SWEEP_LEAST_MS);
	return a;
}

void
event_sweep_free(struct event_sweep *a)
{
	if (a == NULL)
		return;
	timer_free(a->timer);
	free(a);
}
