#include "lib/base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/err.h"
#include "lib/base/log.h"

/* The years that four digits can write: 0001 to 9999. */
static const int64_t clock_min_ms = -62135596800LL * 1000;
static const int64_t clock_max_ms = 253402300799LL * 1000 + 999;

static int64_t
clock_read_ms(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) == -1)
		die("clock gettime id=%d", (int)id);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#ifdef COFFER_TEST

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * The host's clocks as a test sets them: COFFER_TEST_CLOCK is a file with what
 * is added to them, 8 bytes of ms for the time of day and, if there are more,
 * 8 for the monotonic one.  Opened before any filter of system calls.
 */
static const volatile int64_t *clock_added;

__attribute__((constructor)) static void
clock_test_open(void)
{
	const char *path = getenv("COFFER_TEST_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at;

	if (fd == -1)
		return;
	at = mmap(NULL, 2 * sizeof(*clock_added), PROT_READ, MAP_SHARED, fd, 0);
	if (at != MAP_FAILED)
		clock_added = at;
	(void)close(fd);
}

int64_t
clock_now_ms(void)
{
	return clock_read_ms(CLOCK_REALTIME) +
	    (clock_added != NULL ? clock_added[0] : 0);
}

int64_t
clock_mono_ms(void)
{
	return clock_read_ms(CLOCK_MONOTONIC) +
	    (clock_added != NULL ? clock_added[1] : 0);
}

#else

int64_t
clock_now_ms(void)
{
	return clock_read_ms(CLOCK_REALTIME);
}

int64_t
clock_mono_ms(void)
{
	return clock_read_ms(CLOCK_MONOTONIC);
}

#endif

/* By how much the one was ever ahead of the other. */
static int64_t
clock_raise(int64_t now)
{
	static _Atomic int64_t ahead;
	int64_t was = atomic_load(&ahead);

	while (now > was && !atomic_compare_exchange_weak(&ahead, &was, now))
		;
	return now > was ? now : was;
}

int64_t
clock_ahead_ms(void)
{
	return clock_raise(clock_now_ms() - clock_mono_ms());
}

void
clock_keep_ahead(int64_t ms)
{
	(void)clock_raise(ms);
}

int64_t
clock_forward_ms(void)
{
	int64_t mono = clock_mono_ms();

	return mono + clock_raise(clock_now_ms() - mono);
}

/* A page has hundreds of times: no printf. */
static void
clock_digits(char *at, int n, int value)
{
	for (; n > 0; value /= 10)
		at[--n] = (char)('0' + value % 10);
}

const char *
clock_rfc3339(int64_t ms, char out[CLOCK_TEXT_MAX])
{
	struct tm tm = { 0 };
	time_t t;

	if (ms < clock_min_ms)
		ms = clock_min_ms;
	if (ms > clock_max_ms)
		ms = clock_max_ms;
	t = (time_t)(ms / 1000);
	if (ms % 1000 < 0)
		t--;
	if (gmtime_r(&t, &tm) == NULL)
		die("clock gmtime ms=%lld", (long long)ms);
	memcpy(out, "0000-00-00T00:00:00Z", sizeof("0000-00-00T00:00:00Z"));
	clock_digits(out, 4, tm.tm_year + 1900);
	clock_digits(out + 5, 2, tm.tm_mon + 1);
	clock_digits(out + 8, 2, tm.tm_mday);
	clock_digits(out + 11, 2, tm.tm_hour);
	clock_digits(out + 14, 2, tm.tm_min);
	clock_digits(out + 17, 2, tm.tm_sec);
	return out;
}

/* n digits at *s, then `after` (0: nothing asked); -1 when it is otherwise. */
static int
clock_field(const char **s, int n, char after)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (**s - '0');
	}
	if (after != 0) {
		if (**s != after)
			return -1;
		(*s)++;
	}
	return v;
}

static int
clock_month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* ".123": up to nine digits, cut to milliseconds. */
static bool
clock_fraction(const char **s, int *ms)
{
	int n = 0, unit = 100;

	*ms = 0;
	if (**s != '.')
		return true;
	(*s)++;
	for (; **s >= '0' && **s <= '9'; (*s)++, n++) {
		*ms += (**s - '0') * unit;
		unit /= 10;
	}
	return n >= 1 && n <= 9;
}

/* "Z" or "+hh:mm", as minutes to subtract. */
static bool
clock_zone(const char **s, int *minutes)
{
	char sign = **s;
	int h, m;

	*minutes = 0;
	(*s)++;
	if (sign == 'Z')
		return true;
	if (sign != '+' && sign != '-')
		return false;
	h = clock_field(s, 2, ':');
	if (h < 0 || h > 23)
		return false;
	m = clock_field(s, 2, 0);
	if (m < 0 || m > 59)
		return false;
	*minutes = (h * 60 + m) * (sign == '-' ? -1 : 1);
	return true;
}

static bool
clock_date(const char **s, struct tm *tm)
{
	int year = clock_field(s, 4, '-'), month, day;

	if (year < 1)
		return false;
	month = clock_field(s, 2, '-');
	if (month < 1 || month > 12)
		return false;
	day = clock_field(s, 2, 'T');
	if (day < 1 || day > clock_month_days(year, month))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return true;
}

static bool
clock_time(const char **s, struct tm *tm)
{
	tm->tm_hour = clock_field(s, 2, ':');
	if (tm->tm_hour < 0 || tm->tm_hour > 23)
		return false;
	tm->tm_min = clock_field(s, 2, ':');
	if (tm->tm_min < 0 || tm->tm_min > 59)
		return false;
	tm->tm_sec = clock_field(s, 2, 0);
	return tm->tm_sec >= 0 && tm->tm_sec <= 60;
}

int
clock_parse(const char *s, int64_t *ms, struct err *e)
{
	struct tm tm = { 0 };
	const char *p = s;
	int fraction, zone;

	if (!clock_date(&p, &tm) || !clock_time(&p, &tm) ||
	    !clock_fraction(&p, &fraction) || *p == '\0' ||
	    !clock_zone(&p, &zone) || *p != '\0')
		return err_set(e, ERR_INVALID,
		    "%s is not a time (write 2026-01-31T09:05:00Z)",
		    log_val(s));
	*ms = ((int64_t)timegm(&tm) - (int64_t)zone * 60) * 1000 + fraction;
	return 0;
}
