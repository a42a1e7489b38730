#include "server/web/csrf.h"

#include <sodium.h>

/* The session's value, which no page shows. */
static void
csrf_of(struct view secret, unsigned char out[CSRF_BYTES])
{
	static const char label[] = "coffer form";

	(void)crypto_generichash(out, CSRF_BYTES, (const void *)label,
	    sizeof(label), (const void *)secret.p, secret.len);
}

void
csrf_put(struct view secret, char out[CSRF_TEXT])
{
	unsigned char all[2 * CSRF_BYTES];

	csrf_of(secret, all + CSRF_BYTES);
	randombytes_buf(all, CSRF_BYTES);
	for (size_t i = 0; i < CSRF_BYTES; i++)
		all[CSRF_BYTES + i] ^= all[i];
	(void)sodium_bin2hex(out, CSRF_TEXT, all, sizeof(all));
}

bool
csrf_ok(struct view secret, struct view given)
{
	unsigned char all[2 * CSRF_BYTES], want[CSRF_BYTES];
	size_t n = 0;

	if (given.len != CSRF_TEXT - 1 ||
	    sodium_hex2bin(
		all, sizeof(all), given.p, given.len, NULL, &n, NULL) != 0 ||
	    n != sizeof(all))
		return false;
	csrf_of(secret, want);
	for (size_t i = 0; i < CSRF_BYTES; i++)
		want[i] ^= all[i];
	return sodium_memcmp(want, all + CSRF_BYTES, CSRF_BYTES) == 0;
}
