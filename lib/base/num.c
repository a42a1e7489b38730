#include "lib/base/num.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"

struct num_unit {
	const char *suffix;
	uint64_t factor;
};

static const struct num_unit num_times[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000ULL },
	{ "h", 3600 * 1000ULL },
	{ "d", 86400 * 1000ULL },
	{ NULL, 0 },
};

static const struct num_unit num_sizes[] = {
	{ "", 1 },
	{ "k", 1024 },
	{ "K", 1024 },
	{ "M", 1024 * 1024ULL },
	{ "G", 1024ULL * 1024 * 1024 },
	{ "T", 1024ULL * 1024 * 1024 * 1024 },
	{ NULL, 0 },
};

/* Leading digits of s; NULL when there is none or the value is over 2^64. */
static const char *
num_digits(const char *s, uint64_t *out)
{
	uint64_t v = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++) {
		unsigned d = (unsigned)(*p - '0');

		if (v > (UINT64_MAX - d) / 10)
			return NULL;
		v = v * 10 + d;
	}
	*out = v;
	return p == s ? NULL : p;
}

/* A number with a unit; false when it is malformed or over 2^64. */
static bool
num_scaled(const char *s, const struct num_unit *units, uint64_t *out)
{
	uint64_t v;
	const char *p = num_digits(s, &v);

	if (p == NULL)
		return false;
	for (; units->suffix != NULL; units++) {
		if (strcmp(p, units->suffix) != 0)
			continue;
		if (v > UINT64_MAX / units->factor)
			return false;
		*out = v * units->factor;
		return true;
	}
	return false;
}

static int
num_range_u64(const char *s, uint64_t min, uint64_t max, struct err *e)
{
	return err_set(e, ERR_INVALID,
	    "%s is not in the range %" PRIu64 " to %" PRIu64, log_val(s), min,
	    max);
}

int
num_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out, struct err *e)
{
	uint64_t v;
	const char *p = num_digits(s, &v);

	if (p == NULL || *p != '\0')
		return err_set(
		    e, ERR_INVALID, "%s is not a number", log_val(s));
	if (v < min || v > max)
		return num_range_u64(s, min, max, e);
	*out = v;
	return 0;
}

int
num_i64(const char *s, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	bool minus = s[0] == '-';
	uint64_t v, top = (uint64_t)INT64_MAX + (minus ? 1 : 0);
	const char *p = num_digits(minus ? s + 1 : s, &v);
	int64_t i;

	if (p == NULL || *p != '\0' || v > top)
		return err_set(
		    e, ERR_INVALID, "%s is not a number", log_val(s));
	if (!minus)
		i = (int64_t)v;
	else
		i = v == top ? INT64_MIN : -(int64_t)v;
	if (i < min || i > max)
		return err_set(e, ERR_INVALID,
		    "%s is not in the range %" PRId64 " to %" PRId64,
		    log_val(s), min, max);
	*out = i;
	return 0;
}

int
num_duration_ms(
    const char *s, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	uint64_t v;

	if (!num_scaled(s, num_times, &v) || v > INT64_MAX)
		return err_set(e, ERR_INVALID,
		    "%s is not a duration (write 250ms, 30s, 5m, 2h or 7d)",
		    log_val(s));
	if ((int64_t)v < min || (int64_t)v > max)
		return err_set(e, ERR_INVALID,
		    "%s is not in the range %" PRId64 "ms to %" PRId64 "ms",
		    log_val(s), min, max);
	*out = (int64_t)v;
	return 0;
}

int
num_size(
    const char *s, uint64_t min, uint64_t max, uint64_t *out, struct err *e)
{
	uint64_t v;

	if (!num_scaled(s, num_sizes, &v))
		return err_set(e, ERR_INVALID,
		    "%s is not a size (write 4096, 64k, 10M or 2G)",
		    log_val(s));
	if (v < min || v > max)
		return num_range_u64(s, min, max, e);
	*out = v;
	return 0;
}
