#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/slash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view body = { .p = (const char *)data, .len = size };
	struct slash s;

	/* Properties: a name within its bound, arguments inside the body. */
	if (!slash_parse(body, &s))
		return 0;
	if (s.name[0] == '\0' || strlen(s.name) > SLASH_NAME_MAX)
		abort();
	if (s.args.len > 0 &&
	    (s.args.p < body.p || s.args.p + s.args.len > body.p + size))
		abort();
	return 0;
}
