/* What an engine sends on a connection that it has taken over. */
#include <stddef.h>
#include <stdint.h>

#include "agentd/sandbox/engine_wire.h"
#include "lib/base/err.h"
#include "lib/base/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = { .p = (const char *)data, .len = size };
	struct engine_head h;
	struct engine_frames f = { .have = 0 };
	struct err e = ERR_INIT;
	size_t sum = 0;

	if (engine_head_parse(in, &h, &e) == 1) {
		if (h.len > in.len || h.status < 0 || h.status > 999)
			die("a head that is not there");
		in = view_from(in, h.len);
	}
	while (in.len > 0) {
		struct view out;
		int channel;
		size_t n = engine_frames_next(&f, in, &channel, &out);

		if (n == 0 || n > in.len || out.len > n)
			die("frames stand still");
		sum += out.len;
		in = view_from(in, n);
	}
	if (sum > size)
		die("more than came");
	return 0;
}
