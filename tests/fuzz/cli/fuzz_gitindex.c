#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/gitindex.h"
#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
fuzz_gitindex_path(const char *path, uint32_t mode, void *arg, struct err *e)
{
	(void)mode;
	(void)arg;
	(void)e;
	if (path[0] == '\0' || path[0] == '/' ||
	    strlen(path) > GITINDEX_PATH_MAX)
		abort();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;

	(void)gitindex_walk(
	    (struct view){ .p = (const char *)data, .len = size },
	    fuzz_gitindex_path, NULL, &e);
	return 0;
}
