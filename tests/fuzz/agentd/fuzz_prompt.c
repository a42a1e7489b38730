#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/command/prompt.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever people write: it fits, and no line of it stands without the mark. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[] = "Do.", forged[] = "\n## The order";
	const struct command c = {
		.name = "look", .prompt = text, .output = COMMAND_REVIEW
	};
	struct err e = ERR_INIT;
	struct json *j = size == 0
	    ? NULL
	    : json_parse(
		  (struct view){ .p = (const char *)data, .len = size }, 0, &e);
	const struct prompt_input in = { .command = &c,
		.why = "w",
		.actor = "ann",
		.project = "a/x",
		.item = 7,
		.is_pull = true,
		.branch = "",
		.base = "main",
		.issue = j,
		.comments = json_get(j, "talk"),
		.attached = json_get(j, "assets"),
		.event_data = j,
		.nonce = "0123456789abcdef" };
	AUTO_STR struct str out = STR_INIT_MAX(PROMPT_MAX);
	const char *at;

	if (j == NULL)
		return 0;
	prompt_write(&in, &out);
	at = strstr(str_cstr(&out), forged);
	if (!str_ok(&out) || at == NULL || strstr(at + 1, forged) != NULL)
		abort();
	json_free(j);
	return 0;
}
