#include "server/auth/signature.h"

#include <sodium.h>
#include <string.h>

void
signature_make(
    struct view secret, struct view body, unsigned char out[SIGNATURE_BYTES])
{
	crypto_auth_hmacsha256_state st;

	_Static_assert(SIGNATURE_BYTES == crypto_auth_hmacsha256_BYTES,
	    "a signature is an HMAC-SHA256");
	(void)crypto_auth_hmacsha256_init(
	    &st, (const unsigned char *)secret.p, secret.len);
	if (body.len > 0)
		(void)crypto_auth_hmacsha256_update(
		    &st, (const unsigned char *)body.p, body.len);
	(void)crypto_auth_hmacsha256_final(&st, out);
	sodium_memzero(&st, sizeof(st));
}

static int
signature_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
signature_read(const char *header, unsigned char out[SIGNATURE_BYTES])
{
	static const char prefix[] = "sha256=";

	if (header == NULL)
		return false;
	if (strncmp(header, prefix, sizeof(prefix) - 1) == 0)
		header += sizeof(prefix) - 1;
	if (strlen(header) != 2 * SIGNATURE_BYTES)
		return false;
	for (size_t i = 0; i < SIGNATURE_BYTES; i++) {
		int a = signature_digit(header[2 * i]);
		int b = signature_digit(header[2 * i + 1]);

		if (a == -1 || b == -1)
			return false;
		out[i] = (unsigned char)(a * 16 + b);
	}
	return true;
}

bool
signature_ok(const char *header, struct view secret, struct view body)
{
	unsigned char want[SIGNATURE_BYTES], got[SIGNATURE_BYTES] = { 0 };
	struct view key = secret.len > 0 ? secret : view_of("none");
	bool well = signature_read(header, got) && secret.len > 0;

	signature_make(key, body, want);
	return sodium_memcmp(want, got, sizeof(want)) == 0 && well;
}
