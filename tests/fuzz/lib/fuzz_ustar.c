#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/ustar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = { .p = (const char *)data, .len = size };
	struct ustar_file f;
	struct err e = ERR_INIT;

	while (ustar_next(&rest, &f, &e) == 1)
		;
	return 0;
}
