#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/err.h"
#include "server/domain/protect_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first line is a pattern, or a list of patterns of files; the rest is the
 * text. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = { (const char *)data, size };
	struct view pattern;
	struct err e = ERR_INIT;
	char files[PROTECT_FILES_MAX + 1];

	if (size == 0 || size > 4096 || !view_split(&in, '\n', &pattern))
		return 0;
	if (protect_glob_check(pattern, &e) == 0)
		(void)protect_glob(pattern, in, size % 2 == 0);
	if (pattern.len <= PROTECT_FILES_MAX) {
		memcpy(files, pattern.p, pattern.len);
		files[pattern.len] = '\0';
		(void)protect_files_match(files, in);
	}
	return 0;
}
