#include <stdint.h>
#include <stdlib.h>

#include "cli/reviewer/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any text comes to its end in marked lines, in a bounded number of steps. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chunk_part part = { .what = { 1, "a" },
		.text = { (const char *)data, size },
		.patch = size > 0 && data[0] % 2 == 0 };
	const size_t budget = size > 1 ? (size_t)data[1] * 16 : 100;
	size_t steps = 0;

	if (size > 1 << 14)
		return 0;
	do {
		struct chunk c;
		size_t at = part.at;

		chunk_init(&c);
		if (!chunk_add(&c, &part, budget) || ++steps > size + 1)
			abort();
		if (part.at <= at && part.at < size)
			abort();
		for (size_t i = 0; i < c.text.len; i++)
			if (c.text.p[i] == '\0')
				abort();
		chunk_release(&c);
	} while (part.at < size);
	return 0;
}
