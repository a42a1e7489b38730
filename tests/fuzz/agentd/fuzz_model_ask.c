#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/gateway/ask.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a strict reader takes too, it reads as the same request. */
static void
fuzz_one(struct view body, enum ask_api api)
{
	struct ask a;
	struct err e = ERR_INIT;
	struct json *j;
	const char *model;

	if (ask_read(body, api, &a, &e) == -1) {
		if (e.code == ERR_NONE)
			abort();
		return;
	}
	if (a.model[0] == '\0' || a.answers < 1 || a.max_output < 0)
		abort();
	j = json_parse(body, 0, &e);
	if (j == NULL)
		return;
	model = json_str_or(j, "model", "");
	if (strcmp(model, a.model) != 0 ||
	    json_i64_or(j,
		api == ASK_RESPONSES ? "max_output_tokens" : "max_tokens",
		0) > a.max_output ||
	    (a.web && !a.whole) || json_bool_or(j, "stream", false) != a.stream)
		abort();
	json_free(j);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view body = { (const char *)data, size };

	fuzz_one(body, ASK_MESSAGES);
	fuzz_one(body, ASK_CHAT);
	fuzz_one(body, ASK_RESPONSES);
	return 0;
}
