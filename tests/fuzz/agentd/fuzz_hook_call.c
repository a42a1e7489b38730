#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/hook/hook.h"
#include "agentd/hook/hook_json.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_hook_call_same(const struct json *j, struct view v, const char *key)
{
	const struct json *m = json_get(j, key);
	const char *want = m != NULL ? json_string(m) : NULL;
	struct err e = ERR_INIT;
	char *got = NULL;
	int rc = hook_json_text(v, key, HOOK_INPUT_MAX, &got, &e);

	if (want != NULL && (rc == -1 || got == NULL || strcmp(got, want) != 0))
		abort();
	if (want == NULL && rc == 0 && got != NULL)
		abort();
	free(got);
}

/* Properties: what the reader of a call finds is what the JSON library finds;
 * a call that is taken has a name, and is one that the library takes. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = { "tool_name", "cwd", "tool_input" };
	const struct view v = { .p = (const char *)data, .len = size };
	struct err e = ERR_INIT;
	struct json *j = json_parse(v, 0, &e);
	struct hook_call c;

	if (j != NULL && json_is_object(j)) {
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (hook_json_check(v, &e) == 0)
				fuzz_hook_call_same(j, v, keys[i]);
	}
	e = ERR_INIT;
	if (hook_read(v, &c, &e) == 0) {
		if (c.tool[0] == '\0')
			abort();
		hook_release(&c);
	} else if (e.msg[0] == '\0') {
		abort();
	}
	json_free(j);
	return 0;
}
