#include <stddef.h>
#include <stdint.h>

#include "agentd/sandbox/look.h"
#include "lib/base/err.h"
#include "lib/base/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct look l;
	struct err e = ERR_INIT;

	(void)look_parse(
	    (struct view){ .p = (const char *)data, .len = size }, &l, &e);
	return 0;
}
