#include "lib/base/rnd.h"

#include <sys/random.h>

#include <errno.h>

#include "lib/base/log.h"

void
rnd_bytes(void *p, size_t n)
{
	unsigned char *at = p;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			die("rnd getrandom errno=%d", errno);
		at += got;
		n -= (size_t)got;
	}
}

void
rnd_hex(char *out, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char b;

	for (size_t i = 0; i < n; i++) {
		rnd_bytes(&b, 1);
		out[2 * i] = digits[b >> 4];
		out[2 * i + 1] = digits[b & 15];
	}
	out[2 * n] = '\0';
}

uint64_t
rnd_below(uint64_t below)
{
	uint64_t v, skip;

	if (below == 0)
		die("rnd below zero");
	/* 2^64 mod below: the values that would make the low ones likelier. */
	/* cppcheck-suppress zerodivcond */
	skip = (UINT64_MAX - below + 1) % below;
	do
		rnd_bytes(&v, sizeof(v));
	while (v < skip);
	/* cppcheck-suppress zerodivcond */
	return v % below;
}
