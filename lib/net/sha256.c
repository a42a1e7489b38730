#include "lib/net/sha256.h"

#include <sodium.h>
#include <string.h>

void
sha256_hex(struct view v, char out[SHA256_HEX])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(
	    hash, (const unsigned char *)(v.len > 0 ? v.p : ""), v.len);
	(void)sodium_bin2hex(out, SHA256_HEX, hash, sizeof(hash));
}

bool
sha256_is_hex(const char *s)
{
	return strlen(s) == SHA256_HEX - 1 &&
	    strspn(s, "0123456789abcdef") == SHA256_HEX - 1;
}
