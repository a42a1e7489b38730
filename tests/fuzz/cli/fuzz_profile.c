#include <stddef.h>
#include <stdint.h>

#include "cli/profile.h"
#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct profile p = { .packages = STR_INIT, .components = STR_INIT };
	struct err e = ERR_INIT;

	(void)profile_parse(
	    (struct view){ .p = (const char *)data, .len = size }, &p, &e);
	profile_release(&p);
	return 0;
}
