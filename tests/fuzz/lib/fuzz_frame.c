#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/frame.h"

enum {
	PAYLOAD_MAX = 300
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Properties: payloads lie inside the input, and are written as they came. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = { .p = (const char *)data, .len = size };

	for (;;) {
		AUTO_STR struct str again = STR_INIT;
		struct err e = ERR_INIT;
		struct frame f;
		long n = frame_get(in, PAYLOAD_MAX, &f, &e);

		if (n <= 0) {
			if ((n == -1) != (e.code == ERR_PROTO))
				abort();
			return 0;
		}
		if ((size_t)n > in.len || f.payload.len > PAYLOAD_MAX ||
		    f.payload.p != in.p + FRAME_HEADER)
			abort();
		frame_put(&again, f.type, f.payload.p, f.payload.len);
		if (again.len != (size_t)n ||
		    memcmp(again.p, in.p, again.len) != 0)
			abort();
		in = view_from(in, (size_t)n);
	}
}
