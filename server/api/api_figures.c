#include "server/api/api_figures.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/prom.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/service/svc_figure.h"

static int64_t
api_figures_number(const struct json *j, const char *name)
{
	int64_t n = json_i64_or(j, name, 0);

	return n > 0 ? n : 0;
}

static void
api_figures_words(const struct json *j, struct svc_figure_words *out)
{
	const struct json *m = json_is_object(j) ? json_first(j) : NULL;

	for (; m != NULL && out->n < FIGURE_WORDS; m = json_next(m)) {
		const char *word = json_key(m);
		size_t len = strlen(word);

		if (len == 0 || len > FIGURE_WORD_MAX ||
		    strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") !=
			len)
			continue;
		memcpy(out->at[out->n].word, word, len + 1);
		out->at[out->n++].n = api_figures_number(j, word);
	}
}

static void
api_figures_version(
    const struct json *j, const char *name, char out[FIGURE_WORD_MAX + 1])
{
	const char *text = json_str_or(j, name, "");

	if (strlen(text) <= FIGURE_WORD_MAX)
		memcpy(out, text, strlen(text) + 1);
}

void
api_figures_read(const struct json *j, struct svc_figures *out)
{
	const struct json *router = json_get(j, "router");
	const struct json *gateway = json_get(j, "gateway");

	*out = (struct svc_figures){ .router = router != NULL,
		.gateway = gateway != NULL,
		.runs_active = api_figures_number(j, "runs_active"),
		.runs_waiting = api_figures_number(j, "runs_waiting"),
		.up = api_figures_number(router, "up"),
		.down = api_figures_number(router, "down"),
		.tokens = api_figures_number(gateway, "tokens"),
		.exchanges = api_figures_number(gateway, "exchanges"),
		.ms = api_figures_number(gateway, "ms"),
		.own_ms = api_figures_number(gateway, "own_ms"),
		.micros = api_figures_number(gateway, "micros") };
	api_figures_version(j, "router_version", out->router_version);
	api_figures_version(j, "gateway_version", out->gateway_version);
	api_figures_words(json_get(router, "verdicts"), &out->verdicts);
	api_figures_words(json_get(gateway, "results"), &out->results);
}

static void
api_figures_one(struct str *out, const char *name, const char *type,
    const char *help, int64_t n)
{
	prom_head(out, name, type, help);
	prom_i64(out, name, NULL, n);
}

static void
api_figures_counts(struct str *out, const char *name, const char *help,
    const char *label, const struct svc_figure_words *w)
{
	prom_head(out, name, "counter", help);
	for (size_t i = 0; i < w->n; i++)
		prom_i64(
		    out, name, PROM_LABELS(label, w->at[i].word), w->at[i].n);
}

static void
api_figures_gateway(const struct svc_figures *f, bool up, struct str *out)
{
	api_figures_one(out, "coffer_gateway_up", "gauge",
	    "1: the model gateway answers agentd", up && f->gateway);
	api_figures_one(out, "coffer_gateway_tokens", "gauge",
	    "tokens of runs and sessions that are good", f->tokens);
	api_figures_one(out, "coffer_gateway_exchanges_open", "gauge",
	    "requests to models under way", f->exchanges);
	api_figures_counts(out, "coffer_gateway_exchanges_total",
	    "requests to models that ended, by how", "result", &f->results);
	prom_head(out, "coffer_gateway_seconds_total", "counter",
	    "time of requests to models, from head to end");
	prom_milli(out, "coffer_gateway_seconds_total", NULL, f->ms);
	prom_head(out, "coffer_gateway_own_seconds_total", "counter",
	    "of it before the provider was asked");
	prom_milli(out, "coffer_gateway_own_seconds_total", NULL, f->own_ms);
	api_figures_one(out, "coffer_gateway_cost_microdollars_total",
	    "counter", "what they cost", f->micros);
}

void
api_figures_metrics(const struct svc_figures *f, bool up, struct str *out)
{
	static const char runs[] = "coffer_agentd_runs";
	static const char bytes[] = "coffer_router_bytes_total";

	api_figures_one(out, "coffer_agentd_up", "gauge",
	    "1: agentd was heard of in the last ten seconds", up);
	prom_head(out, runs, "gauge", "runs that agentd has, by state");
	prom_i64(out, runs, PROM_LABELS("state", "active"), f->runs_active);
	prom_i64(out, runs, PROM_LABELS("state", "waiting"), f->runs_waiting);
	api_figures_one(out, "coffer_router_up", "gauge",
	    "1: the router answers agentd", up && f->router);
	api_figures_counts(out, "coffer_router_verdicts_total",
	    "names and connections of sandboxes, by what became of them",
	    "verdict", &f->verdicts);
	prom_head(out, bytes, "counter", "of connections through the proxy");
	prom_i64(out, bytes, PROM_LABELS("direction", "up"), f->up);
	prom_i64(out, bytes, PROM_LABELS("direction", "down"), f->down);
	api_figures_gateway(f, up, out);
}
