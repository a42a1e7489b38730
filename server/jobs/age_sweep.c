#include "server/jobs/age_sweep.h"

#include <stdbool.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"
#include "server/service/svc.h"
#include "server/service/svc_audit.h"
#include "server/service/svc_log.h"
#include "server/service/svc_record.h"
#include "server/store/ages.h"
#include "server/store/db.h"

enum {
	AGE_SLICE = 100,
	AGE_SLICE_PAUSE_MS = 50,
	AGE_EVERY_MS = 60 * 60 * 1000, /* between two times through all */
	AGE_LEAST_MS = 1000
};

struct age_sweep {
	struct age_sweep_spec spec;
	struct timer *timer;
	int64_t every_ms;
	enum age_kind kind;
	int64_t after;
	unsigned logs, records; /* forgotten this time through */
};

/* A slice's logs that went, for their rows. */
struct age_slice {
	enum age_kind kind;
	struct age at[AGE_SLICE];
	size_t n;
};

static bool
age_sweep_is_old(const struct age_sweep *a, const struct age *x, int64_t keep)
{
	return keep > 0 && x->ended_at > 0 &&
	    x->ended_at < a->spec.svc->now() - keep;
}

static int
age_sweep_job(struct txn *t, void *arg, struct err *e)
{
	const struct age_slice *s = arg;

	for (size_t i = 0; i < s->n; i++)
		if (ages_forget_log(t, s->kind, &s->at[i], e) == -1)
			return -1;
	return 0;
}

static void
age_sweep_done(const struct err *fail, void *arg)
{
	if (fail != NULL)
		log_warn("age sweep reason=%s", log_val(fail->msg));
	free(arg);
}

/* The file first: a row without it is looked at again, a file without a row
 * would never be. */
static void
age_sweep_forget(
    struct age_sweep *a, const struct age *x, struct age_slice *slice)
{
	struct svc *s = a->spec.svc;

	if (x->log_bytes > 0 && age_sweep_is_old(a, x, a->spec.logs_ms)) {
		svc_log_remove(
		    s, a->kind == AGE_RUNS ? SVC_LOG_RUN : SVC_LOG_JOB, x->id);
		slice->at[slice->n++] = *x;
		a->logs++;
	}
	if (a->kind == AGE_RUNS && age_sweep_is_old(a, x, a->spec.records_ms) &&
	    svc_record_remove(s, x->id))
		a->records++;
}

/* What was forgotten is nowhere else. */
static void
age_sweep_note(const struct age_sweep *a)
{
	static const struct identity nobody = { .kind = IDENTITY_NONE };
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_u64(&w, "logs", a->logs);
	jw_u64(&w, "records", a->records);
	jw_i64(&w, "keep_logs_ms", a->spec.logs_ms);
	jw_i64(&w, "keep_records_ms", a->spec.records_ms);
	jw_end(&w);
	svc_audit_note(a->spec.svc, &nobody,
	    &(struct svc_audit_note){ .what = "records.pruned",
		.subject = "",
		.details = str_cstr(&text) });
	log_info("age swept logs=%u records=%u", a->logs, a->records);
}

/* The next kind, or the next time. */
static void
age_sweep_wrap(struct age_sweep *a)
{
	a->after = 0;
	if (a->kind == AGE_RUNS) {
		a->kind = AGE_JOBS;
		timer_set(a->timer, AGE_SLICE_PAUSE_MS);
		return;
	}
	if (a->logs > 0 || a->records > 0)
		age_sweep_note(a);
	a->logs = a->records = 0;
	a->kind = AGE_RUNS;
	timer_set(a->timer, a->every_ms);
}

static void
age_sweep_turn(void *arg)
{
	struct age_sweep *a = arg;
	struct svc *s = a->spec.svc;
	struct age_slice *slice;
	struct age rows[AGE_SLICE];
	struct err e = ERR_INIT;
	size_t n = 0;

	if (ages_list(db_reader(s->db), a->kind, a->after, rows, AGE_SLICE, &n,
		&e) == -1) {
		log_warn("age sweep reason=%s", log_val(e.msg));
		timer_set(a->timer, a->every_ms);
		return;
	}
	if (n == 0) {
		age_sweep_wrap(a);
		return;
	}
	slice = xcalloc(1, sizeof(*slice));
	slice->kind = a->kind;
	for (size_t i = 0; i < n; i++)
		age_sweep_forget(a, &rows[i], slice);
	a->after = rows[n - 1].id;
	if (slice->n > 0)
		db_write(s->db, age_sweep_job, age_sweep_done, slice);
	else
		free(slice);
	timer_set(a->timer, AGE_SLICE_PAUSE_MS);
}

static int64_t
age_sweep_every(const struct age_sweep_spec *spec)
{
	int64_t every = AGE_EVERY_MS;

	if (spec->logs_ms > 0 && spec->logs_ms < every)
		every = spec->logs_ms;
	if (spec->records_ms > 0 && spec->records_ms < every)
		every = spec->records_ms;
	return every < AGE_LEAST_MS ? AGE_LEAST_MS : every;
}

struct age_sweep *
age_sweep_new(const struct age_sweep_spec *spec)
{
	struct age_sweep *a;

	if (spec->logs_ms == 0 && spec->records_ms == 0)
		return NULL;
	a = xcalloc(1, sizeof(*a));
	a->spec = *spec;
	a->every_ms = age_sweep_every(spec);
	a->timer = timer_new(spec->svc->loop, age_sweep_turn, a);
	timer_set(a->timer, AGE_LEAST_MS);
	return a;
}

void
age_sweep_free(struct age_sweep *a)
{
	if (a == NULL)
		return;
	timer_free(a->timer);
	free(a);
}
