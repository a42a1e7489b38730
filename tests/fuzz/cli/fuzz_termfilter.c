/* Whatever goes in, no string command, report or C1 control comes out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/termfilter.h"
#include "lib/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct termfilter one = { 0 }, two = { 0 };
	AUTO_STR struct str a = STR_INIT, b = STR_INIT;
	const char *p = (const char *)data;
	size_t cut = size == 0 ? 0 : data[0] % size;

	termfilter_feed(&one, (struct view){ p, size }, &a);
	termfilter_feed(&two, (struct view){ p, cut }, &b);
	termfilter_feed(&two, (struct view){ p + cut, size - cut }, &b);
	if (a.len != b.len || memcmp(str_cstr(&a), str_cstr(&b), a.len) != 0)
		abort();
	for (size_t i = 0; i < a.len; i++) {
		unsigned char c = (unsigned char)a.p[i];

		if (c == 0x05 || c == 0x7f || c == 0x18 || c == 0x1a)
			abort();
		if (c == 0x1b && i + 1 < a.len &&
		    strchr("]PX^_Z", a.p[i + 1]) != NULL)
			abort();
	}
	return 0;
}
