/* The checks over a list of changes and a patch, cut at the first 0xFF. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "findings/check.h"
#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *sep = size == 0 ? NULL : memchr(data, 0xff, size);
	size_t n = sep == NULL ? 0 : (size_t)(sep - data);
	char *copy = malloc(size + 1);
	struct findings f = { .list = NULL };
	struct err e = ERR_INIT;
	size_t skip = sep == NULL ? 0 : n + 1;

	if (copy == NULL)
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	(void)check_diff((struct view){ copy, n },
	    (struct view){ copy + skip, size - skip }, &f, &e);
	if (f.n > FINDING_MAX + 1)
		abort();
	findings_release(&f);
	free(copy);
	return 0;
}
