#include "router/projects.h"

#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/list.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct projects_item {
	struct project project; /* first: one is found by the other */
	TAILQ_ENTRY(projects_item) stale[PROJECTS_PEERS_MAX];
};

TAILQ_HEAD(projects_items, projects_item);

struct projects {
	struct map *map; /* id -> item */
	unsigned peers;
	struct projects_items stale[PROJECTS_PEERS_MAX];
};

struct projects *
projects_new(unsigned peers)
{
	struct projects *p = xcalloc(1, sizeof(*p));

	p->map = map_new();
	p->peers = peers;
	for (unsigned i = 0; i < PROJECTS_PEERS_MAX; i++)
		TAILQ_INIT(&p->stale[i]);
	return p;
}

static void
projects_item_free(struct projects_item *i)
{
	egress_policy_free(i->project.policy);
	free(i->project.error);
	free(i);
}

void
projects_free(struct projects *p)
{
	size_t cursor = 0;
	void *i;

	if (p == NULL)
		return;
	while (map_next(p->map, &cursor, NULL, &i))
		projects_item_free(i);
	map_free(p->map);
	free(p);
}

static struct egress_policy *
projects_off(void)
{
	return egress_policy_new(
	    &(const struct egress_spec){ .mode = POLICY_OFF });
}

struct project *
projects_put(struct projects *p, uint32_t id)
{
	struct projects_item *i = map_get_u64(p->map, id);

	if (i == NULL) {
		i = xcalloc(1, sizeof(*i));
		i->project.id = id;
		i->project.policy = projects_off();
		map_put_u64(p->map, id, i);
	}
	if (i->project.gone) {
		i->project.gone = false;
		project_set_policy(&i->project, projects_off());
	}
	return &i->project;
}

struct project *
projects_find(struct projects *p, uint32_t id)
{
	struct projects_item *i = map_get_u64(p->map, id);

	return i == NULL || i->project.gone ? NULL : &i->project;
}

struct project *
projects_next(struct projects *p, size_t *cursor)
{
	void *i;

	while (map_next(p->map, cursor, NULL, &i)) {
		struct project *q = &((struct projects_item *)i)->project;

		if (!q->gone)
			return q;
	}
	return NULL;
}

void
project_set_policy(struct project *q, struct egress_policy *policy)
{
	egress_policy_free(q->policy);
	q->policy = policy;
	q->version++;
	q->next_end_ms = 0;
	q->adopted = false;
	free(q->error);
	q->error = NULL;
}

enum policy_mode
project_mode(const struct project *q)
{
	return egress_policy_mode(q->policy);
}

void
projects_mark_for(struct projects *p, struct project *q, unsigned peer)
{
	struct projects_item *i = (struct projects_item *)(void *)q;

	if (q->stale[peer])
		return;
	q->stale[peer] = true;
	TAILQ_INSERT_TAIL(&p->stale[peer], i, stale[peer]);
}

void
projects_mark(struct projects *p, struct project *q)
{
	for (unsigned i = 0; i < p->peers; i++)
		projects_mark_for(p, q, i);
}

void
projects_mark_all(struct projects *p, unsigned peer)
{
	size_t cursor = 0;
	void *i;

	while (map_next(p->map, &cursor, NULL, &i))
		projects_mark_for(
		    p, &((struct projects_item *)i)->project, peer);
}

struct project *
projects_stale(struct projects *p, unsigned peer)
{
	struct projects_item *i = TAILQ_FIRST(&p->stale[peer]);

	return i == NULL ? NULL : &i->project;
}

void
projects_told(struct projects *p, struct project *q, unsigned peer)
{
	struct projects_item *i = (struct projects_item *)(void *)q;

	TAILQ_REMOVE(&p->stale[peer], i, stale[peer]);
	q->stale[peer] = false;
	for (unsigned k = 0; k < p->peers; k++) {
		if (q->stale[k])
			return;
	}
	if (q->gone) {
		map_del_u64(p->map, q->id);
		projects_item_free(i);
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
		jw_str(&w, "mode", policy_mode_name(project_mode(all[i])));
		jw_str(&w, "address",
		    policy_addr_text(
			r->base + POLICY_FIRST_PROJECT + all[i]->id, addr));
		if (egress_policy_spec(all[i]->policy)->lockdown)
			jw_bool(&w, "lockdown", true);
		if (all[i]->error != NULL)
			jw_str(&w, "error", all[i]->error);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	free(all);
}
