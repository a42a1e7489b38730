#include "router/projects.h"

#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/list.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct projects_item {
	struct project project; /* first: one is found by the other */
	TAILQ_ENTRY(projects_item) stale;
};

struct projects {
	struct map *map; /* id -> item */
	TAILQ_HEAD(, projects_item) stale;
};

struct projects *
projects_new(void)
{
	struct projects *p = xcalloc(1, sizeof(*p));

	p->map = map_new();
	TAILQ_INIT(&p->stale);
	return p;
}

void
projects_free(struct projects *p)
{
	size_t cursor = 0;
	void *i;

	if (p == NULL)
		return;
	while (map_next(p->map, &cursor, NULL, &i))
		free(i);
	map_free(p->map);
	free(p);
}

struct project *
projects_put(struct projects *p, uint32_t id)
{
	struct projects_item *i = map_get_u64(p->map, id);

	if (i == NULL) {
		i = xcalloc(1, sizeof(*i));
		i->project.id = id;
		map_put_u64(p->map, id, i);
	}
	if (i->project.gone) {
		i->project.gone = false;
		i->project.mode = POLICY_OFF;
	}
	return &i->project;
}

struct project *
projects_find(struct projects *p, uint32_t id)
{
	struct projects_item *i = map_get_u64(p->map, id);

	return i == NULL || i->project.gone ? NULL : &i->project;
}

void
projects_mark(struct projects *p, struct project *q)
{
	struct projects_item *i = (struct projects_item *)(void *)q;

	if (q->stale)
		return;
	q->stale = true;
	TAILQ_INSERT_TAIL(&p->stale, i, stale);
}

void
projects_mark_all(struct projects *p)
{
	size_t cursor = 0;
	void *i;

	while (map_next(p->map, &cursor, NULL, &i))
		projects_mark(p, &((struct projects_item *)i)->project);
}

struct project *
projects_stale(struct projects *p)
{
	struct projects_item *i = TAILQ_FIRST(&p->stale);

	return i == NULL ? NULL : &i->project;
}

void
projects_told(struct projects *p, struct project *q)
{
	struct projects_item *i = (struct projects_item *)(void *)q;

	TAILQ_REMOVE(&p->stale, i, stale);
	q->stale = false;
	if (q->gone) {
		map_del_u64(p->map, q->id);
		free(i);
	}
}

static int
projects_compare(const void *a, const void *b)
{
	const struct project *const *x = a;
	const struct project *const *y = b;

	return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

void
projects_write(
    const struct projects *p, const struct policy_range *r, struct str *out)
{
	const struct project **all = xcalloc(
	    map_count(p->map) + 1, sizeof(const struct project *));
	char addr[POLICY_TEXT_MAX];
	size_t cursor = 0, n = 0;
	struct jw w;
	void *v;

	while (map_next(p->map, &cursor, NULL, &v)) {
		const struct projects_item *i = v;

		if (!i->project.gone)
			all[n++] = &i->project;
	}
	qsort(all, n, sizeof(const struct project *), projects_compare);
	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_bool(&w, "ok", true);
	jw_array(&w, "projects");
	for (size_t i = 0; i < n; i++) {
		jw_object(&w, NULL);
		jw_u64(&w, "id", all[i]->id);
		jw_str(&w, "mode", policy_mode_name(all[i]->mode));
		jw_str(&w, "address",
		    policy_addr_text(
			r->base + POLICY_FIRST_PROJECT + all[i]->id, addr));
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	free(all);
}
