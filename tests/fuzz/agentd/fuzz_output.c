#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "agentd/command/output.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_output(struct view text)
{
	AUTO_STR struct str summary = STR_INIT, list = STR_INIT, out = STR_INIT;
	struct err e = ERR_INIT;
	size_t left;

	if (output_review(text, &summary, &list, &left, &e) == 0) {
		struct json *j = json_parse(str_view(&list), 8 << 20, &e);

		/* What is passed on is JSON and text. */
		if (j == NULL || json_count(j) > OUTPUT_COMMENTS_MAX ||
		    !utf8_valid(str_view(&summary)))
			abort();
		json_free(j);
	}
	(void)output_value(text, "{\"type\":\"object\"}", &out, &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view all = { .p = (const char *)data, .len = size };
	struct view json, rest;

	if (size == 0)
		return 0;
	fuzz_output(all);
	if (output_block(all, &json, &rest)) {
		if (json.len + rest.len > size)
			abort();
		fuzz_output(json);
	}
	return 0;
}
