/*
 * bucket: token buckets by key, in a table of fixed size: the one that was
 * idle longest makes room.  Keys are hashed with a secret of the process.
 * Times are ms of any clock that does not go back.
 */
#ifndef SERVER_AUTH_BUCKET_H
#define SERVER_AUTH_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

struct buckets;

enum {
	BUCKET_RATE_MAX = 1000000
};

/* per_ks: what flows in within 1,000 seconds; burst: what a full one holds.  A
 * rate of 0 lets everything through. */
struct buckets *buckets_new(uint64_t per_ks, uint64_t burst);
void buckets_free(struct buckets *b); /* NULL is fine */
/* One of the key's; false when it is empty, with the ms until one is there. */
bool buckets_take(
    struct buckets *b, struct view key, int64_t now, int64_t *retry_ms);
/*
 * A client's address as a key: "[v6]:port" and "v4:port" without the port, of
 * IPv6 its first 64 bits, which are one customer's; a mapped one is IPv4.
 */
enum {
	BUCKET_ADDRESS_MAX = 128
};
void bucket_address(const char *peer, char out[BUCKET_ADDRESS_MAX]);

/* Gives one back. */
void buckets_give(struct buckets *b, struct view key, int64_t now);

#endif
