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
	int64_t run, limit, spent; /* that is asked now */
	int64_t last;              /* that was asked before it */
};

/* Twice the limit that it reached: the same however often it is said. */
static void
budgets_on_answer(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct budgets *b = arg;

	(void)status;
	b->busy = false;
	if (fail != NULL) {
		log_warn("budget ask run=%lld why=%s", (long long)b->run,
		    log_val(fail->msg));
		return;
	}
	if (strcmp(json_str_or(j, "state", ""), "allowed") == 0 &&
	    b->limit <= INT64_MAX / 2)
		modelgate_raise(b->s.models, b->run, 2 * b->limit);
}

static void
budgets_ask(struct budgets *b)
{
	AUTO_STR struct str body = STR_INIT, why = STR_INIT, limit = STR_INIT;
	struct jw w;

	str_addf(&limit, "%" PRId64, b->limit);
	str_addf(&why,
	    "it has spent %" PRId64 ".%02" PRId64 " of %" PRId64 ".%02" PRId64
	    " dollars and the next request may cost more than the rest",
	    b->spent / 1000000, b->spent % 1000000 / 10000, b->limit / 1000000,
	    b->limit % 1000000 / 10000);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_i64(&w, "run", b->run);
	jw_str(&w, "kind", "budget");
	jw_str(&w, "subject", str_cstr(&limit));
	jw_str(&w, "reason", str_cstr(&why));
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
	bool behind = run > b->last, best = b->run > b->last;

	return b->run == 0 || (behind == best ? run < b->run : behind);
}

/* One of them at a time, the others in the next turns. */
static void
budgets_on_waiting(int64_t run, int64_t limit, int64_t spent, void *arg)
{
	struct budgets *b = arg;

	if (run > 0 && limit > 0 && budgets_is_sooner(b, run)) {
		b->run = run;
		b->limit = limit;
		b->spent = spent;
	}
	if (run != 0 || b->run == 0)
		return;
	b->last = b->run;
	budgets_ask(b);
}

static void
budgets_on_timer(void *arg)
{
	struct budgets *b = arg;

	timer_set(b->timer, BUDGETS_EVERY_MS);
	if (b->busy || b->s.idle(b->s.arg))
		return;
	b->run = 0;
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
