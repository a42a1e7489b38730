/* .coffer/checks.yml of a hostile repository. */
#include "lib/base/err.h"
#include "server/git/checks_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_CHECKS struct checks c = CHECKS_INIT;
	struct err e = ERR_INIT;

	(void)checks_parse(
	    (struct view){ .p = (const char *)data, .len = size }, &c, &e);
	return 0;
}
