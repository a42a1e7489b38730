/* The suggestion in a review comment, and a file with a line replaced by it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "server/domain/pull_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_STR struct str lines = STR_INIT;
	AUTO_STR struct str out = STR_INIT;
	struct view block = { "", 0 };
	const struct view text = { .p = (const char *)data, .len = size };

	if (size == 0)
		return 0;
	if (!pull_rule_suggestion_in(text, &lines, &block))
		return 0;
	if (block.p < text.p || block.p + block.len > text.p + text.len)
		abort();
	if (lines.len > PULL_SUGGESTION_MAX)
		abort();
	(void)pull_rule_replace(text, data[0] % 8, str_view(&lines), &out);
	if (out.len > size + 2 * lines.len)
		abort();
	return 0;
}
