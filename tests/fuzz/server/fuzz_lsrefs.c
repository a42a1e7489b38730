/* What an upstream answers to the question for its refs. */
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/git/mirror_fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view v = { .p = (const char *)data, .len = size };
	AUTO_STR struct str a = STR_INIT;
	AUTO_STR struct str b = STR_INIT;
	AUTO_STR struct str c = STR_INIT;
	struct err e = ERR_INIT;
	char head[256];

	(void)mirror_parse_ls_refs(v, &a, head, &e);
	(void)mirror_parse_ls_remote(v, &b, head, &e);
	mirror_scrub(&c, v);
	return 0;
}
