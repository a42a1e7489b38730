#include "packs/crc.h"

#include <string.h>

/* The reflected polynomial, four bits at a time. */
static const uint32_t crc_nibble[16] = { 0x00000000, 0x105ec76f, 0x20bd8ede,
	0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78,
	0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a,
	0xf36e6f75 };

uint32_t
crc_add_soft(uint32_t crc, const void *p, size_t n)
{
	const uint8_t *b = p;

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc = crc_nibble[(crc ^ b[i]) & 15] ^ (crc >> 4);
		crc = crc_nibble[(crc ^ (b[i] >> 4)) & 15] ^ (crc >> 4);
	}
	return ~crc;
}

#ifdef __x86_64__

__attribute__((target("sse4.2"))) static uint32_t
crc_add_sse(uint32_t crc, const uint8_t *b, size_t n)
{
	uint64_t c = ~crc;

	for (; n >= 8; n -= 8, b += 8) {
		uint64_t word;

		memcpy(&word, b, sizeof(word));
		c = __builtin_ia32_crc32di(c, word);
	}
	for (; n > 0; n--, b++)
		c = __builtin_ia32_crc32qi((uint32_t)c, *b);
	return ~(uint32_t)c;
}

uint32_t
crc_add(uint32_t crc, const void *p, size_t n)
{
	return __builtin_cpu_supports("sse4.2") ? crc_add_sse(crc, p, n)
						: crc_add_soft(crc, p, n);
}

#else

uint32_t
crc_add(uint32_t crc, const void *p, size_t n)
{
	return crc_add_soft(crc, p, n);
}

#endif
