/* The rules of content: a path, a NUL, then lines as in a patch. */
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
	struct scan_change c = { .new_mode = 0100644, .status = 'A' };
	struct view rest, line;
	struct check_content b;
	struct check *k;
	uint32_t number = 0;

	if (n == 0 || n > SCAN_PATH_MAX)
		return 0;
	c.path = (const char *)data;
	rest = (struct view){ (const char *)data + n + 1, size - n - 1 };
	b = (struct check_content){ rest.len,
		{ rest.p, rest.len < CHECK_HEAD ? rest.len : CHECK_HEAD },
		{ rest.p, rest.len } };
	k = check_new(&f);
	check_change(k, &c);
	(void)check_file(k, &c, &b);
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		struct scan_line l = { .path = c.path,
			.kind = line.len > 0 ? line.p[0] : '+',
			.line = ++number,
			.text = view_from(line, 1) };

		check_line(k, &l);
	}
	check_file_end(k);
	check_end(k);
	check_free(k);
	if (f.n > FINDING_MAX + 1)
		abort();
	findings_release(&f);
	return 0;
}
