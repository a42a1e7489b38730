#include <stdio.h>
#include <string.h>

#include "server/auth/signature.h"
#include "server/git/sha1.h"
#include "server/jobs/hook_priv.h"

static void
hooksign_hex(const unsigned char *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * n] = '\0';
}

void
hook_sign_256(
    const char *secret, struct view body, char out[HOOK_SIGN_256_HEX + 1])
{
	unsigned char mac[SIGNATURE_BYTES];

	out[0] = '\0';
	if (secret[0] == '\0')
		return;
	signature_make(view_of(secret), body, mac);
	hooksign_hex(mac, sizeof(mac), out);
}

void
hook_sign_1(const char *secret, struct view body, char out[HOOK_SIGN_1_HEX + 1])
{
	unsigned char key[SHA1_BLOCK] = { 0 }, pad[SHA1_BLOCK];
	unsigned char mac[SHA1_BYTES];
	struct view k = view_of(secret);
	struct sha1 h;

	out[0] = '\0';
	if (k.len == 0)
		return;
	if (k.len > sizeof(key)) {
		sha1_init(&h);
		sha1_add(&h, k.p, k.len);
		sha1_end(&h, key);
	} else {
		memcpy(key, k.p, k.len);
	}
	for (size_t i = 0; i < sizeof(key); i++)
		pad[i] = key[i] ^ 0x36;
	sha1_init(&h);
	sha1_add(&h, pad, sizeof(pad));
	sha1_add(&h, body.p, body.len);
	sha1_end(&h, mac);
	for (size_t i = 0; i < sizeof(key); i++)
		pad[i] = key[i] ^ 0x5c;
	sha1_init(&h);
	sha1_add(&h, pad, sizeof(pad));
	sha1_add(&h, mac, sizeof(mac));
	sha1_end(&h, mac);
	hooksign_hex(mac, sizeof(mac), out);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(pad, sizeof(pad));
	explicit_bzero(&h, sizeof(h));
}
