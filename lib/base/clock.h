/*
 * clock: time as int64_t milliseconds.  Rules take `now` as an argument; only
 * the edges read the clock.
 */
#ifndef LIB_BASE_CLOCK_H
#define LIB_BASE_CLOCK_H

#include <stdint.h>

enum {
	CLOCK_TEXT_MAX = 32
};

struct err;

int64_t clock_now_ms(void);  /* CLOCK_REALTIME since 1970 */
int64_t clock_mono_ms(void); /* CLOCK_MONOTONIC */
/*
 * For what ends at a time: as clock_now_ms, but a clock that is set back is not
 * followed, so in this process nothing that has ended begins again, and
 * nothing lasts longer.
 */
int64_t clock_forward_ms(void);
/* RFC 3339 UTC with seconds, "2026-01-31T09:05:00Z". */
const char *clock_rfc3339(int64_t ms, char out[CLOCK_TEXT_MAX]);
int clock_parse(const char *s, int64_t *ms, struct err *e);

#endif
