/* settings: what root has set here, in force now, for cofferd's audit log.  A
 * key is told by the time when its file was written, never by what it is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agentd/gateway/gateway_priv.h"
#include "agentd/gateway/ledger.h"
#include "agentd/gateway/provider.h"
#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	SETTINGS_BUDGETS = 2000, /* that are told */
	SETTINGS_OF_MAX = 100,
	SETTINGS_DATE = 10 /* "2026-01-31" */
};

struct settings {
	struct jw *w;
	int64_t now;
	size_t budgets;
};

static void
settings_open(struct jw *w, const char *of)
{
	jw_object(w, NULL);
	jw_str(w, "of", of);
	jw_object(w, "is");
}

static void
settings_close(struct jw *w)
{
	jw_end(w);
	jw_end(w);
}

/* One that nobody configured and that has no key is no setting. */
static void
settings_provider(const struct provider *p, struct jw *w)
{
	char of[SETTINGS_OF_MAX];

	if (provider_conf_at(p) != 0) {
		(void)snprintf(of, sizeof(of), "provider %s", provider_name(p));
		settings_open(w, of);
		jw_str(w, "kind",
		    provider_kind(p) == PROVIDER_ANTHROPIC ? "anthropic"
							   : "openai");
		jw_str(w, "url", provider_url(p));
		jw_str(w, "key", provider_key_from(p));
		jw_bool(w, "free", provider_is_free(p));
		jw_i64(w, "written_ms", provider_conf_at(p));
		settings_close(w);
	}
	if (provider_key_at(p) != 0) {
		(void)snprintf(of, sizeof(of), "key %s", provider_name(p));
		settings_open(w, of);
		jw_i64(w, "written_ms", provider_key_at(p));
		settings_close(w);
	}
}

static void
settings_defaults(const struct gateway *g, struct jw *w)
{
	const struct gateway_config *c = g->cfg;

	settings_open(w, "defaults");
	for (int s = 0; s < LEDGER_SCOPES; s++)
		jw_i64(w, ledger_scope_name((enum ledger_scope)s),
		    c->limits.of[s]);
	jw_bool(w, "freeze_at_limit", c->freeze_at_limit);
	jw_bool(w, "deny_unknown", c->deny_unknown);
	jw_bool(w, "key_commands", c->key_commands);
	jw_bool(w, "capture", c->capture);
	settings_close(w);
}

static void
settings_prices(const struct gateway *g, struct jw *w)
{
	settings_open(w, "prices");
	jw_str(w, "own_sha256", g->prices_own);
	jw_str(w, "shipped_sha256", g->prices_shipped);
	settings_close(w);
}

static void
settings_budget_name(const struct settings *s, const struct ledger_set *x,
    char of[SETTINGS_OF_MAX])
{
	const bool day = x->scope == LEDGER_DAY ||
	    x->scope == LEDGER_PROJECT_DAY;
	char number[50] = "", at[CLOCK_TEXT_MAX];

	if (x->who.run != 0)
		(void)snprintf(number, sizeof(number), " %" PRIu64, x->who.run);
	else if (x->who.item != 0)
		(void)snprintf(number, sizeof(number), " %" PRIu64 "#%" PRIu64,
		    x->who.project, x->who.item);
	else if (x->who.project != 0)
		(void)snprintf(
		    number, sizeof(number), " %" PRIu64, x->who.project);
	(void)snprintf(of, SETTINGS_OF_MAX, "budget %s%s%s%.*s",
	    ledger_scope_name(x->scope), number, day ? " " : "",
	    day ? SETTINGS_DATE : 0, clock_rfc3339(s->now, at));
}

static void
settings_budget(const struct ledger_set *x, void *arg)
{
	struct settings *s = arg;
	char of[SETTINGS_OF_MAX];

	if (s->budgets++ >= SETTINGS_BUDGETS)
		return;
	settings_budget_name(s, x, of);
	jw_object(s->w, NULL);
	jw_str(s->w, "of", of);
	if (x->who.project != 0)
		jw_u64(s->w, "project", x->who.project);
	jw_object(s->w, "is");
	if (x->limit >= 0)
		jw_i64(s->w, "micros", x->limit);
	jw_bool(s->w, "frozen", x->frozen);
	if (x->yes > 0)
		jw_i64(s->w, "approval", x->yes);
	settings_close(s->w);
}

void
settings_write(struct gateway *g, struct jw *w)
{
	struct settings s = { .w = w, .now = clock_now_ms() };
	struct provider *p = NULL;

	jw_array(w, "settings");
	settings_defaults(g, w);
	settings_prices(g, w);
	while ((p = providers_next(g->providers, p)) != NULL)
		settings_provider(p, w);
	ledger_each_set(g->ledger, s.now, settings_budget, &s);
	jw_end(w);
	jw_bool(w, "more", s.budgets > SETTINGS_BUDGETS);
}
