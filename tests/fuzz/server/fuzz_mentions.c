#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/view.h"
#include "server/domain/mentions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_inside(struct view text, struct view part)
{
	if (part.len > 0 &&
	    (part.p < text.p || part.p + part.len > text.p + text.len))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view text = { (const char *)data, size };
	struct mention out[MENTIONS_MAX];
	size_t n = mentions_scan(text, out);

	if (n > MENTIONS_MAX)
		abort();
	for (size_t i = 0; i < n; i++) {
		fuzz_inside(text, out[i].owner);
		fuzz_inside(text, out[i].name);
		fuzz_inside(text, out[i].word);
		if (out[i].kind == MENTION_ITEM &&
		    (out[i].number < 1 || out[i].number > MENTION_NUMBER_MAX ||
			(out[i].owner.len > 0) != (out[i].name.len > 0)))
			abort();
		if (out[i].kind != MENTION_ITEM && out[i].word.len == 0)
			abort();
	}
	return 0;
}
