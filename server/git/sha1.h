/*
 * sha1: SHA-1 (RFC 3174) of the bytes of git's files, which end with it: to
 * find what a disk has changed, not to trust what a stranger made.
 */
#ifndef SERVER_GIT_SHA1_H
#define SERVER_GIT_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum {
	SHA1_BYTES = 20,
	SHA1_BLOCK = 64
};

struct sha1 {
	uint32_t h[5];
	uint64_t len; /* bytes so far */
	unsigned char block[SHA1_BLOCK];
};

void sha1_init(struct sha1 *s);
void sha1_add(struct sha1 *s, const void *p, size_t n);
void sha1_end(struct sha1 *s, unsigned char out[SHA1_BYTES]);

#endif
