#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "server/git/gitmodules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char upstream[] = "https://h.example/a/b.git";
	struct gitmodules m;

	gitmodules_read(
	    (struct view){ .p = (const char *)data, .len = size }, &m);
	for (size_t i = 0; i < m.n; i++) {
		AUTO_STR struct str out = STR_INIT;
		const char *url = m.v[i].url != NULL ? m.v[i].url : "";

		if (strlen(m.v[i].name) > GITMODULES_TEXT_MAX ||
		    strlen(url) > GITMODULES_TEXT_MAX)
			abort();
		if (gitmodules_resolve(upstream, url, &out) &&
		    strncmp(str_cstr(&out), "https://h.example/", 18) != 0)
			abort();
	}
	gitmodules_release(&m);
	return 0;
}
