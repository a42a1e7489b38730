/* exchange_budget: what a request may cost at most, and whether there is that
 * much left: it is reserved, refused, or held while its run is frozen. */
#include <inttypes.h>
#include <stdlib.h>

#include "agentd/gateway/exchange_priv.h"
#include "agentd/gateway/grants.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"

enum {
	EXCHANGE_TOOL_TOKENS = 1000 /* what a provider adds for tools */
};

static void
exchange_no_budget(struct exchange *x, const struct ledger_no *no)
{
	if (no->later)
		exchange_end(x, REFUSE_LATER,
		    "the budget of this %s is reserved by requests that are "
		    "under way",
		    ledger_scope_name(no->scope));
	else {
		grants_set_out(x->g->grants, x->grant);
		exchange_end(x, REFUSE_BUDGET,
		    "the budget of this %s is used up: %" PRId64 ".%02" PRId64
		    " of %" PRId64 ".%02" PRId64
		    " dollars are spent, and this request may cost %" PRId64
		    ".%02" PRId64 "; a maintainer can raise it",
		    ledger_scope_name(no->scope), no->at.spent / 1000000,
		    no->at.spent % 1000000 / 10000, no->at.limit / 1000000,
		    no->at.limit % 1000000 / 10000, x->reserved / 1000000,
		    x->reserved % 1000000 / 10000);
	}
}

static void
exchange_on_held(void *arg)
{
	struct exchange *x = arg;

	timer_free(x->held);
	x->held = NULL;
	exchange_end(x, REFUSE_FROZEN, "this run is frozen by a maintainer");
}

static void
exchange_hold(struct exchange *x)
{
	if (x->g->cfg->freeze_hold_ms == 0) {
		exchange_end(
		    x, REFUSE_FROZEN, "this run is frozen by a maintainer");
		return;
	}
	x->held = timer_new(x->g->loop, exchange_on_held, x);
	timer_set(x->held, x->g->cfg->freeze_hold_ms);
	log_info("gateway hold exchange=%llu run=%llu project=%llu",
	    (unsigned long long)x->id, (unsigned long long)x->who.run,
	    (unsigned long long)x->who.project);
}

/* A run with nothing left stops here and goes on when it is thawed.  It is kept
 * which limit that was, so that more can be asked for. */
static bool
exchange_freeze(struct exchange *x, const struct ledger_no *no)
{
	struct err e = ERR_INIT;

	if (!x->g->cfg->freeze_at_limit || no->later || x->who.run == 0 ||
	    ledger_freeze_at(x->g->ledger, &x->who, no->scope, no->at.limit,
		clock_now_ms(), &e) == -1)
		return false;
	log_warn("gateway freeze run=%llu scope=%s",
	    (unsigned long long)x->who.run, ledger_scope_name(no->scope));
	gateway_journal_moved(x->g);
	return true;
}

void
exchange_admit(struct exchange *x)
{
	const struct grant *t = grants_by_id(x->g->grants, x->grant);
	struct ledger_ask ask = { .micros = x->reserved,
		.now = clock_now_ms() };
	struct err e = ERR_INIT;
	struct ledger_no no;

	if (t == NULL) {
		exchange_end(x, REFUSE_NO_TOKEN, "the token has ended");
		return;
	}
	ask.who = x->who;
	ask.run_limit = t->budget;
	if (ledger_reserve(x->g->ledger, &ask, &x->seq, &no, &e) == 0) {
		gateway_journal_moved(x->g);
		FAIL_POINT(gateway_reserve);
		exchange_with_key(x);
	} else if (e.code != ERR_DENIED) {
		log_error("gateway reserve err=%s", log_val(e.msg));
		exchange_end(
		    x, REFUSE_BUSY, "the gateway cannot count any more");
	} else if (no.frozen || exchange_freeze(x, &no)) {
		exchange_hold(x);
	} else {
		exchange_no_budget(x, &no);
	}
}

int
exchange_estimate(struct exchange *x, struct err *e)
{
	struct price *p = &x->price;
	struct tokens *t = &x->most;
	int64_t in;

	if (!x->route->priced || provider_is_free(x->provider))
		return 0;
	if (!prices_find(x->g->prices, x->ask.model, p) &&
	    x->g->cfg->deny_unknown)
		return err_set(e, ERR_DENIED,
		    "model %s is not in the table of prices", x->ask.model);
	in = (int64_t)(x->length / EXCHANGE_BYTES_PER_TOKEN) + 1 +
	    (x->ask.tools ? EXCHANGE_TOOL_TOKENS : 0);
	if (x->ask.whole || in > p->context)
		in = p->context;
	if (p->cache_write <= p->input)
		t->input = in;
	else if (x->ask.long_cache)
		t->cache_long = in;
	else
		t->cache_write = in;
	t->output = x->ask.max_output > 0 ? x->ask.max_output : p->max_output;
	if (t->output > PRICE_TOKENS_MAX / x->ask.answers)
		t->output = PRICE_TOKENS_MAX;
	else
		t->output *= x->ask.answers;
	x->reserved = price_of(p, t);
	return 0;
}

void
exchanges_retry(struct gateway *g)
{
	struct exchange *x, *next;

	LIST_FOREACH_SAFE(x, &g->exchanges, entry, next) {
		if (x->held == NULL)
			continue;
		timer_free(x->held);
		x->held = NULL;
		exchange_admit(x);
	}
}
