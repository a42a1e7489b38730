/* The head of a kept pack, which a damaged disk may have written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "packs/crc.h"
#include "packs/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t b[ENTRY_FIXED] = { 0 }, again[ENTRY_FIXED];
	struct err e = ERR_INIT;
	struct entry_head h, r;
	uint32_t sum;

	memcpy(b, data, size < sizeof(b) ? size : sizeof(b));
	(void)entry_head_parse(b, &h, &e);
	/* Past the sum, too. */
	sum = crc_add(0, b, 128);
	memcpy(b + 128, &sum, sizeof(sum));
	if (entry_head_parse(b, &h, &e) == -1)
		return 0;
	if (strlen(h.boot) >= ENTRY_BOOT_MAX)
		abort();
	entry_head_pack(&h, again);
	if (entry_head_parse(again, &r, &e) == -1 || r.size != h.size ||
	    r.crc != h.crc || strcmp(r.boot, h.boot) != 0)
		abort();
	return 0;
}
