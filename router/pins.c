#include "router/pins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/map.h"

struct pins_item {
	int64_t until_ms;
	uint32_t addr;
	uint16_t port;
};

struct pins_name {
	struct pins_item *items;
	size_t n, room;
};

struct pins_project {
	struct map *names; /* name -> struct pins_name */
	size_t n;
	bool lost;
};

struct pins {
	struct map *projects; /* id -> struct pins_project */
	size_t n;
	int64_t next_drop_ms; /* of ended notes, at the earliest */
};

enum {
	PINS_DROP_MS = 1000
};

struct pins *
pins_new(void)
{
	struct pins *p = xcalloc(1, sizeof(*p));

	p->projects = map_new();
	return p;
}

static void
pins_project_free(struct pins_project *q)
{
	size_t cursor = 0;
	void *v;

	while (map_next(q->names, &cursor, NULL, &v)) {
		free(((struct pins_name *)v)->items);
		free(v);
	}
	map_free(q->names);
	free(q);
}

void
pins_free(struct pins *p)
{
	size_t cursor = 0;
	void *q;

	if (p == NULL)
		return;
	while (map_next(p->projects, &cursor, NULL, &q))
		pins_project_free(q);
	map_free(p->projects);
	free(p);
}

size_t
pins_count(const struct pins *p)
{
	return p->n;
}

static struct pins_item *
pins_find(const struct pins_name *k, uint32_t addr, uint16_t port)
{
	for (size_t i = 0; i < k->n; i++) {
		if (k->items[i].addr == addr && k->items[i].port == port)
			return &k->items[i];
	}
	return NULL;
}

/* Everything of one project that fn does not keep. */
static size_t
pins_filter_project(struct pins *p, struct pins_project *q, uint32_t id,
    pins_keep_fn *fn, void *arg)
{
	size_t cursor = 0, gone = 0;
	const char *name;
	void *v;

	while (map_next(q->names, &cursor, &name, &v)) {
		struct pins_name *k = v;
		struct pin pin = { .id = id };
		size_t n = 0;

		(void)snprintf(pin.name, sizeof(pin.name), "%s", name);
		for (size_t i = 0; i < k->n; i++) {
			pin.addr = k->items[i].addr;
			pin.port = k->items[i].port;
			pin.until_ms = k->items[i].until_ms;
			if (fn(&pin, arg))
				k->items[n++] = k->items[i];
		}
		gone += k->n - n;
		k->n = n;
		if (n > 0)
			continue;
		(void)map_del(q->names, pin.name);
		free(k->items);
		free(k);
	}
	q->n -= gone;
	p->n -= gone;
	return gone;
}

size_t
pins_filter(struct pins *p, uint32_t id, pins_keep_fn *fn, void *arg)
{
	size_t cursor = 0, gone = 0;
	const char *key;
	void *v;

	if (id != 0) {
		v = map_get_u64(p->projects, id);
		if (v != NULL)
			gone = pins_filter_project(p, v, id, fn, arg);
		return gone;
	}
	while (map_next(p->projects, &cursor, &key, &v)) {
		struct pins_project *q = v;

		id = (uint32_t)strtoul(key, NULL, 10);
		gone += pins_filter_project(p, q, id, fn, arg);
	}
	return gone;
}

void
pins_forget(struct pins *p, uint32_t id)
{
	struct pins_project *q = map_del_u64(p->projects, id);

	if (q == NULL)
		return;
	p->n -= q->n;
	pins_project_free(q);
}

static struct pins_project *
pins_make_project(struct pins *p, uint32_t id)
{
	struct pins_project *q = map_get_u64(p->projects, id);

	if (q == NULL) {
		q = xcalloc(1, sizeof(*q));
		q->names = map_new();
		map_put_u64(p->projects, id, q);
	}
	return q;
}

bool
pins_lost(const struct pins *p, uint32_t id)
{
	const struct pins_project *q = map_get_u64(p->projects, id);

	return q != NULL && q->lost;
}

void
pins_set_lost(struct pins *p, uint32_t id, bool lost)
{
	pins_make_project(p, id)->lost = lost;
}

static bool
pins_is_live(const struct pin *pin, void *arg)
{
	const int64_t *now = arg;

	return *now < pin->until_ms;
}

/* Let go what has ended: of this project, of every one if all are full. */
static void
pins_make_room(struct pins *p, uint32_t full, int64_t now)
{
	size_t cursor = 0;
	const char *key;
	void *v;

	while (map_next(p->projects, &cursor, &key, &v)) {
		struct pins_project *q = v;
		uint32_t id = (uint32_t)strtoul(key, NULL, 10);

		if (id != full && p->n < PINS_TOTAL_MAX)
			continue;
		if (pins_filter_project(p, q, id, pins_is_live, &now) > 0)
			q->lost = true;
	}
}

static bool
pins_is_no_ended_note(const struct pin *pin, void *arg)
{
	return pin->port != 0 || pins_is_live(pin, arg);
}

/* A walk through everything: not at each answer of a flood. */
static void
pins_drop_notes(struct pins *p, int64_t now)
{
	size_t cursor = 0;
	const char *key;
	void *v;

	if (now < p->next_drop_ms)
		return;
	p->next_drop_ms = now + PINS_DROP_MS;
	while (map_next(p->projects, &cursor, &key, &v)) {
		struct pins_project *q = v;
		uint32_t id = (uint32_t)strtoul(key, NULL, 10);

		if (pins_filter_project(p, q, id, pins_is_no_ended_note, &now) >
		    0)
			q->lost = true;
	}
}

static bool
pins_is_full(const struct pins *p, const struct pin *pin)
{
	const struct pins_project *q = map_get_u64(p->projects, pin->id);
	const struct pins_name *k = q == NULL ? NULL
					      : map_get(q->names, pin->name);

	return p->n >= PINS_TOTAL_MAX || (q != NULL && q->n >= PINS_MAX) ||
	    (k != NULL && k->n >= PINS_OF_NAME_MAX);
}

int
pins_put(struct pins *p, const struct pin *pin, int64_t now, struct err *e)
{
	struct pins_project *q = map_get_u64(p->projects, pin->id);
	struct pins_name *k = q == NULL ? NULL : map_get(q->names, pin->name);
	struct pins_item *i = k == NULL ? NULL
					: pins_find(k, pin->addr, pin->port);

	if (i != NULL) {
		if (pin->until_ms > i->until_ms)
			i->until_ms = pin->until_ms;
		return 0;
	}
	if (pins_is_full(p, pin))
		pins_make_room(p, pin->id, now);
	if (pins_is_full(p, pin))
		return err_set(e, ERR_LIMIT,
		    "project %u: too many addresses of names are in use",
		    pin->id);
	q = pins_make_project(p, pin->id);
	k = map_get(q->names, pin->name);
	if (k == NULL) {
		k = xcalloc(1, sizeof(*k));
		map_put(q->names, pin->name, k);
	}
	if (k->n == k->room) {
		k->room = k->room == 0 ? 4 : k->room * 2;
		k->items = xrealloc(k->items, k->room * sizeof(k->items[0]));
	}
	k->items[k->n++] = (struct pins_item){
		.until_ms = pin->until_ms, .addr = pin->addr, .port = pin->port
	};
	q->n++;
	p->n++;
	return 0;
}

int
pins_put_note(struct pins *p, const struct pin *pin, int64_t now, struct err *e)
{
	if (p->n >= PINS_NOTES_TOTAL_MAX)
		pins_drop_notes(p, now);
	if (p->n >= PINS_NOTES_TOTAL_MAX)
		return err_set(e, ERR_LIMIT, "too many addresses are noted");
	return pins_put(p, pin, now, e);
}

bool
pins_has(const struct pins *p, uint32_t id, const char *name, uint32_t addr,
    uint16_t port, int64_t now)
{
	const struct pins_project *q = map_get_u64(p->projects, id);
	const struct pins_name *k = q == NULL ? NULL : map_get(q->names, name);
	const struct pins_item *i = k == NULL ? NULL : pins_find(k, addr, port);

	return i != NULL && now < i->until_ms;
}

int64_t
pins_end(const struct pins *p, uint32_t id, uint32_t addr, uint16_t port,
    int64_t now)
{
	const struct pins_project *q = map_get_u64(p->projects, id);
	size_t cursor = 0;
	int64_t end = 0;
	void *k;

	while (q != NULL && map_next(q->names, &cursor, NULL, &k)) {
		const struct pins_item *i = pins_find(k, addr, port);

		if (i != NULL && i->until_ms > now && i->until_ms > end)
			end = i->until_ms;
	}
	return end;
}

const char *
pins_name(const struct pins *p, uint32_t id, uint32_t addr, int64_t now)
{
	const struct pins_project *q = map_get_u64(p->projects, id);
	size_t cursor = 0;
	const char *name;
	void *v;

	while (q != NULL && map_next(q->names, &cursor, &name, &v)) {
		const struct pins_name *k = v;

		for (size_t i = 0; i < k->n; i++) {
			if (k->items[i].addr == addr &&
			    now < k->items[i].until_ms)
				return name;
		}
	}
	return NULL;
}
