#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "router/proxy_priv.h"
#include "router/upload.h"

enum {
	PROXY_ALARM_MS = 60 * 1000
};

static enum egress_verdict
proxy_verdict(enum egress_answer a)
{
	switch (a) {
	case EGRESS_NO_MODE:
		return EGRESS_MODE;
	case EGRESS_NO_DENIED:
		return EGRESS_DENIED;
	case EGRESS_NO_LISTED:
	case EGRESS_YES: /* but not this port */
		return EGRESS_UNLISTED;
	}
	return EGRESS_UNLISTED;
}

void
proxy_judge(struct proxy *p, const struct proxy_ask *ask, struct view name,
    struct proxy_name *out)
{
	const struct client *c = clients_find(p->clients, ask->id);
	int64_t wall = clock_forward_ms();
	struct egress_decision d;
	struct err e = ERR_INIT;

	*out = (struct proxy_name){ .verdict = EGRESS_MODE };
	if (c == NULL)
		return;
	out->verdict = EGRESS_NO_NAME;
	if (egress_name_parse(name, out->name, &e) == -1)
		return;
	(void)egress_decide(c->policy, out->name, wall, &d);
	(void)snprintf(out->rule, sizeof(out->rule), "%s", d.rule);
	if (!egress_decide_port(c->policy, out->name, ask->port, wall))
		out->verdict = proxy_verdict(d.answer);
	else if (clients_is_closed(p->clients, ask->addr))
		out->verdict = EGRESS_NEVER;
	else if (c->mode == POLICY_LOCKED &&
	    !pins_has(p->pins, ask->id, out->name, ask->addr, ask->port,
		clock_mono_ms()))
		out->verdict = EGRESS_MISMATCH;
	else if (!upload_left(proxy_project(p, ask->id)->upload, out->name,
		     egress_policy_spec(c->policy)->upload_max, wall))
		out->verdict = EGRESS_UPLOAD;
	else
		out->verdict = EGRESS_PASSED;
}

bool
proxy_may_go_on(struct proxy *p, const struct proxy_ask *ask, const char *name)
{
	const struct client *c = clients_find(p->clients, ask->id);

	return c != NULL &&
	    egress_decide_port(
		c->policy, name, ask->port, clock_forward_ms()) &&
	    !clients_is_closed(p->clients, ask->addr);
}

bool
proxy_spend(struct proxy *p, uint32_t id, const char *name, size_t n)
{
	const struct client *c = clients_find(p->clients, id);
	struct proxy_project *q = proxy_project(p, id);
	int64_t now = clock_forward_ms();

	if (c == NULL)
		return false;
	proxy_book_due(p);
	if (upload_take(q->upload, name, n,
		egress_policy_spec(c->policy)->upload_max, now))
		return true;
	/* One a minute says as much as each. */
	if (now - q->alarm_ms >= PROXY_ALARM_MS) {
		q->alarm_ms = now;
		log_warn("proxy alarm project=%u upload-used-up name=%s", id,
		    log_val(name));
	}
	return false;
}
