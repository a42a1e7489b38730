#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_time(const char *text)
{
	char out[CLOCK_TEXT_MAX];
	struct err e = ERR_INIT;
	int64_t ms, again;

	if (clock_parse(text, &ms, &e) == -1)
		return;
	if (clock_parse(clock_rfc3339(ms, out), &again, &e) == -1)
		abort();
	/* Years 0001 and 9999 may leave the range by their zone. */
	if (again > ms + 86400000 || again < ms - 86400000)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = view_dup(
	    (struct view){ .p = (const char *)data, .len = size });
	struct err e = ERR_INIT;
	uint64_t u = 0, same = 1;
	int64_t i = 0, minus = 1;
	char back[32];

	if (num_u64(text, 10, 100000, &u, &e) == 0 && (u < 10 || u > 100000))
		abort();
	if (num_u64(text, 0, UINT64_MAX, &u, &e) == 0) {
		(void)snprintf(back, sizeof(back), "%" PRIu64, u);
		if (num_u64(back, u, u, &same, &e) == -1 || same != u)
			abort();
	}
	if (num_i64(text, INT64_MIN, INT64_MAX, &i, &e) == 0) {
		(void)snprintf(back, sizeof(back), "%" PRId64, i);
		if (num_i64(back, i, i, &minus, &e) == -1 || minus != i)
			abort();
	}
	if (num_duration_ms(text, 0, INT64_MAX, &i, &e) == 0 && i < 0)
		abort();
	if (num_size(text, 0, 1 << 20, &u, &e) == 0 && u > 1 << 20)
		abort();
	check_time(text);
	return 0;
}
