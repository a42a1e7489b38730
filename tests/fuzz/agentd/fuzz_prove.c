/* What a sandbox answers to coffer-prove: hostile. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/prove/prove.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO_FREE char *text = xcalloc(n + 1, 1);
	struct prove_count c;

	if (n > 0)
		memcpy(text, p, n);
	prove_count(text, &c);
	if (c.good > c.all || memchr(c.first, '\0', sizeof(c.first)) == NULL)
		abort();
	return 0;
}
