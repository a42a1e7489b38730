#include "router/upload.h"

#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/map.h"
#include "router/egress.h"

enum {
	UPLOAD_DAY_MS = 24 * 60 * 60 * 1000
};

struct upload {
	int64_t day;
	struct map *domains; /* uint64_t, bytes */
	uint64_t rest;
};

static void
upload_forget(struct upload *u)
{
	size_t cursor = 0;
	void *v;

	while (map_next(u->domains, &cursor, NULL, &v))
		free(v);
	map_free(u->domains);
	u->domains = map_new();
	u->rest = 0;
}

struct upload *
upload_new(void)
{
	struct upload *u = xcalloc(1, sizeof(*u));

	u->domains = map_new();
	return u;
}

void
upload_free(struct upload *u)
{
	if (u == NULL)
		return;
	upload_forget(u);
	map_free(u->domains);
	free(u);
}

static uint64_t *
upload_of(struct upload *u, const char *name, int64_t now)
{
	const char *domain = egress_registrable(name);
	int64_t day = now / UPLOAD_DAY_MS;
	uint64_t *used;

	/* A clock that was set back gives nothing back. */
	if (day > u->day) {
		upload_forget(u);
		u->day = day;
	}
	used = map_get(u->domains, domain);
	if (used != NULL)
		return used;
	if (map_count(u->domains) >= UPLOAD_DOMAINS_MAX)
		return &u->rest;
	used = xcalloc(1, sizeof(*used));
	map_put(u->domains, domain, used);
	return used;
}

bool
upload_take(
    struct upload *u, const char *name, uint64_t n, uint64_t max, int64_t now)
{
	uint64_t *used = upload_of(u, name, now);

	if (max > 0 && (*used > max || n > max - *used)) {
		/* Nor does what is smaller fit in from now on. */
		*used = max;
		return false;
	}
	*used += n;
	return true;
}

bool
upload_left(struct upload *u, const char *name, uint64_t max, int64_t now)
{
	return max == 0 || *upload_of(u, name, now) < max;
}
