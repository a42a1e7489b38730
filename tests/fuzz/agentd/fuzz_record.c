#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "agentd/record/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says which file of the run the rest is; 0xff: all of them. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record r;
	struct view v;

	if (size == 0 || size > 64 << 10)
		return 0;
	v = (struct view){ .p = (const char *)data + 1, .len = size - 1 };
	record_init(&r);
	mask_add(&r.mask, VIEW_LIT("a known word"));
	if (mask_whole(&r.mask, v.p, v.len) > v.len)
		abort();
	mask_add(&r.mask, VIEW_LIT("0123456789abcdef"));
	for (size_t i = 0; i < RECORD_FOUND; i++) {
		if (data[0] != 0xff && data[0] % (RECORD_FOUND + 1) != i)
			continue;
		str_addv(&r.part[i].text, v);
		r.part[i].there = true;
	}
	if (data[0] % (RECORD_FOUND + 1) == RECORD_FOUND) {
		str_addv(&r.steps, v);
		str_addv(&r.facts, v);
	}
	record_make(&r);
	record_release(&r);
	return 0;
}
