#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/conf.h"
#include "lib/base/err.h"

struct target {
	char *text;
	uint64_t number;
	int64_t wait_ms;
	uint64_t size;
	bool flag;
};

static const struct conf_key target_keys[] = {
	{ "text", CONF_STR, offsetof(struct target, text), "x", 0, 0, NULL },
	{ "number", CONF_U64, offsetof(struct target, number), "3", 1, 9,
	    NULL },
	{ "wait", CONF_MS, offsetof(struct target, wait_ms), "1s", 0, 0, NULL },
	{ "size", CONF_SIZE, offsetof(struct target, size), "1k", 0, 0, NULL },
	{ "flag", CONF_BOOL, offsetof(struct target, flag), "no", 0, 0, NULL },
	{ NULL, CONF_STR, 0, NULL, 0, 0, NULL },
};

static const char *const target_known[] = { "other", NULL };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct conf_spec spec = {
		.section = "main",
		.keys = target_keys,
		.known = target_known,
	};
	struct err e = ERR_INIT;
	struct target t;
	int rc;

	rc = conf_parse("f", (const char *)data, size, &spec, &t, &e);
	if (rc == -1) {
		if (e.code == ERR_NONE || strncmp(e.msg, "f:", 2) != 0 ||
		    t.text != NULL)
			abort();
		return 0;
	}
	if (t.text == NULL || t.number < 1 || t.number > 9 || t.wait_ms < 0)
		abort();
	conf_release(&spec, &t);
	return 0;
}
