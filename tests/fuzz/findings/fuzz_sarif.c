#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "findings/finding.h"
#include "findings/sarif.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sarif_spec spec = { .base = "", .head = "" };
	struct findings f = { .list = NULL }, again = { .list = NULL };
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;
	struct view text = { .p = (const char *)data, .len = size };

	if (sarif_read(text, &f, &e) == 0) {
		for (size_t i = 0; i < f.n; i++)
			if (strcmp(f.list[i].id, "too-many-findings") != 0 &&
			    !sarif_id_ok(f.list[i].id))
				__builtin_trap();
		/* What is written of it can be read again. */
		sarif_write(&spec, &f, &out);
		if (sarif_read(str_view(&out), &again, &e) == -1)
			__builtin_trap();
	}
	findings_release(&again);
	findings_release(&f);
	return 0;
}
