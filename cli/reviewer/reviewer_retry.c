#include <string.h>
#include <time.h>

#include "cli/reviewer/reviewer_reply.h"
#include "lib/base/err.h"
#include "lib/base/num.h"

enum {
	RETRY_FIRST_MS = 500,
	RETRY_CAP_MS = 8000
};

/* Seconds or a date; -1: neither. */
static int64_t
retry_after(const char *text, int64_t now_ms)
{
	struct err e = ERR_INIT;
	struct tm tm = { .tm_sec = 0 };
	uint64_t n;
	const char *end;
	int64_t ms;

	if (num_u64(text, 0, UINT32_MAX, &n, &e) == 0)
		return (int64_t)n * 1000;
	end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (end == NULL || *end != '\0')
		return -1;
	ms = (int64_t)timegm(&tm) * 1000 - now_ms;
	return ms < 0 ? 0 : ms;
}

static bool
retry_is_wanted(const struct reviewer_again *a)
{
	if (a->final)
		return false;
	if (a->should_retry != NULL && strcmp(a->should_retry, "true") == 0)
		return true;
	if (a->should_retry != NULL && strcmp(a->should_retry, "false") == 0)
		return false;
	/* The time limit is the user's: it is not spent three times. */
	if (a->status == 0)
		return !a->timed_out;
	return a->status == 408 || a->status == 409 || a->status == 429 ||
	    a->status >= 500;
}

int64_t
reviewer_retry_ms(const struct reviewer_again *a, int attempt, int64_t now_ms,
    unsigned jitter)
{
	struct err e = ERR_INIT;
	uint64_t n;
	int64_t ms = -1;

	if (attempt >= REVIEWER_RETRIES || !retry_is_wanted(a))
		return -1;
	if (a->after_ms != NULL &&
	    num_u64(a->after_ms, 0, UINT32_MAX, &n, &e) == 0)
		ms = (int64_t)n;
	else if (a->after != NULL)
		ms = retry_after(a->after, now_ms);
	if (ms > REVIEWER_WAIT_MAX_MS)
		return -1; /* a person decides whether to wait so long */
	if (ms >= 0)
		return ms;
	ms = (int64_t)RETRY_FIRST_MS << attempt;
	if (ms > RETRY_CAP_MS)
		ms = RETRY_CAP_MS;
	return ms - ms * (int64_t)(jitter > 1000 ? 1000 : jitter) / 4000;
}
