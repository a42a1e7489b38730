#include "server/jobs/mirror_host.h"

#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/map.h"

enum {
	MIRROR_HOST_PER = 4,
	MIRROR_HOST_WAIT_MS = 5 * 1000, /* doubled with each failure */
	MIRROR_HOST_WAIT_MAX_MS = 5 * 60 * 1000
};

struct mirror_host {
	const struct mirror_hosts *of;
	bool local; /* this disk: its projects have nothing in common */
	unsigned running;
	unsigned failures; /* in a row */
	int64_t down_until;
	int64_t rate_until;
};

struct mirror_hosts {
	struct map *by_name;
	unsigned per_host;
};

struct mirror_hosts *
mirror_hosts_new(unsigned per_host)
{
	struct mirror_hosts *x = xcalloc(1, sizeof(*x));

	x->by_name = map_new();
	x->per_host = per_host != 0 ? per_host : MIRROR_HOST_PER;
	return x;
}

void
mirror_hosts_free(struct mirror_hosts *x)
{
	size_t cursor = 0;
	void *value;

	if (x == NULL)
		return;
	while (map_next(x->by_name, &cursor, NULL, &value))
		free(value);
	map_free(x->by_name);
	free(x);
}

void
mirror_hosts_back(struct mirror_hosts *x, int64_t ms)
{
	size_t cursor = 0;
	void *value;

	while (map_next(x->by_name, &cursor, NULL, &value)) {
		struct mirror_host *h = value;

		if (h->down_until > ms)
			h->down_until -= ms;
		if (h->rate_until > ms)
			h->rate_until -= ms;
	}
}

struct mirror_host *
mirror_host_get(struct mirror_hosts *x, const char *name)
{
	struct mirror_host *h = map_get(x->by_name, name);

	if (h != NULL)
		return h;
	h = xcalloc(1, sizeof(*h));
	h->of = x;
	h->local = name[0] == '\0';
	(void)map_put(x->by_name, name, h);
	return h;
}

bool
mirror_host_may(const struct mirror_host *h, bool wanted, int64_t now)
{
	if (h->running >= h->of->per_host || now < h->rate_until)
		return false;
	if (wanted || h->failures == 0)
		return true;
	return now >= h->down_until && h->running == 0;
}

int64_t
mirror_host_until(const struct mirror_host *h, int64_t now)
{
	int64_t until = h->down_until > h->rate_until ? h->down_until
						      : h->rate_until;

	return until > now ? until : 0;
}

int64_t
mirror_host_rate_until(const struct mirror_host *h, int64_t now)
{
	return h->rate_until > now ? h->rate_until : 0;
}

void
mirror_host_begin(struct mirror_host *h)
{
	h->running++;
}

void
mirror_host_end(
    struct mirror_host *h, enum mirror_fail kind, int64_t until, int64_t now)
{
	int64_t wait = MIRROR_HOST_WAIT_MS;

	h->running--;
	if (kind == MIRROR_FAIL_RATE) {
		mirror_host_wait(h, until);
		return;
	}
	if (h->local)
		return;
	if (!mirror_fail_is_host(kind)) {
		h->failures = 0;
		h->down_until = 0;
		return;
	}
	for (unsigned i = 0; i < h->failures && wait < MIRROR_HOST_WAIT_MAX_MS;
	     i++)
		wait *= 2;
	if (wait > MIRROR_HOST_WAIT_MAX_MS)
		wait = MIRROR_HOST_WAIT_MAX_MS;
	/* Those that ran beside it say the same thing once more. */
	if (now >= h->down_until) {
		h->failures++;
		h->down_until = now + wait;
	}
}

void
mirror_host_wait(struct mirror_host *h, int64_t until)
{
	if (until > h->rate_until)
		h->rate_until = until;
}
