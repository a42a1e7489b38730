#include "router/clients.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/map.h"
#include "router/chan.h"
#include "router/quota.h"

enum {
	CLIENT_QUERY_COST = 1000,
	CLIENT_TOKENS_MAX = CLIENT_QUERIES_PER_S * CLIENT_QUERY_COST
};

struct clients {
	struct policy_range range;
	struct policy_net exempt;
	struct policy_nets never;
	struct map *map; /* id -> struct client */
	uint32_t host[CLIENTS_HOST_MAX];
	size_t n_host;
	/* A policy that has not come whole yet. */
	struct egress_policy *coming;
	uint32_t coming_id, coming_left;
};

struct clients *
clients_new(const struct policy_range *range, const struct policy_net *exempt)
{
	struct clients *c = xcalloc(1, sizeof(*c));

	c->range = *range;
	c->exempt = *exempt;
	c->map = map_new();
	return c;
}

static void
client_free(struct client *p)
{
	if (p == NULL)
		return;
	egress_policy_free(p->policy);
	quota_free(p->quota);
	free(p);
}

void
clients_free(struct clients *c)
{
	size_t cursor = 0;
	void *p;

	if (c == NULL)
		return;
	while (map_next(c->map, &cursor, NULL, &p))
		client_free(p);
	map_free(c->map);
	egress_policy_free(c->coming);
	free(c);
}

const struct policy_range *
clients_range(const struct clients *c)
{
	return &c->range;
}

void
clients_set(struct clients *c, uint32_t id, struct egress_policy *policy)
{
	struct client *p = map_get_u64(c->map, id);

	if (p == NULL) {
		p = xcalloc(1, sizeof(*p));
		p->id = id;
		p->tokens = CLIENT_TOKENS_MAX;
		p->quota = quota_new();
		map_put_u64(c->map, id, p);
	}
	egress_policy_free(p->policy);
	p->policy = policy;
	p->mode = egress_policy_mode(policy);
}

void
clients_del(struct clients *c, uint32_t id)
{
	client_free(map_del_u64(c->map, id));
}

static int
clients_take_policy(struct clients *c, const struct chan_policy *m)
{
	egress_policy_free(c->coming);
	c->coming = NULL;
	c->coming_left = 0;
	if (m->gone == 1) {
		clients_del(c, m->id);
		return 1;
	}
	c->coming = egress_policy_new(
	    &(const struct egress_spec){ .mode = (enum policy_mode)m->mode,
		.lockdown = m->lockdown == 1,
		.upload_max = m->upload_max });
	c->coming_id = m->id;
	c->coming_left = m->n_rules;
	return 0;
}

int
clients_take(
    struct clients *c, const struct chan_msg *m, uint32_t *id, struct err *e)
{
	switch ((enum chan_kind)m->kind) {
	case CHAN_HOST:
		clock_keep_ahead(m->host.ahead_ms);
		clients_set_host(c, m->host.addrs, m->host.n);
		return 0;
	case CHAN_POLICY:
		*id = m->policy.id;
		if (clients_take_policy(c, &m->policy) == 1)
			return 1;
		break;
	case CHAN_RULE:
		if (c->coming == NULL || c->coming_left == 0 ||
		    m->rule.id != c->coming_id)
			return err_set(
			    e, ERR_PROTO, "a rule without its policy");
		if (egress_policy_add(c->coming, (enum egress_list)m->rule.list,
			&m->rule.rule, e) == -1)
			return -1;
		c->coming_left--;
		break;
	case CHAN_PINNED:
	case CHAN_PIN:
	case CHAN_ANSWER:
	case CHAN_LOG:
	case CHAN_READY:
		return 0;
	}
	if (c->coming == NULL || c->coming_left > 0)
		return 0;
	*id = c->coming_id;
	clients_set(c, c->coming_id, c->coming);
	c->coming = NULL;
	return 1;
}

struct client *
clients_find(struct clients *c, uint32_t id)
{
	return map_get_u64(c->map, id);
}

struct client *
clients_from(struct clients *c, uint32_t addr)
{
	struct client *p;
	uint32_t id;

	if (!policy_project(&c->range, addr, &id))
		return NULL;
	p = clients_find(c, id);
	return p == NULL || p->mode == POLICY_OFF ? NULL : p;
}

struct client *
clients_next(struct clients *c, size_t *cursor)
{
	void *p;

	return map_next(c->map, cursor, NULL, &p) ? p : NULL;
}

void
clients_set_never(struct clients *c, const struct policy_nets *never)
{
	c->never = *never;
}

void
clients_set_host(struct clients *c, const uint32_t *addrs, size_t n)
{
	c->n_host = n < CLIENTS_HOST_MAX ? n : CLIENTS_HOST_MAX;
	memcpy(c->host, addrs, c->n_host * sizeof(*addrs));
}

bool
clients_is_closed(const struct clients *c, uint32_t addr)
{
	for (size_t i = 0; i < c->n_host; i++) {
		if (c->host[i] == addr)
			return true;
	}
	return policy_nets_has(&c->never, addr) ||
	    policy_is_never(addr, &c->exempt);
}

bool
client_take_query(struct client *c, int64_t now_ms)
{
	int64_t gone = now_ms - c->refilled_ms;
	uint64_t tokens;

	if (gone > 1000)
		gone = 1000;
	if (gone > 0) {
		tokens = c->tokens + (uint64_t)gone * CLIENT_QUERIES_PER_S;
		c->tokens = tokens > CLIENT_TOKENS_MAX ? CLIENT_TOKENS_MAX
						       : (uint32_t)tokens;
		c->refilled_ms = now_ms;
	}
	if (c->tokens < CLIENT_QUERY_COST)
		return false;
	c->tokens -= CLIENT_QUERY_COST;
	return true;
}
