#include <stddef.h>
#include <stdint.h>

#include "agentd/command/command.h"
#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view text = { .p = (const char *)data, .len = size };
	struct command c;
	struct err e = ERR_INIT;

	if (command_parse("fuzz.md", "fuzz", text, &c, &e) == 0)
		command_release(&c);
	return 0;
}
