#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "server/http/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is sent is within what there is, whatever is asked. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t sizes[] = { 0, 1, 5, UINT64_MAX };
	char *text = xmalloc(size + 1);

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct range r;
		enum range_answer a = range_of(text, NULL, "", sizes[i], &r);

		if (r.from > sizes[i] || r.n > sizes[i] - r.from ||
		    (a == RANGE_PART && r.n == 0))
			abort();
	}
	free(text);
	return 0;
}
