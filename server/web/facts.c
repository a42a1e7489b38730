#include "server/web/facts.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/service/svc_use.h"
#include "server/store/net_rules.h"
#include "server/store/verdicts.h"
#include "server/web/web.h"

void
facts_load(struct web *w, const struct project *p, struct facts *out)
{
	struct net_bounds bounds = { .lockdown = false };
	struct project_facts_ask ask = { .project_id = p->id,
		.now = w->now,
		.since = w->now - FACTS_DAY_MS,
		.reviewer = w->who->user_id };
	struct err e = ERR_INIT;

	if (p->settings.approvals > 0 && web_may(w, p->id, PERM_WRITE))
		ask.approvals = p->settings.approvals;
	*out = (struct facts){ .lockdown = false };
	out->unknown = project_facts_get(w->t, &ask, &out->n, &e) == -1;
	if (out->unknown ||
	    verdicts_get(w->t, p->id, &out->verdict, &e) == -1 ||
	    net_bounds_get(w->t, p->id, &bounds, &e) == -1)
		log_error("web facts project=%" PRId64 " reason=%s", p->id,
		    log_val(e.msg));
	out->use = svc_use_get(w->svc->uses, p->id, w->now);
	out->lockdown = bounds.lockdown;
}

void
facts_release(struct facts *f)
{
	verdict_release(&f->verdict);
}

void
facts_number(struct web *w, const struct facts *f, int64_t n)
{
	if (f->unknown)
		HTML_LEAF(&w->h, "span", "none", "not counted");
	else
		html_textf(&w->h, "%" PRId64, n);
}

void
facts_money(struct web *w, const struct facts *f)
{
	if (f->unknown)
		HTML_LEAF(&w->h, "span", "none", "not counted");
	else
		web_money(w, f->n.spent);
}

static const char *
facts_sandbox_kind(enum sandbox_status s)
{
	switch (s) {
	case SANDBOX_RUNNING:
		return "good";
	case SANDBOX_FAILED:
		return "bad";
	case SANDBOX_STARTING:
	case SANDBOX_STOPPING:
	case SANDBOX_PAUSED:
		return "wait";
	case SANDBOX_ABSENT:
	case SANDBOX_STOPPED:
	default:
		return "off";
	}
}

void
facts_sandbox(struct web *w, const struct project *p)
{
	if (p->state == PROJECT_DELETING)
		web_badge(w, "wait", "deleting");
	else
		web_badge(w, facts_sandbox_kind(p->sandbox.state),
		    sandbox_status_name(p->sandbox.state));
}

void
facts_mode(struct web *w, const struct project *p, const struct facts *f)
{
	if (f->lockdown)
		web_badge(w, "bad", "lockdown");
	else
		HTML_LEAF(
		    &w->h, "span", "mode", network_name(p->settings.network));
}

static void
facts_meter(struct web *w, const char *name, int64_t n, int64_t max)
{
	char text[24];

	if (max <= 0)
		return;
	HTML_TAG(&w->h, "meter");
	HTML_ATTR(&w->h, "aria-label", name);
	HTML_ATTR(&w->h, "min", "0");
	(void)snprintf(text, sizeof(text), "%" PRId64, max);
	HTML_ATTR(&w->h, "max", text);
	(void)snprintf(text, sizeof(text), "%" PRId64, max / 100 * 85);
	HTML_ATTR(&w->h, "high", text);
	(void)snprintf(text, sizeof(text), "%" PRId64, n);
	HTML_ATTR(&w->h, "value", text);
	html_end(&w->h);
}

void
facts_use(struct web *w, const struct facts *f)
{
	const struct svc_use *u = f->use;

	if (u == NULL || u->memory < 0) {
		HTML_LEAF(&w->h, "span", "none", "–");
		return;
	}
	HTML_CLASS(&w->h, "span", "use");
	web_bytes(w, u->memory);
	if (u->memory_max > 0) {
		html_text(&w->h, " of ");
		web_bytes(w, u->memory_max);
	}
	facts_meter(w, "memory", u->memory, u->memory_max);
	if (u->cpu >= 0)
		html_textf(&w->h, "%.2f CPU", (double)u->cpu / 1000);
	html_end(&w->h);
}

static const char *
facts_verdict_kind(const struct verdict *v, bool stale)
{
	if (v->result == VERDICT_FAIL)
		return "bad";
	return stale || v->result != VERDICT_PASS ? "wait" : "good";
}

/* What did not pass is never shown as if it had. */
void
facts_verdict(struct web *w, const struct project *p, const struct facts *f)
{
	const struct verdict *v = &f->verdict;
	bool stale = verdict_is_stale(v, p, f->lockdown);

	if (v->at == 0) {
		HTML_LEAF(&w->h, "span", "none", "not proved");
		return;
	}
	HTML_CLASS(&w->h, "span", "verdict");
	web_badge(w, facts_verdict_kind(v, stale),
	    stale ? "stale" : verdict_result_name(v->result));
	HTML_CLASS(&w->h, "span", "sub");
	if (stale && v->result != VERDICT_PASS)
		html_textf(&w->h, "was %s · ", verdict_result_name(v->result));
	if (v->failed > 0)
		html_textf(&w->h, "%" PRId64 " failed · ", v->failed);
	web_time(w, v->at);
	html_end(&w->h);
	html_end(&w->h);
}

void
facts_asked(struct web *w, const struct project *p, const struct facts *f)
{
	if (f->n.asked > 0) {
		HTML_TAG(&w->h, "a");
		HTML_ATTR(&w->h, "class", "badge");
		HTML_ATTR(&w->h, "data-kind", "ask");
		HTML_URL(&w->h, "href", "/-/approvals?owner=%s&name=%s",
		    p->owner, p->name);
		html_textf(&w->h, "%" PRId64 " to approve", f->n.asked);
		html_end(&w->h);
	}
	if (f->n.reviews > 0) {
		HTML_TAG(&w->h, "a");
		HTML_ATTR(&w->h, "class", "badge");
		HTML_ATTR(&w->h, "data-kind", "ask");
		HTML_URL(&w->h, "href", "/%s/%s/pulls", p->owner, p->name);
		html_textf(&w->h, "%" PRId64 " to review", f->n.reviews);
		html_end(&w->h);
	}
}
