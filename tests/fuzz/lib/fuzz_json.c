/* Any bytes: a verdict; what was taken prints to what is taken again. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = { .p = (const char *)data, .len = size };
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j = json_parse(in, 1 << 16, &e), *again;
	struct jw w;

	jw_init(&w, &out);
	jw_array(&w, NULL);
	jw_view(&w, NULL, in);
	jw_end(&w);
	again = json_parse(str_view(&out), 0, &e);
	if (again == NULL)
		abort();
	json_free(again);
	if (j == NULL)
		return 0;
	(void)json_count(j);
	(void)json_str_or(j, "a", "");
	(void)json_i64_or(j, "a", 0);
	str_reset(&out);
	json_print(j, &out);
	again = json_parse(str_view(&out), 0, &e);
	if (again == NULL)
		abort();
	json_free(again);
	json_free(j);
	return 0;
}
