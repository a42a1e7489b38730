/* What an upstream answers to the question for its refs. */
#include <stdint.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/git/mirror_fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view v = { .p = (const char *)data, .len = size };
	AUTO_FREE char *text = view_dup(v);
	AUTO_STR struct str a = STR_INIT;
	AUTO_STR struct str b = STR_INIT;
	AUTO_STR struct str c = STR_INIT;
	struct mirror_refs out = { .refs = &a, .odd = &b };
	struct view line;
	struct err e = ERR_INIT;

	(void)mirror_parse_ls_refs(v, &out, &e);
	(void)mirror_parse_ls_remote(v, &out, &e);
	mirror_scrub(&c, v, "user:secret");
	(void)mirror_fail_of_text(text, &line);
	return 0;
}
