/* Manifests and lock files: a path, a NUL, what it was, a NUL, what it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "findings/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size == 0 ? NULL : memchr(data, '\0', size);
	size_t n = nul == NULL ? 0 : (size_t)(nul - data);
	struct findings f = { .list = NULL };
	struct scan_change c = {
		.old_mode = 0100644, .new_mode = 0100644, .status = 'M'
	};
	struct view rest, was;
	struct check *k;

	if (n == 0 || n > SCAN_PATH_MAX)
		return 0;
	c.path = (const char *)data;
	rest = (struct view){ (const char *)data + n + 1, size - n - 1 };
	if (rest.len == 0 || !view_split(&rest, '\0', &was))
		return 0;
	k = check_new(&f);
	check_change(k, &c);
	if (check_wants_both(&c))
		check_both(k, &c, was, rest);
	check_end(k);
	check_free(k);
	if (f.n > FINDING_MAX + 1)
		abort();
	findings_release(&f);
	return 0;
}
