#include <stdint.h>
#include <stdlib.h>

#include "findings/unicode.h"
#include "lib/base/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view v = { (const char *)data, size };
	struct unicode_hit hit = unicode_scan(v);
	bool key = false;

	if (hit.kind != UNICODE_CLEAN && (hit.column == 0 || hit.column > size))
		abort();
	(void)secret_find(v, &key);
	return 0;
}
