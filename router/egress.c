#include "router/egress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/domain.h"
#include "lib/base/err.h"
#include "lib/base/map.h"

enum {
	EGRESS_DNS_PORT = 53,
	EGRESS_PORTS_DEFAULT = 2
};

static const uint16_t egress_default_ports[EGRESS_PORTS_DEFAULT] = { 80, 443 };

/* A rule, in a chain of those with the same text. */
struct egress_item {
	struct egress_rule rule;
	struct egress_item *same;
};

struct egress_rules {
	struct egress_item **items;
	size_t n, room;
	struct map *by_text; /* first of the chain */
};

struct egress_policy {
	struct egress_spec spec;
	struct egress_rules lists[EGRESS_LISTS];
};

int
egress_name_parse(struct view text, char out[EGRESS_NAME_MAX], struct err *e)
{
	return domain_parse(text, out, e);
}

const char *
egress_registrable(const char *name)
{
	return domain_registrable(name);
}

int
egress_rule_domain(struct egress_rule *r, struct view text, struct err *e)
{
	return domain_pattern_parse(text, r->domain, &r->below, e);
}

int
egress_rule_port(struct egress_rule *r, int64_t port, struct err *e)
{
	if (port < 1 || port > UINT16_MAX)
		return err_set(e, ERR_INVALID, "a port is 1 to 65535");
	if (port == EGRESS_DNS_PORT)
		return err_set(e, ERR_INVALID,
		    "port 53 is always the router's own resolver");
	for (size_t i = 0; i < r->n_ports; i++) {
		if (r->ports[i] == port)
			return 0;
	}
	if (r->n_ports == EGRESS_PORTS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d ports in a rule",
		    EGRESS_PORTS_MAX);
	r->ports[r->n_ports++] = (uint16_t)port;
	return 0;
}

const char *
egress_rule_text(const struct egress_rule *r, char out[EGRESS_RULE_TEXT_MAX])
{
	return domain_pattern_text(r->domain, r->below, out);
}

const char *
egress_rule_warning(const struct egress_rule *r)
{
	return domain_pattern_warning(r->domain, r->below);
}

struct egress_policy *
egress_policy_new(const struct egress_spec *spec)
{
	struct egress_policy *p = xcalloc(1, sizeof(*p));

	p->spec = *spec;
	for (int i = 0; i < EGRESS_LISTS; i++)
		p->lists[i].by_text = map_new();
	return p;
}

void
egress_policy_free(struct egress_policy *p)
{
	if (p == NULL)
		return;
	for (int i = 0; i < EGRESS_LISTS; i++) {
		for (size_t k = 0; k < p->lists[i].n; k++)
			free(p->lists[i].items[k]);
		free(p->lists[i].items);
		map_free(p->lists[i].by_text);
	}
	free(p);
}

int
egress_policy_add(struct egress_policy *p, enum egress_list list,
    const struct egress_rule *r, struct err *e)
{
	struct egress_rules *l = &p->lists[list];
	char text[EGRESS_RULE_TEXT_MAX];
	struct egress_item *i;

	egress_rule_text(r, text);
	if (l->n == EGRESS_RULES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d rules in a list",
		    EGRESS_RULES_MAX);
	if (list == EGRESS_DENY && r->n_ports > 0)
		return err_set(e, ERR_INVALID,
		    "deny %s: a name is denied on all ports", text);
	if (l->n == l->room) {
		l->room = l->room == 0 ? 8 : l->room * 2;
		l->items = xrealloc(
		    l->items, l->room * sizeof(struct egress_item *));
	}
	i = xcalloc(1, sizeof(*i));
	i->rule = *r;
	i->same = map_put(l->by_text, text, i);
	l->items[l->n++] = i;
	return 0;
}

size_t
egress_policy_count(const struct egress_policy *p, enum egress_list list)
{
	return p->lists[list].n;
}

const struct egress_rule *
egress_policy_rule(
    const struct egress_policy *p, enum egress_list list, size_t i)
{
	return i < p->lists[list].n ? &p->lists[list].items[i]->rule : NULL;
}

const struct egress_spec *
egress_policy_spec(const struct egress_policy *p)
{
	return &p->spec;
}

enum policy_mode
egress_policy_mode(const struct egress_policy *p)
{
	if (p->spec.lockdown && p->spec.mode > POLICY_NONE)
		return POLICY_NONE;
	return p->spec.mode;
}

static bool
egress_is_live(const struct egress_rule *r, int64_t now)
{
	return r->until_ms == 0 || now < r->until_ms;
}

int64_t
egress_policy_next_end(const struct egress_policy *p, int64_t now)
{
	int64_t next = 0;

	for (int l = 0; l < EGRESS_LISTS; l++) {
		for (size_t i = 0; i < p->lists[l].n; i++) {
			int64_t end = p->lists[l].items[i]->rule.until_ms;

			if (end > now && (next == 0 || end < next))
				next = end;
		}
	}
	return next;
}

static const uint16_t *
egress_ports(const struct egress_rule *r, size_t *n)
{
	*n = r->n_ports > 0 ? r->n_ports : EGRESS_PORTS_DEFAULT;
	return r->n_ports > 0 ? r->ports : egress_default_ports;
}

static bool
egress_has_port(const struct egress_rule *r, uint16_t port)
{
	size_t n;
	const uint16_t *ports = egress_ports(r, &n);

	for (size_t i = 0; i < n; i++) {
		if (ports[i] == port)
			return true;
	}
	return false;
}

/* a's ports are all b's. */
static bool
egress_ports_within(const struct egress_rule *a, const struct egress_rule *b)
{
	size_t n;
	const uint16_t *ports = egress_ports(a, &n);

	for (size_t i = 0; i < n; i++) {
		if (!egress_has_port(b, ports[i]))
			return false;
	}
	return true;
}

/* A rule with the same text, as many ports and as late an end is in l. */
static bool
egress_list_covers(const struct egress_rules *l, const struct egress_rule *r)
{
	char text[EGRESS_RULE_TEXT_MAX];
	const struct egress_item *i = map_get(
	    l->by_text, egress_rule_text(r, text));

	for (; i != NULL; i = i->same) {
		bool later = i->rule.until_ms == 0 ||
		    (r->until_ms != 0 && i->rule.until_ms >= r->until_ms);

		if (later && egress_ports_within(r, &i->rule))
			return true;
	}
	return false;
}

static bool
egress_list_within(
    const struct egress_rules *a, const struct egress_rules *b, int64_t now)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct egress_rule *r = &a->items[i]->rule;

		if (egress_is_live(r, now) && !egress_list_covers(b, r))
			return false;
	}
	return true;
}

bool
egress_policy_same(const struct egress_policy *a, const struct egress_policy *b)
{
	if (a->spec.mode != b->spec.mode ||
	    a->spec.lockdown != b->spec.lockdown ||
	    a->spec.upload_max != b->spec.upload_max)
		return false;
	for (int l = 0; l < EGRESS_LISTS; l++) {
		const struct egress_rules *x = &a->lists[l], *y = &b->lists[l];

		if (x->n != y->n || !egress_list_within(x, y, INT64_MIN) ||
		    !egress_list_within(y, x, INT64_MIN))
			return false;
	}
	return true;
}

bool
egress_policy_tightens(
    const struct egress_policy *a, const struct egress_policy *b, int64_t now)
{
	enum policy_mode from = egress_policy_mode(a);
	enum policy_mode to = egress_policy_mode(b);

	if (to < from)
		return true;
	if (!egress_list_within(
		&b->lists[EGRESS_DENY], &a->lists[EGRESS_DENY], now))
		return true;
	return to == POLICY_LOCKED && from == POLICY_LOCKED &&
	    !egress_list_within(
		&a->lists[EGRESS_ALLOW], &b->lists[EGRESS_ALLOW], now);
}

static void
egress_add_port(struct egress_decision *d, uint16_t port, int64_t until)
{
	for (size_t i = 0; i < d->n_ports; i++) {
		struct egress_port *p = &d->ports[i];

		if (p->port != port)
			continue;
		if (until == 0 || (p->until_ms != 0 && until > p->until_ms))
			p->until_ms = until;
		return;
	}
	if (d->n_ports < EGRESS_DECIDED_PORTS_MAX)
		d->ports[d->n_ports++] = (struct egress_port){ .port = port,
			.until_ms = until };
}

/* The live rules of one text; the first found names the decision. */
static bool
egress_match_text(const struct egress_rules *l, const char *text, int64_t now,
    struct egress_decision *d)
{
	const struct egress_item *i = map_get(l->by_text, text);
	bool found = false;

	for (; i != NULL; i = i->same) {
		const struct egress_rule *r = &i->rule;
		size_t n;
		const uint16_t *ports = egress_ports(r, &n);

		if (!egress_is_live(r, now))
			continue;
		found = true;
		for (size_t k = 0; k < n; k++)
			egress_add_port(d, ports[k], r->until_ms);
	}
	if (found && d->rule[0] == '\0')
		(void)snprintf(d->rule, sizeof(d->rule), "%s", text);
	return found;
}

/* The name itself, each "*.suffix" of it, and "*": by whole labels. */
static bool
egress_match(const struct egress_rules *l, const char *name, int64_t now,
    struct egress_decision *d)
{
	char text[EGRESS_RULE_TEXT_MAX];
	bool found;

	if (l->n == 0)
		return false;
	found = egress_match_text(l, name, now, d);
	for (const char *p = strchr(name, '.'); p != NULL;
	     p = strchr(p + 1, '.')) {
		(void)snprintf(
		    text, sizeof(text), "*%.*s", EGRESS_RULE_TEXT_MAX - 2, p);
		found |= egress_match_text(l, text, now, d);
	}
	return egress_match_text(l, "*", now, d) || found;
}

bool
egress_decide(const struct egress_policy *p, const char *name, int64_t now,
    struct egress_decision *out)
{
	enum policy_mode mode = egress_policy_mode(p);

	*out = (struct egress_decision){ .answer = EGRESS_NO_MODE };
	if (mode < POLICY_LOCKED || name[0] == '\0')
		return false;
	if (egress_match(&p->lists[EGRESS_DENY], name, now, out)) {
		out->answer = EGRESS_NO_DENIED;
		out->n_ports = 0;
		return false;
	}
	out->answer = EGRESS_YES;
	if (mode == POLICY_LOCKED &&
	    !egress_match(&p->lists[EGRESS_ALLOW], name, now, out))
		out->answer = EGRESS_NO_LISTED;
	return out->answer == EGRESS_YES;
}

bool
egress_decide_port(
    const struct egress_policy *p, const char *name, uint16_t port, int64_t now)
{
	struct egress_decision d;

	if (!egress_decide(p, name, now, &d))
		return false;
	for (size_t i = 0; i < d.n_ports; i++) {
		if (d.ports[i].port == port)
			return true;
	}
	return egress_policy_mode(p) != POLICY_LOCKED;
}
