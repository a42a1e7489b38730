#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Properties: a cut of valid text is valid, short enough and not too short. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = { .p = (const char *)data, .len = size };
	size_t max = size == 0 ? 0 : data[0];
	struct view cut = utf8_cut(v, max);
	bool valid = utf8_valid(v);
	uint32_t cp = 0;

	if (cut.p != v.p || cut.len > max || cut.len > v.len)
		abort();
	if (valid && !utf8_valid(cut))
		abort();
	if (v.len > max && cut.len + 3 < max)
		abort();
	while (v.len > 0) {
		size_t n = utf8_decode(v, &cp);

		if (n > v.len || n > 4 || (n > 0 && cp > 0x10ffff))
			abort();
		if (n == 0 && valid)
			abort();
		v = view_from(v, n == 0 ? 1 : n);
	}
	return 0;
}
