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
	int64_t at_ms, first_ms;
	uint64_t seq, up, down;
	uint32_t id, count, addr;
	uint16_t port, sport;
	uint8_t proto, verdict;
	char *name, *rule;
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
	uint64_t seq;
};

static const struct {
	const char *name, *reason;
	bool refusal;
} egress_verdicts[EGRESS_VERDICT_MAX] = {
	[EGRESS_ANSWERED] = { "answered", "", false },
	[EGRESS_PASSED] = { "passed", "", false },
	[EGRESS_DNS_REFUSED] = { "name-refused",
	    "the network mode answers no names", true },
	[EGRESS_DNS_TYPE] = { "name-type",
	    "this kind of question can carry data", true },
	[EGRESS_DNS_UNLISTED] = { "name-unlisted",
	    "the mode is locked and no rule allows the name", true },
	[EGRESS_DNS_DENIED] = { "name-denied", "a rule denies the name", true },
	[EGRESS_DNS_FILTERED] = { "name-filtered",
	    "the name leads to an address that is never reached", true },
	[EGRESS_DNS_FAILED] = { "name-failed", "no name server answered",
	    true },
	[EGRESS_DNS_LIMITED] = { "name-limited", "too many questions at a time",
	    true },
	[EGRESS_DNS_QUOTA] = { "name-quota",
	    "the questions look like data in names", true },
	[EGRESS_NEVER] = { "denied-never",
	    "a private or special address is never reached", true },
	[EGRESS_HOST] = { "denied-host",
	    "an address of the host is never reached", true },
	[EGRESS_MODE] = { "denied-mode",
	    "the network mode lets no such connection out", true },
	[EGRESS_LIMIT] = { "denied-limit", "too many connections at a time",
	    true },
	[EGRESS_SPOOF] = { "denied-spoof",
	    "the packet had another's source address", true },
	[EGRESS_PIN] = { "denied-pin",
	    "the mode is locked and no allowed name has this address and port",
	    true },
	[EGRESS_ECHO] = { "denied-echo",
	    "an echo must be empty (ping -s 0): its bytes could be data",
	    true },
	[EGRESS_UNLISTED] = { "denied-unlisted",
	    "the mode is locked and no rule allows the name", true },
	[EGRESS_DENIED] = { "denied-rule", "a rule denies the name", true },
	[EGRESS_NO_NAME] = { "denied-no-name",
	    "the connection does not say which name it is for", true },
	[EGRESS_MISMATCH] = { "denied-mismatch",
	    "the address was not answered for this name", true },
	[EGRESS_PROTOCOL] = { "denied-protocol", "it is neither TLS nor HTTP",
	    true },
	[EGRESS_UPLOAD] = { "denied-upload",
	    "the upload budget for this name is used up", true },
	[EGRESS_FAILED] = { "failed", "the other side could not be reached",
	    true },
};

const char *
egress_verdict_name(enum egress_verdict v)
{
	return egress_verdicts[v].name;
}

bool
egress_is_refusal(enum egress_verdict v)
{
	return egress_verdicts[v].refusal;
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
	free(i->rule);
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
	    (e->name[0] == '\0' || strcmp(i->name, e->name) == 0) &&
	    strcmp(i->rule, e->rule) == 0;
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
		i->seq = ++l->seq;
		i->count += e->count;
		i->up += e->up;
		i->down += e->down;
		i->sport = e->sport;
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
		.first_ms = e->at_ms,
		.seq = ++l->seq,
		.up = e->up,
		.down = e->down,
		.id = e->id,
		.count = e->count,
		.addr = e->addr,
		.port = e->port,
		.sport = e->sport,
		.proto = e->proto,
		.verdict = e->verdict,
		.name = xstrdup(name),
		.rule = xstrdup(e->rule) };
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
egress_item_write(const struct egress_item *i, struct jw *w)
{
	char addr[POLICY_TEXT_MAX];

	jw_object(w, NULL);
	jw_u64(w, "seq", i->seq);
	jw_time(w, "at", i->at_ms);
	jw_time(w, "first", i->first_ms);
	jw_u64(w, "id", i->id);
	jw_str(w, "verdict", egress_verdicts[i->verdict].name);
	jw_str(w, "name", i->name);
	jw_str(
	    w, "address", i->addr == 0 ? "" : policy_addr_text(i->addr, addr));
	jw_u64(w, "port", i->port);
	jw_str(w, "proto", egress_proto_name(i->proto));
	jw_u64(w, "count", i->count);
	jw_str(w, "reason", egress_verdicts[i->verdict].reason);
	jw_str(w, "rule", i->rule);
	jw_u64(w, "source_port", i->sport);
	jw_u64(w, "up", i->up);
	jw_u64(w, "down", i->down);
	jw_end(w);
}

struct egress_found {
	const struct egress_item **items;
	size_t n, room;
};

static void
egress_collect_ring(const struct egress_ring *r, const struct egress_ask *ask,
    struct egress_found *f)
{
	const struct egress_item *i;

	TAILQ_FOREACH(i, &r->items, entry)
	{
		if (ask->follow && i->seq <= ask->since)
			continue;
		if (f->n == f->room) {
			f->room = f->room == 0 ? 64 : f->room * 2;
			f->items = xrealloc(f->items,
			    f->room * sizeof(const struct egress_item *));
		}
		f->items[f->n++] = i;
	}
}

static void
egress_collect_project(const struct egress_project *p,
    const struct egress_ask *ask, struct egress_found *f)
{
	egress_collect_ring(&p->refused, ask, f);
	egress_collect_ring(&p->answered, ask, f);
}

static void
egress_collect(const struct egress_log *l, const struct egress_ask *ask,
    struct egress_found *f)
{
	size_t cursor = 0;
	void *p;

	if (ask->id != 0) {
		p = map_get_u64(l->projects, ask->id);
		if (p != NULL)
			egress_collect_project(p, ask, f);
		return;
	}
	while (map_next(l->projects, &cursor, NULL, &p))
		egress_collect_project(p, ask, f);
}

static int
egress_compare(const void *a, const void *b)
{
	const struct egress_item *const *x = a;
	const struct egress_item *const *y = b;

	return (*x)->seq < (*y)->seq ? -1 : (*x)->seq > (*y)->seq;
}

size_t
egress_log_write(
    const struct egress_log *l, const struct egress_ask *ask, struct str *out)
{
	struct egress_found f = { .n = 0 };
	uint64_t next = l->seq;
	size_t from = 0, n;
	struct jw w;

	egress_collect(l, ask, &f);
	if (f.n > 0)
		qsort(f.items, f.n, sizeof(const struct egress_item *),
		    egress_compare);
	n = f.n < ask->limit ? f.n : ask->limit;
	/* Who follows misses nothing; who looks sees the last. */
	if (!ask->follow)
		from = f.n - n;
	else if (n < f.n)
		next = f.items[n - 1]->seq;
	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_bool(&w, "ok", true);
	jw_u64(&w, "next", next);
	jw_array(&w, "entries");
	for (size_t i = 0; i < n; i++)
		egress_item_write(f.items[from + i], &w);
	jw_end(&w);
	jw_end(&w);
	free(f.items);
	return n;
}
