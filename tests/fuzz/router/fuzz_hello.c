#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "router/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was decided of a beginning holds for all that begins so. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view all = { .p = (const char *)data, .len = size };
	struct hello whole, part;
	enum hello_state end = hello_read(all, &whole);

	if (whole.name_len > sizeof(whole.name) ||
	    (end != HELLO_OK && whole.name_len > 0))
		abort();
	for (size_t n = 0; n < size; n += 1 + n / 8) {
		enum hello_state s = hello_read(
		    (struct view){ .p = all.p, .len = n }, &part);

		if (s == HELLO_MORE)
			continue;
		if (s != end ||
		    (s == HELLO_OK &&
			(part.name_len != whole.name_len ||
			    memcmp(part.name, whole.name, part.name_len) != 0)))
			abort();
	}
	return 0;
}
