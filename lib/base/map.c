#include "lib/base/map.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/rnd.h"

enum {
	MAP_SLOTS_MIN = 16,
	MAP_U64_TEXT = 24
};

/* Free: key NULL, not dead.  Deleted: key NULL, dead.  Else in use. */
struct map_slot {
	char *key;
	void *value;
	uint64_t hash;
	bool dead;
};

struct map {
	struct map_slot *slots;
	size_t n_slots; /* a power of two */
	size_t count;
	size_t used;      /* with the dead ones */
	uint64_t seed[2]; /* keys come from outside: no planned collisions */
};

static uint64_t
map_rotl(uint64_t x, unsigned b)
{
	return x << b | x >> (64 - b);
}

static void
map_sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = map_rotl(v[1], 13) ^ v[0];
	v[0] = map_rotl(v[0], 32);
	v[2] += v[3];
	v[3] = map_rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = map_rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = map_rotl(v[1], 17) ^ v[2];
	v[2] = map_rotl(v[2], 32);
}

/* SipHash-1-3. */
static uint64_t
map_hash(const struct map *m, const char *key, size_t n)
{
	uint64_t v[4] = { m->seed[0] ^ 0x736f6d6570736575ULL,
		m->seed[1] ^ 0x646f72616e646f6dULL,
		m->seed[0] ^ 0x6c7967656e657261ULL,
		m->seed[1] ^ 0x7465646279746573ULL };
	uint64_t w;
	size_t i = 0;

	for (; n - i >= 8; i += 8) {
		memcpy(&w, key + i, 8);
		v[3] ^= w;
		map_sip_round(v);
		v[0] ^= w;
	}
	w = 0;
	memcpy(&w, key + i, n - i);
	w |= (uint64_t)n << 56;
	v[3] ^= w;
	map_sip_round(v);
	v[0] ^= w;
	v[2] ^= 0xff;
	map_sip_round(v);
	map_sip_round(v);
	map_sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *
map_new(void)
{
	struct map *m = xcalloc(1, sizeof(*m));

	m->n_slots = MAP_SLOTS_MIN;
	m->slots = xcalloc(m->n_slots, sizeof(*m->slots));
	rnd_bytes(m->seed, sizeof(m->seed));
	return m;
}

void
map_free(struct map *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n_slots; i++)
		free(m->slots[i].key);
	free(m->slots);
	free(m);
}

size_t
map_count(const struct map *m)
{
	return m->count;
}

static struct map_slot *
map_find(const struct map *m, const char *key, uint64_t hash)
{
	size_t mask = m->n_slots - 1;

	for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
		struct map_slot *s = &m->slots[i];

		if (s->key == NULL && !s->dead)
			return NULL;
		if (s->key != NULL && s->hash == hash &&
		    strcmp(s->key, key) == 0)
			return s;
	}
}

/* The first slot that is not in use; there is always a free one. */
static struct map_slot *
map_vacant(struct map_slot *slots, size_t n_slots, uint64_t hash)
{
	size_t i = (size_t)hash & (n_slots - 1);

	while (slots[i].key != NULL)
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

/* At most 3/4 in use, the dead ones counted, which a rebuild sweeps out. */
static void
map_make_room(struct map *m)
{
	struct map_slot *slots;
	size_t n = m->n_slots;

	if ((m->used + 1) * 4 <= n * 3)
		return;
	if ((m->count + 1) * 2 > n)
		n *= 2;
	slots = xcalloc(n, sizeof(*slots));
	for (size_t i = 0; i < m->n_slots; i++)
		if (m->slots[i].key != NULL)
			*map_vacant(slots, n, m->slots[i].hash) = m->slots[i];
	free(m->slots);
	m->slots = slots;
	m->n_slots = n;
	m->used = m->count;
}

void *
map_get(const struct map *m, const char *key)
{
	struct map_slot *s = map_find(m, key, map_hash(m, key, strlen(key)));

	return s == NULL ? NULL : s->value;
}

void *
map_put(struct map *m, const char *key, void *value)
{
	size_t n = strlen(key);
	uint64_t hash = map_hash(m, key, n);
	struct map_slot *s = map_find(m, key, hash);
	void *old;

	if (s != NULL) {
		old = s->value;
		s->value = value;
		return old;
	}
	map_make_room(m);
	s = map_vacant(m->slots, m->n_slots, hash);
	if (!s->dead)
		m->used++;
	*s = (struct map_slot){
		.key = xstrndup(key, n), .value = value, .hash = hash
	};
	m->count++;
	return NULL;
}

void *
map_del(struct map *m, const char *key)
{
	struct map_slot *s = map_find(m, key, map_hash(m, key, strlen(key)));
	void *old;

	if (s == NULL)
		return NULL;
	old = s->value;
	free(s->key);
	*s = (struct map_slot){ .dead = true };
	m->count--;
	return old;
}

static const char *
map_u64_key(uint64_t key, char out[MAP_U64_TEXT])
{
	(void)snprintf(out, MAP_U64_TEXT, "%" PRIu64, key);
	return out;
}

void *
map_get_u64(const struct map *m, uint64_t key)
{
	char text[MAP_U64_TEXT];

	return map_get(m, map_u64_key(key, text));
}

void *
map_put_u64(struct map *m, uint64_t key, void *value)
{
	char text[MAP_U64_TEXT];

	return map_put(m, map_u64_key(key, text), value);
}

void *
map_del_u64(struct map *m, uint64_t key)
{
	char text[MAP_U64_TEXT];

	return map_del(m, map_u64_key(key, text));
}

bool
map_next(const struct map *m, size_t *cursor, const char **key, void **value)
{
	while (*cursor < m->n_slots) {
		const struct map_slot *s = &m->slots[(*cursor)++];

		if (s->key == NULL)
			continue;
		if (key != NULL)
			*key = s->key;
		if (value != NULL)
			*value = s->value;
		return true;
	}
	return false;
}
