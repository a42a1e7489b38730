#include "lib/net/sha256.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"

struct sha256 {
	crypto_hash_sha256_state state;
};

void
sha256_hex(struct view v, char out[SHA256_HEX])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(
	    hash, (const unsigned char *)(v.len > 0 ? v.p : ""), v.len);
	(void)sodium_bin2hex(out, SHA256_HEX, hash, sizeof(hash));
}

struct sha256 *
sha256_new(void)
{
	struct sha256 *h = xmalloc(sizeof(*h));

	(void)crypto_hash_sha256_init(&h->state);
	return h;
}

void
sha256_add(struct sha256 *h, struct view v)
{
	if (v.len > 0)
		(void)crypto_hash_sha256_update(
		    &h->state, (const unsigned char *)v.p, v.len);
}

void
sha256_end(struct sha256 *h, char out[SHA256_HEX])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256_final(&h->state, hash);
	(void)sodium_bin2hex(out, SHA256_HEX, hash, sizeof(hash));
	sha256_free(h);
}

void
sha256_free(struct sha256 *h)
{
	free(h);
}

bool
sha256_is_hex(const char *s)
{
	return strlen(s) == SHA256_HEX - 1 &&
	    strspn(s, "0123456789abcdef") == SHA256_HEX - 1;
}
