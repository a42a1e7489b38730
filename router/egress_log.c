#include "router/egress_log.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/list.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "router/policy.h"

struct egress_item {
	TAILQ_ENTRY(egress_item) entry;
	int64_t at_ms;
	uint32_t count, addr;
	uint16_t port;
	uint8_t proto, verdict;
	char *name;
};

TAILQ_HEAD(egress_items, egress_item);

/* Oldest first. */
struct egress_ring {
	struct egress_items items;
	size_t n;
};

struct egress_project {
	struct egress_ring refused, answered;
};

struct egress_log {
	struct map *projects; /* id -> struct egress_project */
};

static const char *const egress_verdict_names[EGRESS_VERDICT_MAX] = {
	[EGRESS_ANSWERED] = "answered",
	[EGRESS_DNS_REFUSED] = "name-refused",
	[EGRESS_DNS_FILTERED] = "name-filtered",
	[EGRESS_DNS_FAILED] = "name-failed",
	[EGRESS_DNS_LIMITED] = "name-limited",
	[EGRESS_NEVER] = "denied-never",
	[EGRESS_HOST] = "denied-host",
	[EGRESS_MODE] = "denied-mode",
	[EGRESS_LIMIT] = "denied-limit",
	[EGRESS_SPOOF] = "denied-spoof",
};

const char *
egress_verdict_name(enum egress_verdict v)
{
	return egress_verdict_names[v];
}

bool
egress_is_refusal(enum egress_verdict v)
{
	return v != EGRESS_ANSWERED;
}

struct egress_log *
egress_log_new(void)
{
	struct egress_log *l = xcalloc(1, sizeof(*l));

	l->projects = map_new();
	return l;
}

static void
egress_ring_shift(struct egress_ring *r)
{
	struct egress_item *i = TAILQ_FIRST(&r->items);

	TAILQ_REMOVE(&r->items, i, entry);
	r->n--;
	free(i->name);
	free(i);
}

static void
egress_project_free(struct egress_project *p)
{
	if (p == NULL)
		return;
	while (p->refused.n > 0)
		egress_ring_shift(&p->refused);
	while (p->answered.n > 0)
		egress_ring_shift(&p->answered);
	free(p);
}

void
egress_log_free(struct egress_log *l)
{
	size_t cursor = 0;
	void *p;

	if (l == NULL)
		return;
	while (map_next(l->projects, &cursor, NULL, &p))
		egress_project_free(p);
	map_free(l->projects);
	free(l);
}

void
egress_log_forget(struct egress_log *l, uint32_t id)
{
	egress_project_free(map_del_u64(l->projects, id));
}

static bool
egress_item_is(const struct egress_item *i, const struct egress_entry *e)
{
	return i->verdict == e->verdict && i->proto == e->proto &&
	    i->addr == e->addr && i->port == e->port &&
	    (e->name[0] == '\0' || strcmp(i->name, e->name) == 0);
}

/* The latest name whose answer was this address. */
static const char *
egress_name_of(const struct egress_project *p, uint32_t addr)
{
	const struct egress_item *i;

	TAILQ_FOREACH_REVERSE(i, &p->answered.items, egress_items, entry)
	if (i->addr == addr)
		return i->name;
	return "";
}

void
egress_log_add(struct egress_log *l, const struct egress_entry *e)
{
	struct egress_project *p = map_get_u64(l->projects, e->id);
	struct egress_ring *r;
	struct egress_item *i;
	const char *name = e->name;

	if (p == NULL) {
		p = xcalloc(1, sizeof(*p));
		TAILQ_INIT(&p->refused.items);
		TAILQ_INIT(&p->answered.items);
		map_put_u64(l->projects, e->id, p);
	}
	r = egress_is_refusal(e->verdict) ? &p->refused : &p->answered;
	TAILQ_FOREACH(i, &r->items, entry)
	{
		if (!egress_item_is(i, e))
			continue;
		i->at_ms = e->at_ms;
		i->count += e->count;
		TAILQ_REMOVE(&r->items, i, entry);
		TAILQ_INSERT_TAIL(&r->items, i, entry);
		return;
	}
	if (r->n == EGRESS_KEEP)
		egress_ring_shift(r);
	if (name[0] == '\0' && e->proto != EGRESS_PROTO_DNS && e->addr != 0)
		name = egress_name_of(p, e->addr);
	i = xcalloc(1, sizeof(*i));
	*i = (struct egress_item){ .at_ms = e->at_ms,
		.count = e->count,
		.addr = e->addr,
		.port = e->port,
		.proto = e->proto,
		.verdict = e->verdict,
		.name = xstrdup(name) };
	TAILQ_INSERT_TAIL(&r->items, i, entry);
	r->n++;
}

static const char *
egress_proto_name(uint8_t proto)
{
	switch (proto) {
	case EGRESS_PROTO_DNS:
		return "dns";
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	default:
		return "other";
	}
}

static void
egress_item_write(const struct egress_item *i, uint32_t id, struct jw *w)
{
	char addr[POLICY_TEXT_MAX];

	jw_object(w, NULL);
	jw_time(w, "at", i->at_ms);
	jw_u64(w, "id", id);
	jw_str(w, "verdict", egress_verdict_names[i->verdict]);
	jw_str(w, "name", i->name);
	jw_str(
	    w, "address", i->addr == 0 ? "" : policy_addr_text(i->addr, addr));
	jw_u64(w, "port", i->port);
	jw_str(w, "proto", egress_proto_name(i->proto));
	jw_u64(w, "count", i->count);
	jw_end(w);
}

void
egress_log_write(
    const struct egress_log *l, uint32_t id, size_t limit, struct str *out)
{
	const struct egress_project *p = map_get_u64(l->projects, id);
	const struct egress_item *a = NULL, *b = NULL;
	size_t skip = 0;
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_bool(&w, "ok", true);
	jw_array(&w, "entries");
	if (p != NULL) {
		a = TAILQ_FIRST(&p->refused.items);
		b = TAILQ_FIRST(&p->answered.items);
		if (p->refused.n + p->answered.n > limit)
			skip = p->refused.n + p->answered.n - limit;
	}
	while (a != NULL || b != NULL) {
		bool first = b == NULL || (a != NULL && a->at_ms <= b->at_ms);
		const struct egress_item *i = first ? a : b;

		if (skip > 0)
			skip--;
		else
			egress_item_write(i, id, &w);
		if (first)
			a = TAILQ_NEXT(a, entry);
		else
			b = TAILQ_NEXT(b, entry);
	}
	jw_end(&w);
	jw_end(&w);
}
