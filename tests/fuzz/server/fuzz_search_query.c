/* What is typed into a search box: whatever it is, the expression is quoted
 * literals between words of ours. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "server/domain/search_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str out = STR_INIT;
	struct err e = ERR_INIT;
	int depth = 0;
	bool in = false;
	char *q;

	if (size > 2048)
		return 0;
	q = view_dup((struct view){ (const char *)data, size });
	if (search_query(&out, q, &e) == 0) {
		for (size_t i = 0; i < out.len; i++) {
			char c = out.p[i];

			if (c == '"')
				in = !in;
			else if (!in && strchr("ANDORT ()", c) == NULL)
				die("search: a byte outside of quotes");
			else if (!in)
				depth += (c == '(') - (c == ')');
		}
		if (in || depth != 0)
			die("search: it does not close");
	}
	str_release(&out);
	free(q);
	return 0;
}
