#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/gateway/scrub.h"
#include "agentd/gateway/usage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct usage
fuzz_usage(struct view in, size_t step, bool events)
{
	struct usage_reader r;
	struct usage u;

	usage_init(&r, events);
	while (in.len > 0) {
		size_t n = step < in.len ? step : in.len;

		usage_feed(&r, (struct view){ in.p, n });
		in = view_from(in, n);
	}
	usage_end(&r);
	u = r.usage;
	usage_release(&r);
	return u;
}

/* A secret never passes, and all else does, in whatever pieces it comes. */
static void
fuzz_scrub(struct view in, size_t step, struct view secret)
{
	AUTO_STR struct str out = STR_INIT;
	struct view rest = in;
	struct scrub s;
	bool clean = true;

	scrub_init(&s, secret);
	while (clean && rest.len > 0) {
		size_t n = step < rest.len ? step : rest.len;

		clean = scrub_feed(&s, (struct view){ rest.p, n }, &out);
		rest = view_from(rest, n);
	}
	if (clean) {
		scrub_end(&s, &out);
		if (!view_eq(str_view(&out), in))
			abort();
	}
	if (secret.len >= SCRUB_SECRET_MIN &&
	    (memmem(str_cstr(&out), out.len, secret.p, secret.len) != NULL ||
		clean != (memmem(in.p, in.len, secret.p, secret.len) == NULL)))
		abort();
	scrub_release(&s);
}

/* The first byte: the size of pieces, and what kind. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = { (const char *)data, size };
	struct usage whole, pieces;
	bool events;
	size_t step;

	if (size < 2)
		return 0;
	events = (data[0] & 1) != 0;
	step = 1 + data[0] / 2 % 32;
	in = view_from(in, 1);
	whole = fuzz_usage(in, in.len, events);
	pieces = fuzz_usage(in, step, events);
	if (memcmp(&whole.tokens, &pieces.tokens, sizeof(whole.tokens)) != 0 ||
	    whole.complete != pieces.complete || whole.cost != pieces.cost ||
	    whole.tokens.input < 0 || whole.tokens.output < 0 ||
	    whole.tokens.cache_read < 0 ||
	    whole.tokens.input > PRICE_TOKENS_MAX)
		abort();
	fuzz_scrub(in, step, in.len > 12 ? view_from(in, in.len - 9) : in);
	fuzz_scrub(in, step, VIEW_LIT("abababac"));
	return 0;
}
