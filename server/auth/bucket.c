#include "server/auth/bucket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "lib/base/alloc.h"
#include "lib/base/rnd.h"

enum {
	BUCKET_SETS = 512,
	BUCKET_WAYS = 8
};

/* A bucket as one time (GCRA): when it will be full again. */
struct bucket {
	uint64_t key;
	int64_t full_at; /* us; past: it is full */
};

struct buckets {
	int64_t step; /* us per piece; 0: no limit */
	int64_t room; /* us of a whole burst */
	unsigned char secret[crypto_shorthash_KEYBYTES];
	struct bucket at[BUCKET_SETS][BUCKET_WAYS];
};

struct buckets *
buckets_new(uint64_t per_ks, uint64_t burst)
{
	struct buckets *b = xcalloc(1, sizeof(*b));

	rnd_bytes(b->secret, sizeof(b->secret));
	if (per_ks == 0)
		return b;
	b->step = (int64_t)(UINT64_C(1000000000) / per_ks);
	if (b->step == 0)
		b->step = 1;
	b->room = b->step * (int64_t)(burst > 0 ? burst : 1);
	return b;
}

void
buckets_free(struct buckets *b)
{
	free(b);
}

static struct bucket *
bucket_find(struct buckets *b, struct view key)
{
	struct bucket *set, *idle;
	uint64_t h;

	crypto_shorthash((unsigned char *)&h, (const unsigned char *)key.p,
	    key.len, b->secret);
	set = b->at[h % BUCKET_SETS];
	idle = &set[0];
	for (int i = 0; i < BUCKET_WAYS; i++) {
		if (set[i].key == h)
			return &set[i];
		if (set[i].full_at < idle->full_at)
			idle = &set[i];
	}
	*idle = (struct bucket){ .key = h };
	return idle;
}

bool
buckets_take(struct buckets *b, struct view key, int64_t now, int64_t *retry_ms)
{
	int64_t us = now * 1000, full;
	struct bucket *x;

	*retry_ms = 0;
	if (b->step == 0)
		return true;
	x = bucket_find(b, key);
	full = (x->full_at > us ? x->full_at : us) + b->step;
	if (full - us > b->room) {
		*retry_ms = (full - us - b->room + 999) / 1000;
		return false;
	}
	x->full_at = full;
	return true;
}

void
buckets_give(struct buckets *b, struct view key, int64_t now)
{
	struct bucket *x;

	if (b->step == 0)
		return;
	x = bucket_find(b, key);
	if (x->full_at > now * 1000)
		x->full_at -= b->step;
}

void
bucket_address(const char *peer, char out[BUCKET_ADDRESS_MAX])
{
	struct in6_addr a;
	const char *end = strrchr(peer, ']');
	const char *colon = strrchr(peer, ':');
	char text[BUCKET_ADDRESS_MAX];

	if (peer[0] != '[' || end == NULL) {
		(void)snprintf(out, BUCKET_ADDRESS_MAX, "%.*s",
		    colon != NULL ? (int)(colon - peer) : BUCKET_ADDRESS_MAX,
		    peer);
		return;
	}
	(void)snprintf(
	    text, sizeof(text), "%.*s", (int)(end - peer) - 1, peer + 1);
	if (strchr(text, '%') != NULL)
		*strchr(text, '%') = '\0';
	if (inet_pton(AF_INET6, text, &a) != 1) {
		(void)snprintf(out, BUCKET_ADDRESS_MAX, "%s", text);
	} else if (IN6_IS_ADDR_V4MAPPED(&a)) {
		(void)inet_ntop(
		    AF_INET, &a.s6_addr[12], out, BUCKET_ADDRESS_MAX);
	} else {
		memset(&a.s6_addr[8], 0, 8);
		(void)inet_ntop(AF_INET6, &a, out, BUCKET_ADDRESS_MAX);
	}
}
