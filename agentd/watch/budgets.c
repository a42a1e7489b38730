#include "agentd/watch/budgets.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/model/modelgate.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/net/apiclient.h"
#include "lib/wire/json.h"

enum {
	BUDGETS_EVERY_MS = 3000
};

struct budgets {
	struct budgets_spec s;
	struct timer *timer;
	bool busy;
	struct model_wait now; /* that is asked; run 0: none */
	int64_t last;          /* the run that was asked for before it */
};

/* Twice the limit that it reached: once, however often it is said. */
static void
budgets_on_answer(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct budgets *b = arg;

	(void)status;
	b->busy = false;
	if (fail != NULL) {
		log_warn("budget ask run=%lld why=%s", (long long)b->now.run,
		    log_val(fail->msg));
		return;
	}
	if (strcmp(json_str_or(j, "state", ""), "allowed") == 0 &&
	    b->now.limit <= INT64_MAX / 2)
		modelgate_raise(b->s.models, &b->now, 2 * b->now.limit,
		    json_i64_or(j, "id", 0));
}

static void
budgets_ask(struct budgets *b)
{
	AUTO_STR struct str body = STR_INIT, why = STR_INIT, limit = STR_INIT;
	const struct model_wait *m = &b->now;
	const bool own = strcmp(m->scope, "run") == 0;
	struct jw w;

	str_addf(&limit, "%s%s%" PRId64, own ? "" : m->scope, own ? "" : " ",
	    m->limit);
	str_addf(&why,
	    "%" PRId64 ".%02" PRId64 " of %" PRId64 ".%02" PRId64
	    " dollars are spent and the next request may cost more than the "
	    "rest",
	    m->spent / 1000000, m->spent % 1000000 / 10000, m->limit / 1000000,
	    m->limit % 1000000 / 10000);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_i64(&w, "run", m->run);
	jw_str(&w, "kind", "budget");
	jw_str(&w, "subject", str_cstr(&limit));
	jw_str(&w, "reason", str_cstr(&why));
	if (m->yes > 0) /* an answer that was used up is none */
		jw_i64(&w, "after", m->yes);
	jw_end(&w);
	b->busy = true;
	(void)api_start(b->s.api,
	    &(struct api_call){ .method = "POST",
		.path = "/api/coffer/v1/approvals",
		.body = &body,
		.done = budgets_on_answer,
		.arg = b });
}

/* Ids go round: the next one behind the last. */
static bool
budgets_is_sooner(const struct budgets *b, int64_t run)
{
	bool behind = run > b->last, best = b->now.run > b->last;

	return b->now.run == 0 || (behind == best ? run < b->now.run : behind);
}

/* One of them at a time, the others in the next turns. */
static void
budgets_on_waiting(const struct model_wait *m, void *arg)
{
	struct budgets *b = arg;

	if (m != NULL && budgets_is_sooner(b, m->run))
		b->now = *m;
	if (m != NULL || b->now.run == 0)
		return;
	b->last = b->now.run;
	budgets_ask(b);
}

static void
budgets_on_timer(void *arg)
{
	struct budgets *b = arg;

	timer_set(b->timer, BUDGETS_EVERY_MS);
	if (b->busy || b->s.idle(b->s.arg))
		return;
	b->now.run = 0;
	modelgate_waiting(b->s.models, budgets_on_waiting, b);
}

struct budgets *
budgets_new(const struct budgets_spec *spec)
{
	struct budgets *b = xcalloc(1, sizeof(*b));

	b->s = *spec;
	b->timer = timer_new(spec->loop, budgets_on_timer, b);
	timer_set(b->timer, BUDGETS_EVERY_MS);
	return b;
}

void
budgets_free(struct budgets *b)
{
	if (b == NULL)
		return;
	apiclient_forget(b->s.api, b);
	timer_free(b->timer);
	free(b);
}
