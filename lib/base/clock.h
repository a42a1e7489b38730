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
/* By how much it is ahead of clock_mono_ms, and at least so from now on: for
 * processes that go by one clock, as long as the host is up. */
int64_t clock_ahead_ms(void);
void clock_keep_ahead(int64_t ms);
/* RFC 3339 UTC with seconds, "2026-01-31T09:05:00Z". */
const char *clock_rfc3339(int64_t ms, char out[CLOCK_TEXT_MAX]);
int clock_parse(const char *s, int64_t *ms, struct err *e);

#endif
