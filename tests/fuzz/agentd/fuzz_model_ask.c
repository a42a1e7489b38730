#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/gateway/ask.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a strict reader takes too, it reads as the same request. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view body = { (const char *)data, size };
	struct ask a;
	struct err e = ERR_INIT;
	struct json *j;
	const char *model;

	if (ask_read(body, &a, &e) == -1) {
		if (e.code == ERR_NONE)
			abort();
		return 0;
	}
	if (a.model[0] == '\0' || a.answers < 1 || a.max_output < 0)
		abort();
	j = json_parse(body, 0, &e);
	if (j == NULL)
		return 0;
	model = json_str_or(j, "model", "");
	if (strcmp(model, a.model) != 0 ||
	    json_i64_or(j, "max_tokens", 0) > a.max_output ||
	    json_bool_or(j, "stream", false) != a.stream)
		abort();
	json_free(j);
	return 0;
}
