#include "router/quota.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/map.h"
#include "router/egress.h"

/* Bits in a letter, above which a long label is no word. */
static const double quota_random_bits = 3.4;

struct quota_domain {
	uint32_t names, bytes, odd;
};

struct quota {
	struct map *domains; /* registrable -> struct quota_domain */
	struct map *seen;    /* names that were counted */
	uint32_t names, bytes;
	int64_t start_ms;
};

struct quota *
quota_new(void)
{
	struct quota *q = xcalloc(1, sizeof(*q));

	q->domains = map_new();
	q->seen = map_new();
	return q;
}

static void
quota_clear(struct quota *q)
{
	size_t cursor = 0;
	void *d;

	while (map_next(q->domains, &cursor, NULL, &d))
		free(d);
	map_free(q->domains);
	map_free(q->seen);
}

void
quota_free(struct quota *q)
{
	if (q == NULL)
		return;
	quota_clear(q);
	free(q);
}

/* Shannon's, of one label. */
static double
quota_bits(const char *p, size_t n)
{
	unsigned counts[256] = { 0 };
	double bits = 0;

	for (size_t i = 0; i < n; i++)
		counts[(unsigned char)p[i]]++;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		double share = (double)counts[i] / (double)n;

		if (counts[i] > 0)
			bits -= share * log2(share);
	}
	return bits;
}

/* A long part of a label, between hyphens, that is no word. */
static bool
quota_is_random(const char *p, size_t n)
{
	while (n > 0) {
		size_t part = 0;

		while (part < n && p[part] != '-' && p[part] != '_')
			part++;
		if (part >= QUOTA_ODD_RANDOM &&
		    quota_bits(p, part) > quota_random_bits)
			return true;
		if (part == n)
			break;
		p += part + 1;
		n -= part + 1;
	}
	return false;
}

bool
quota_is_odd(const char *name)
{
	const char *end = egress_registrable(name);

	while (name < end) {
		size_t n = strcspn(name, ".");

		if (n >= QUOTA_ODD_LABEL || quota_is_random(name, n))
			return true;
		name += n + 1;
	}
	return false;
}

static void
quota_turn(struct quota *q, int64_t now)
{
	if (q->start_ms != 0 && now - q->start_ms < QUOTA_SPAN_MS &&
	    now >= q->start_ms)
		return;
	quota_clear(q);
	*q = (struct quota){
		.domains = map_new(), .seen = map_new(), .start_ms = now
	};
}

bool
quota_take(struct quota *q, const char *name, int64_t now)
{
	const char *domain = egress_registrable(name);
	uint32_t bytes = (uint32_t)(domain - name);
	bool odd = quota_is_odd(name);
	struct quota_domain *d;

	if (bytes == 0)
		return true;
	quota_turn(q, now);
	if (map_get(q->seen, name) != NULL)
		return true;
	d = map_get(q->domains, domain);
	if (q->names >= QUOTA_ALL_NAMES || q->bytes + bytes > QUOTA_ALL_BYTES)
		return false;
	if (d == NULL) {
		d = xcalloc(1, sizeof(*d));
		map_put(q->domains, domain, d);
	}
	if (d->names >= QUOTA_NAMES || d->bytes + bytes > QUOTA_BYTES ||
	    (odd && d->odd >= QUOTA_ODD))
		return false;
	d->names++;
	d->bytes += bytes;
	d->odd += odd;
	q->names++;
	q->bytes += bytes;
	map_put(q->seen, name, d);
	return true;
}
