#include "router/clients.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/map.h"

enum {
	CLIENT_QUERY_COST = 1000,
	CLIENT_TOKENS_MAX = CLIENT_QUERIES_PER_S * CLIENT_QUERY_COST
};

struct clients {
	struct policy_range range;
	struct policy_net exempt;
	struct map *map; /* id -> struct client */
	uint32_t host[CLIENTS_HOST_MAX];
	size_t n_host;
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

void
clients_free(struct clients *c)
{
	size_t cursor = 0;
	void *p;

	if (c == NULL)
		return;
	while (map_next(c->map, &cursor, NULL, &p))
		free(p);
	map_free(c->map);
	free(c);
}

const struct policy_range *
clients_range(const struct clients *c)
{
	return &c->range;
}

void
clients_set(struct clients *c, uint32_t id, enum policy_mode mode)
{
	struct client *p = map_get_u64(c->map, id);

	if (p == NULL) {
		p = xcalloc(1, sizeof(*p));
		p->id = id;
		p->tokens = CLIENT_TOKENS_MAX;
		map_put_u64(c->map, id, p);
	}
	p->mode = mode;
}

void
clients_del(struct clients *c, uint32_t id)
{
	free(map_del_u64(c->map, id));
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
	return policy_is_never(addr, &c->exempt);
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
