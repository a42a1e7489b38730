#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "server/domain/ci_word.h"
#include "server/domain/test_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = { .p = (const char *)data, .len = size }, key;
	struct err e = ERR_INIT;
	struct ci_word w;
	int64_t milli;

	if (size > 65536)
		return 0;
	if (ci_word_parse(v, &w, &e) == 0)
		ci_word_release(&w);
	(void)test_line_skips(v);
	(void)test_line_defines(v);
	(void)test_line_threshold(v, &key, &milli);
	return 0;
}
