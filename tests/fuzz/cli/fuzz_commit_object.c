#include <stdint.h>
#include <stdlib.h>

#include "cli/fetch/commit_object.h"
#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view v = { (const char *)data, size };
	struct commit_object o;
	struct findings f = { .list = NULL };
	struct check *k = check_new(&f);
	struct err e = ERR_INIT;

	if (commit_object_read(
		v, "1111111111111111111111111111111111111111", &o, &e) == 0) {
		if (o.c.parents > COMMIT_PARENTS_MAX)
			abort();
		check_commit(k, &o.c);
		check_base_commit(k, &o.c);
	}
	check_end(k);
	check_free(k);
	findings_release(&f);
	return 0;
}
