#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/err.h"
#include "lib/net/signed_json.h"
#include "lib/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view v = { (const char *)data, size };
	struct err e = ERR_INIT;
	struct json *j = signed_json_read(v, "fuzz\n", 1 << 16, &e);

	if (j == NULL && e.code == ERR_NONE)
		abort();
	json_free(j);
	return 0;
}
