#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/domain/approval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Properties: what follows /allow names approvals within bounds; a subject is
 * quoted on one line, with more ticks around it than within. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view in = { .p = (const char *)data, .len = size };
	struct approval a = { .subject = view_dup(in) };
	struct str text = STR_INIT;
	struct approval_words w;
	struct err e = ERR_INIT;

	for (int allow = 0; allow < 2; allow++) {
		e = ERR_INIT;
		if (approval_words_parse(in, allow == 1, &w, &e) == -1) {
			if (e.msg[0] == '\0')
				abort();
			continue;
		}
		if (w.n == 0 || w.n > APPROVAL_WORDS_MAX ||
		    (allow == 0 && w.for_ms != 0) || w.for_ms < 0 ||
		    w.for_ms > APPROVAL_SPAN_MAX_MS)
			abort();
		for (size_t i = 0; i < w.n; i++)
			if (w.ids[i] < 1)
				abort();
	}
	approval_quote(&a, &text);
	if (strpbrk(str_cstr(&text), "\r\n") != NULL ||
	    str_cstr(&text)[0] != '`')
		abort();
	str_release(&text);
	approval_release(&a);
	return 0;
}
