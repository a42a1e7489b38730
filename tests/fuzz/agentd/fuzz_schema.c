#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agentd/command/schema.h"
#include "lib/base/err.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A line that is the schema; the rest is what it is to fit. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = { .p = (const char *)data, .len = size }, line;
	struct json *schema, *value = NULL;
	struct err e = ERR_INIT;

	if (size == 0 || !view_split(&rest, '\n', &line))
		return 0;
	schema = json_parse(line, 16 << 10, &e);
	if (schema != NULL && schema_check(schema, &e) == 0 && rest.len > 0)
		value = json_parse(rest, 0, &e);
	if (value != NULL)
		(void)schema_judge(schema, value, &e);
	json_free(value);
	json_free(schema);
	return 0;
}
