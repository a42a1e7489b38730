#include <stddef.h>
#include <stdint.h>

#include "cli/record.h"
#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record r = { .tar = STR_INIT_MAX(1 << 20) };
	struct err e = ERR_INIT;

	str_addn(&r.tar, data, size);
	if (record_open(&r, &e) == 0)
		(void)record_check(&r, "/nonexistent", &e);
	record_release(&r);
	return 0;
}
