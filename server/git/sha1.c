#include "server/git/sha1.h"

#include <string.h>

static uint32_t
sha1_rol(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static uint32_t
sha1_word(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* One round; the caller turns the names instead of the values. */
#define SHA1_ROUND(a, b, c, d, e, f, k, w)                         \
	do {                                                       \
		(e) += sha1_rol((a), 5) + (f) + UINT32_C(k) + (w); \
		(b) = sha1_rol((b), 30);                           \
	} while (0)
#define SHA1_FIVE(f, k, i)                                            \
	do {                                                          \
		SHA1_ROUND(a, b, c, d, e, f(b, c, d), k, w[i]);       \
		SHA1_ROUND(e, a, b, c, d, f(a, b, c), k, w[(i) + 1]); \
		SHA1_ROUND(d, e, a, b, c, f(e, a, b), k, w[(i) + 2]); \
		SHA1_ROUND(c, d, e, a, b, f(d, e, a), k, w[(i) + 3]); \
		SHA1_ROUND(b, c, d, e, a, f(c, d, e), k, w[(i) + 4]); \
	} while (0)
#define SHA1_CH(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define SHA1_PARITY(x, y, z) ((x) ^ (y) ^ (z))
#define SHA1_MAJ(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))

static void
sha1_blocks(struct sha1 *s, const unsigned char *p, size_t n)
{
	uint32_t w[80];

	for (; n > 0; n--, p += SHA1_BLOCK) {
		uint32_t a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3];
		uint32_t e = s->h[4];

		for (unsigned i = 0; i < 16; i++)
			w[i] = sha1_word(p + (size_t)4 * i);
		for (unsigned i = 16; i < 80; i++)
			w[i] = sha1_rol(
			    w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
		for (unsigned i = 0; i < 20; i += 5)
			SHA1_FIVE(SHA1_CH, 0x5a827999, i);
		for (unsigned i = 20; i < 40; i += 5)
			SHA1_FIVE(SHA1_PARITY, 0x6ed9eba1, i);
		for (unsigned i = 40; i < 60; i += 5)
			SHA1_FIVE(SHA1_MAJ, 0x8f1bbcdc, i);
		for (unsigned i = 60; i < 80; i += 5)
			SHA1_FIVE(SHA1_PARITY, 0xca62c1d6, i);
		s->h[0] += a;
		s->h[1] += b;
		s->h[2] += c;
		s->h[3] += d;
		s->h[4] += e;
	}
}

void
sha1_init(struct sha1 *s)
{
	static const uint32_t first[5] = { 0x67452301, 0xefcdab89, 0x98badcfe,
		0x10325476, 0xc3d2e1f0 };

	s->len = 0;
	memcpy(s->h, first, sizeof(first));
}

void
sha1_add(struct sha1 *s, const void *p, size_t n)
{
	const unsigned char *at = p;
	size_t have = s->len % SHA1_BLOCK;

	s->len += n;
	if (have > 0) {
		size_t room = SHA1_BLOCK - have;

		if (n < room) {
			memcpy(s->block + have, at, n);
			return;
		}
		memcpy(s->block + have, at, room);
		sha1_blocks(s, s->block, 1);
		at += room;
		n -= room;
	}
	sha1_blocks(s, at, n / SHA1_BLOCK);
	at += n - n % SHA1_BLOCK;
	memcpy(s->block, at, n % SHA1_BLOCK);
}

void
sha1_end(struct sha1 *s, unsigned char out[SHA1_BYTES])
{
	static const unsigned char pad[SHA1_BLOCK] = { 0x80 };
	uint64_t bits = s->len * 8;
	size_t have = s->len % SHA1_BLOCK;
	unsigned char tail[8];

	for (unsigned i = 0; i < 8; i++)
		tail[i] = (unsigned char)(bits >> (56 - 8 * i));
	sha1_add(s, pad, have < 56 ? 56 - have : 120 - have);
	sha1_add(s, tail, sizeof(tail));
	for (unsigned i = 0; i < SHA1_BYTES; i++)
		out[i] = (unsigned char)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}
