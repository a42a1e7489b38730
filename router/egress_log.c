#include "router/egress_log.h"

#include <netinet/in.h>
#include <stdio.h>
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
	uint8_t fold; /* enum egress_fold */
	char *name, *rule;
};

/*
 * What a flood leaves: many entries that share something become one, so that
 * they do not push the others out.
 */
enum egress_fold {
	EGRESS_FOLD_NONE,
	EGRESS_FOLD_DOMAIN, /* names below what somebody registered */
	EGRESS_FOLD_ADDR,   /* ports of one address */
	EGRESS_FOLD_PORT,   /* addresses of one port */
	EGRESS_FOLD_VERDICT,
	EGRESS_FOLD_MAX
};

enum {
	EGRESS_FOLD_FEW = 8 /* fewer than these are rather kept apart */
};

TAILQ_HEAD(egress_items, egress_item);

/* Oldest first. */
struct egress_ring {
	struct egress_items items;
	size_t n;
};

struct egress_project {
	struct egress_ring refused, answered;
	uint64_t seq; /* the latest of it */
};

struct egress_log {
	struct map *projects; /* id -> struct egress_project */
	uint64_t seq;
	uint64_t total[EGRESS_VERDICT_MAX];
	uint64_t up, down;
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

const char *
egress_verdict_reason(enum egress_verdict v)
{
	return egress_verdicts[v].reason;
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
egress_item_free(struct egress_item *i)
{
	free(i->name);
	free(i->rule);
	free(i);
}

static void
egress_ring_remove(struct egress_ring *r, struct egress_item *i)
{
	TAILQ_REMOVE(&r->items, i, entry);
	r->n--;
	egress_item_free(i);
}

static void
egress_ring_clear(struct egress_ring *r)
{
	struct egress_item *i, *next;

	TAILQ_FOREACH_SAFE(i, &r->items, entry, next)
	egress_item_free(i);
}

static void
egress_project_free(struct egress_project *p)
{
	if (p == NULL)
		return;
	egress_ring_clear(&p->refused);
	egress_ring_clear(&p->answered);
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

/* Would i and j be one when folded this way? */
static bool
egress_is_kin(const struct egress_item *i, const struct egress_item *j,
    enum egress_fold fold)
{
	if (i->verdict != j->verdict || i->proto != j->proto)
		return false;
	switch (fold) {
	case EGRESS_FOLD_DOMAIN:
		return i->proto == EGRESS_PROTO_DNS && i->name[0] != '\0' &&
		    j->name[0] != '\0' &&
		    strcmp(egress_registrable(i->name),
			egress_registrable(j->name)) == 0;
	case EGRESS_FOLD_ADDR:
		return i->proto != EGRESS_PROTO_DNS && i->addr != 0 &&
		    i->addr == j->addr;
	case EGRESS_FOLD_PORT:
		return i->proto != EGRESS_PROTO_DNS && i->port != 0 &&
		    i->port == j->port;
	case EGRESS_FOLD_VERDICT:
		return true;
	case EGRESS_FOLD_NONE:
	case EGRESS_FOLD_MAX:
		break;
	}
	return false;
}

static size_t
egress_count_kin(const struct egress_ring *r, const struct egress_item *i,
    enum egress_fold fold)
{
	const struct egress_item *j;
	size_t n = 0;

	TAILQ_FOREACH(j, &r->items, entry)
	n += j->fold <= fold && egress_is_kin(i, j, fold);
	return n;
}

/* What is not shared is not told. */
static void
egress_item_blur(struct egress_item *i, enum egress_fold fold)
{
	char *name = NULL;

	if (fold == EGRESS_FOLD_DOMAIN && i->fold == EGRESS_FOLD_NONE)
		name = xasprintf("*.%s", egress_registrable(i->name));
	else if (fold != EGRESS_FOLD_ADDR && fold != EGRESS_FOLD_DOMAIN)
		name = xstrdup("");
	if (name != NULL) {
		free(i->name);
		i->name = name;
	}
	if (fold != EGRESS_FOLD_ADDR)
		i->addr = 0;
	if (fold != EGRESS_FOLD_PORT && fold != EGRESS_FOLD_DOMAIN)
		i->port = 0;
	i->sport = 0;
	i->fold = (uint8_t)fold;
}

/* The whole kin of i becomes i, in the place of the latest. */
static void
egress_fold_kin(
    struct egress_ring *r, struct egress_item *i, enum egress_fold fold)
{
	struct egress_item *j, *next;

	TAILQ_REMOVE(&r->items, i, entry);
	TAILQ_FOREACH_SAFE(j, &r->items, entry, next)
	{
		if (j->fold > fold || !egress_is_kin(i, j, fold))
			continue;
		i->count += j->count;
		i->up += j->up;
		i->down += j->down;
		if (j->first_ms < i->first_ms)
			i->first_ms = j->first_ms;
		if (j->at_ms > i->at_ms)
			i->at_ms = j->at_ms;
		if (j->seq > i->seq)
			i->seq = j->seq;
		egress_ring_remove(r, j);
	}
	egress_item_blur(i, fold);
	TAILQ_INSERT_TAIL(&r->items, i, entry);
}

/* Make room: the largest kin becomes one, by as much as it shares. */
static void
egress_ring_fold(struct egress_ring *r)
{
	for (int f = EGRESS_FOLD_DOMAIN; f < EGRESS_FOLD_MAX; f++) {
		enum egress_fold fold = (enum egress_fold)f;
		struct egress_item *i, *best = NULL;
		size_t most = fold == EGRESS_FOLD_VERDICT ? 1
							  : EGRESS_FOLD_FEW - 1;

		TAILQ_FOREACH(i, &r->items, entry)
		{
			size_t n = i->fold > fold
			    ? 0
			    : egress_count_kin(r, i, fold);

			if (n > most) {
				most = n;
				best = i;
			}
		}
		if (best != NULL) {
			egress_fold_kin(r, best, fold);
			return;
		}
	}
	egress_ring_remove(r, TAILQ_FIRST(&r->items));
}

/* The entry that e counts up: an equal one, or what a flood left of them. */
static struct egress_item *
egress_ring_find(const struct egress_ring *r, const struct egress_entry *e)
{
	struct egress_item *i;
	char name[EGRESS_NAME_MAX];
	const struct egress_item probe = { .addr = e->addr,
		.port = e->port,
		.proto = e->proto,
		.verdict = e->verdict,
		.name = name };

	TAILQ_FOREACH(i, &r->items, entry)
	{
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it was removed */
		if (i->fold == EGRESS_FOLD_NONE && egress_item_is(i, e))
			return i;
	}
	(void)snprintf(name, sizeof(name), "%s", e->name);
	TAILQ_FOREACH(i, &r->items, entry)
	{
		if (i->fold != EGRESS_FOLD_NONE &&
		    egress_is_kin(i, &probe, (enum egress_fold)i->fold))
			return i;
	}
	return NULL;
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
	if (e->verdict < EGRESS_VERDICT_MAX)
		l->total[e->verdict] += e->count;
	l->up += e->up;
	l->down += e->down;
	p->seq = l->seq + 1;
	r = egress_is_refusal(e->verdict) ? &p->refused : &p->answered;
	i = egress_ring_find(r, e);
	if (i == NULL && r->n == EGRESS_KEEP) {
		if (r == &p->refused)
			egress_ring_fold(r);
		else
			egress_ring_remove(r, TAILQ_FIRST(&r->items));
		i = egress_ring_find(r, e);
	}
	if (i != NULL) {
		i->at_ms = e->at_ms;
		i->seq = ++l->seq;
		i->count += e->count;
		i->up += e->up;
		i->down += e->down;
		i->sport = i->fold == EGRESS_FOLD_NONE ? e->sport : 0;
		TAILQ_REMOVE(&r->items, i, entry);
		TAILQ_INSERT_TAIL(&r->items, i, entry);
		return;
	}
	if (name[0] == '\0' && e->proto != EGRESS_PROTO_DNS && e->addr != 0)
		name = egress_name_of(p, e->addr);
	i = xcalloc(1, sizeof(*i));
	*i = (struct egress_item){ .at_ms = e->at_ms,
		.first_ms = e->at_ms,
		.seq = ++l->seq,
		.up = e->up,
		.down = e->down,
		.id = e->id,
		/* What was told of it has gone. */
		.count = e->count > 0 ? e->count : 1,
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

void
egress_log_figures(const struct egress_log *l, struct jw *w)
{
	jw_object(w, "verdicts");
	for (int i = 0; i < EGRESS_VERDICT_MAX; i++)
		if (l->total[i] > 0)
			jw_u64(w, egress_verdict_name((enum egress_verdict)i),
			    l->total[i]);
	jw_end(w);
	jw_u64(w, "up", l->up);
	jw_u64(w, "down", l->down);
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
	if (ask->follow && p->seq <= ask->since)
		return;
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
