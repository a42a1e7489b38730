/* Any bytes: a verdict; what was taken is written to what is taken again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/httpd/proxyv2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = { .p = (const char *)data, .len = size };
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;
	struct proxyv2 h, again;
	long n = proxyv2_get(in, &h, &e);

	if (n <= 0)
		return 0;
	if ((size_t)n > size || n > PROXYV2_MAX)
		abort();
	proxyv2_put(&out, &h);
	if (proxyv2_get(str_view(&out), &again, &e) != (long)out.len ||
	    strcmp(again.project, h.project) != 0 ||
	    again.src_addr != h.src_addr)
		abort();
	return 0;
}
