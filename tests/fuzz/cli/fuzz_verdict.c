#include <stdint.h>
#include <stdlib.h>

#include "cli/fetch/reviewer.h"
#include "cli/fetch/verdict.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char anthropic[] = "anthropic", openai[] = "openai";
	const struct reviewer r[] = { { .provider = anthropic },
		{ .provider = openai } };
	const struct view v = { (const char *)data, size };
	struct findings f = { .list = NULL };
	struct err e = ERR_INIT;

	if (verdict_read(v, "abc", 1, &f, &e) == -1 && f.n != 0)
		abort();
	findings_release(&f);
	for (size_t i = 0; i < 2; i++) {
		AUTO_STR struct str out = STR_INIT;

		(void)reviewer_reply_text(&r[i], v, size, &out, &e);
	}
	return 0;
}
