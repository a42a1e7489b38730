#include "findings/reach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings/check.h"
#include "lib/base/alloc.h"
#include "lib/base/map.h"

enum {
	REACH_HOPS_MAX = 40, /* as a kernel follows */
	REACH_TRIES_MAX = 64 /* names of one file that are tried */
};

struct reach_name {
	char *link, *way; /* way: what it leads to; "": all of the tree */
	const char *id;   /* of what obeys the link itself; a constant */
};

struct reach {
	struct map *links; /* path: target */
	struct reach_name *list;
	size_t n;
};

struct reach *
reach_new(void)
{
	struct reach *r = xcalloc(1, sizeof(*r));

	r->links = map_new();
	return r;
}

void
reach_free(struct reach *r)
{
	size_t cursor = 0;
	void *target;

	if (r == NULL)
		return;
	while (map_next(r->links, &cursor, NULL, &target))
		free(target);
	map_free(r->links);
	for (size_t i = 0; i < r->n; i++) {
		free(r->list[i].link);
		free(r->list[i].way);
	}
	free(r->list);
	free(r);
}

bool
reach_add(struct reach *r, const char *path, struct view target)
{
	if (map_count(r->links) == REACH_LINKS_MAX ||
	    target.len > SCAN_PATH_MAX || strlen(path) > SCAN_PATH_MAX)
		return false;
	free(map_put(r->links, path, view_dup(target)));
	return true;
}

/* What somebody obeys by its mere name, if it weighs more than a note. */
static const char *
reach_obeyed(const struct scan_change *c)
{
	struct findings found = { .list = NULL };
	const char *id = NULL;

	check_autorun(c, &found);
	if (found.n > 0 && found.list[0].severity > FINDING_NOTE)
		id = found.list[0].id;
	findings_release(&found);
	return id;
}

/* A way through a tree that is being gone. */
struct reach_walk {
	char way[SCAN_PATH_MAX + 1];
	size_t len;
	char rest[2 * SCAN_PATH_MAX + 2];
};

static void
reach_up(struct reach_walk *w)
{
	while (w->len > 0 && w->way[--w->len] != '/')
		;
	w->way[w->len] = '\0';
}

static bool
reach_down(struct reach_walk *w, struct view part)
{
	if (w->len + part.len + 1 > SCAN_PATH_MAX)
		return false;
	if (w->len > 0)
		w->way[w->len++] = '/';
	memcpy(w->way + w->len, part.p, part.len);
	w->len += part.len;
	w->way[w->len] = '\0';
	return true;
}

/* In place of the link that it came to: the link's target. */
static bool
reach_through(struct reach_walk *w, const char *target, struct view rest)
{
	char next[sizeof(w->rest)];
	int n = snprintf(next, sizeof(next), "%s/%.*s", target, (int)rest.len,
	    rest.p == NULL ? "" : rest.p);

	if (target[0] == '/' || n < 0 || (size_t)n >= sizeof(next))
		return false;
	memcpy(w->rest, next, (size_t)n + 1);
	reach_up(w);
	return true;
}

/* Where a link ends, through the others; false: not in the tree. */
static bool
reach_follow(const struct reach *r, const char *link, struct reach_walk *w)
{
	struct view rest, part;
	const char *target;

	w->len = 0;
	w->way[0] = '\0';
	(void)snprintf(w->rest, sizeof(w->rest), "%s", link);
	rest = view_of(w->rest);
	for (int hops = 0; rest.len > 0 && view_split(&rest, '/', &part);) {
		if (part.len == 0 || view_is(part, "."))
			continue;
		if (view_is(part, "..")) {
			if (w->len == 0)
				return false;
			reach_up(w);
			continue;
		}
		if (!reach_down(w, part))
			return false;
		if ((target = map_get(r->links, w->way)) == NULL)
			continue;
		if (++hops > REACH_HOPS_MAX || !reach_through(w, target, rest))
			return false;
		rest = view_of(w->rest);
	}
	return true;
}

bool
reach_end(const struct reach *r, const char *path, char *end)
{
	struct reach_walk *w = xmalloc(sizeof(*w));
	bool is_in = strlen(path) <= SCAN_PATH_MAX && reach_follow(r, path, w);

	if (is_in)
		memcpy(end, w->way, w->len + 1);
	free(w);
	return is_in;
}

static int
reach_order(const void *a, const void *b)
{
	const struct reach_name *x = a, *y = b;

	return strcmp(x->link, y->link);
}

void
reach_settle(struct reach *r)
{
	struct reach_walk *w = xmalloc(sizeof(*w));
	size_t cursor = 0;
	const char *link;

	r->list = xcalloc(map_count(r->links) + 1, sizeof(*r->list));
	while (map_next(r->links, &cursor, &link, NULL)) {
		const struct scan_change c = {
			.new_mode = SCAN_MODE_LINK, .status = 'A', .path = link
		};
		const char *id = reach_obeyed(&c);

		if (id != NULL && reach_follow(r, link, w))
			r->list[r->n++] = (struct reach_name){ .link = xstrdup(
								   link),
				.way = xstrdup(w->way),
				.id = id };
	}
	/* The map has no order that holds. */
	qsort(r->list, r->n, sizeof(*r->list), reach_order);
	free(w);
}

/* The rest of path behind the end of a link, from its slash on; NULL: it is
 * elsewhere.  Case: as the least strict file system has it. */
static const char *
reach_behind(const struct reach_name *x, const char *path)
{
	size_t n = strlen(x->way);

	if (n == 0)
		return path;
	if (strncasecmp(path, x->way, n) != 0 ||
	    (path[n] != '/' && path[n] != '\0'))
		return NULL;
	return path[n] == '/' ? path + n + 1 : path + n;
}

const char *
reach_of(const struct reach *r, const struct scan_change *c, char *as)
{
	struct scan_change other = *c;
	int tries = 0;

	if (c->new_mode == 0 || r->n == 0 || reach_obeyed(c) != NULL)
		return NULL;
	other.path = as;
	for (size_t i = 0; i < r->n; i++) {
		const char *rest = reach_behind(&r->list[i], c->path);
		const char *id;
		int n;

		if (rest == NULL)
			continue;
		n = snprintf(as, SCAN_PATH_MAX + 1, "%s%s%s", r->list[i].link,
		    rest[0] == '\0' ? "" : "/", rest);
		/* A name that cannot be tried counts as the link does. */
		if (n > SCAN_PATH_MAX || ++tries > REACH_TRIES_MAX)
			return r->list[i].id;
		if ((id = reach_obeyed(&other)) != NULL)
			return id;
	}
	return NULL;
}
