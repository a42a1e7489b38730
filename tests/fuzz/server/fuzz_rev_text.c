/* What the git endpoints' paths hold: ranges, suffixes, paths of files. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/domain/rev_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_range(const char *text)
{
	struct rev_range r;
	struct err e = ERR_INIT;

	if (rev_range_parse(text, &r, &e) == -1)
		return;
	if (strstr(r.base, "..") != NULL || strstr(r.head, "..") != NULL)
		die("a side of a range with two dots");
	if (strlen(r.base) + strlen(r.head) > strlen(text))
		die("a range that grew");
	rev_range_release(&r);
}

static void
fuzz_forms(const char *text)
{
	AUTO_FREE char *shown = NULL;
	AUTO_FREE char *rev = NULL;
	enum rev_form form = rev_form_shown(text, &shown);
	struct err e = ERR_INIT;

	if (form == REV_PLAIN ? strcmp(shown, text) != 0 : shown[0] == '\0')
		die("a suffix that was taken wrongly");
	if (rev_form_archive(text, &form, &rev, &e) == 0 && rev[0] == '\0')
		die("an archive of nothing");
	(void)rev_is_short_id(text);
}

static void
fuzz_path(const char *text)
{
	const char *why;

	if (!rev_path_ok(text, &why)) {
		if (why == NULL)
			die("refused without a reason");
		return;
	}
	if (strlen(text) > REV_PATH_MAX || text[0] == '/' ||
	    strstr(text, "//") != NULL || strstr(text, "/../") != NULL ||
	    strncmp(text, "../", 3) == 0 || strcmp(text, ".git") == 0)
		die("a path that no file may have");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);

	fuzz_range(text);
	fuzz_forms(text);
	fuzz_path(text);
	return 0;
}
