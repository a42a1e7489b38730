#include <stdint.h>
#include <stdlib.h>

#include "router/http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Requests one after the other, all at once and in pieces: the same ends. */
static size_t
fuzz_http_requests(struct view in, size_t step)
{
	struct http_flow f = { .at = HTTP_AT_HEAD };
	size_t at = 0, have = 0, n;

	for (;;) {
		struct view v = { .p = in.p + at, .len = have - at };
		struct http_head h;
		enum http_state s;

		if (f.at != HTTP_AT_HEAD) {
			if (http_flow_pass(&f, v, &n) == -1)
				return at;
			if (n > v.len)
				abort();
			at += n;
			if (f.at == HTTP_AT_HEAD)
				continue;
		} else {
			s = http_head_read(v, &h);
			if (s == HTTP_OK) {
				if (h.len > v.len || h.len == 0 ||
				    h.host_len == 0 ||
				    h.host_len > sizeof(h.host))
					abort();
				at += h.len;
				http_flow_begin(&f, &h);
				continue;
			}
			if (s != HTTP_MORE)
				return at;
		}
		if (have == in.len)
			return at;
		have = step < in.len - have ? have + step : in.len;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = { .p = (const char *)data, .len = size };
	size_t heads, pieces;

	if (size == 0)
		return 0;
	heads = fuzz_http_requests(in, size);
	pieces = fuzz_http_requests(in, 1 + data[0] % 16);
	/* A body's bytes before the break may have been passed in pieces. */
	if (pieces < heads)
		abort();
	return 0;
}
