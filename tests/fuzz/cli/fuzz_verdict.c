#include <stdint.h>
#include <stdlib.h>

#include "cli/reviewer/verdict.h"
#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is not taken adds nothing, and what is taken adds what is bounded. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct chunk_text texts[] = { { 0, "around" },
		{ 1, "a" } };
	const struct verdict_want want = { .nonce = "abc",
		.sha = "55aa",
		.receipt = "end",
		.chunk = 1,
		.texts = texts,
		.n = 2 };
	const struct view v = { (const char *)data, size };
	struct findings f = { .list = NULL };
	struct err e = ERR_INIT;

	if (verdict_read(v, &want, &f, &e) == -1 && f.n != 0)
		abort();
	if (f.n > 2 * VERDICT_FINDINGS_MAX + 1)
		abort();
	findings_release(&f);
	return 0;
}
