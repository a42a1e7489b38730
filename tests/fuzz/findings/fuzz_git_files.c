/* .gitmodules, a line of .gitattributes, and a name, of any bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "findings/check_priv.h"
#include "findings/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	char folded[64];
	struct view text = { copy, size };
	struct findings f = { .list = NULL };
	struct check *k = check_new(&f);
	struct scan_change c = {
		.status = 'A', .new_mode = 0120000, .path = copy
	};
	const struct scan_line l = {
		.path = "a/.gitattributes", .kind = '+', .text = text
	};
	struct check_content b = { .size = size, .head = text };

	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	copy[size] = '\0';
	check_modules(".gitmodules", text, &f);
	check_line(k, &l);
	if (fold_path(text, folded, sizeof(folded)) >= sizeof(folded))
		abort();
	if (size > 0 && size <= SCAN_PATH_MAX && strlen(copy) == size) {
		check_change(k, &c);
		check_tree(k, copy, 0120000);
		(void)check_file(k, &c, &b);
		check_file_end(k);
	}
	check_end(k);
	check_free(k);
	findings_release(&f);
	free(copy);
	return 0;
}
