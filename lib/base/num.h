/*
 * num: numbers, durations and sizes from text.  The whole string must match:
 * no leading space or sign (but '-' in num_i64), no trailing bytes.
 */
#ifndef LIB_BASE_NUM_H
#define LIB_BASE_NUM_H

#include <stdint.h>

struct err;

int num_u64(
    const char *s, uint64_t min, uint64_t max, uint64_t *out, struct err *e);
int num_i64(
    const char *s, int64_t min, int64_t max, int64_t *out, struct err *e);
/* "250ms", "30s", "5m", "2h", "7d"; a bare number is refused. */
int num_duration_ms(
    const char *s, int64_t min, int64_t max, int64_t *out, struct err *e);
/* "4096", "64k", "10M", "2G" (powers of 1024). */
int num_size(
    const char *s, uint64_t min, uint64_t max, uint64_t *out, struct err *e);

#endif
