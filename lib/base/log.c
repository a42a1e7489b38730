#include "lib/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"

enum {
	LOG_LINE_MAX = 4096,
	LOG_VAL_MAX = 200,
	LOG_VALS = 8
};

/* The log is the process's own, set once before anything else runs. */
static const char *log_prog = "-";
static _Atomic int log_level = LOG_LEVEL_INFO;

static const char *const log_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

int
log_level_parse(const char *name, enum log_level *out, struct err *e)
{
	for (size_t i = 0; i < sizeof(log_names) / sizeof(log_names[0]); i++) {
		if (strcmp(log_names[i], name) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID,
	    "log_level %.40s: use error, warn, info or debug", name);
}

void
log_init(const char *prog, enum log_level level)
{
	log_prog = prog;
	atomic_store(&log_level, (int)level);
}

/* One write(2) per line, so that lines of two threads do not mix. */
__attribute__((format(printf, 2, 0))) static void
log_vline(enum log_level level, const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX], when[CLOCK_TEXT_MAX];
	const int64_t now = clock_now_ms();
	size_t len, head;
	int n;

	/* "…:05Z" with its milliseconds: RFC 3339 allows a fraction. */
	(void)clock_rfc3339(now, when);
	n = snprintf(line, sizeof(line), "%.19s.%03dZ %s %s ", when,
	    (int)(now % 1000), log_prog, log_names[level]);
	if (n < 0 || (size_t)n > sizeof(line) / 2)
		return;
	head = len = (size_t)n;
	n = vsnprintf(line + len, sizeof(line) - len, fmt, ap);
	if (n < 0)
		return;
	len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	for (size_t i = head; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) == -1)
		return;
}

#define LOG_AT(level)                                       \
	do {                                                \
		va_list ap;                                 \
                                                            \
		if ((int)(level) > atomic_load(&log_level)) \
			return;                             \
		va_start(ap, fmt);                          \
		log_vline((level), fmt, ap);                \
		va_end(ap);                                 \
	} while (0)

void
log_error(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_ERROR);
}

void
log_warn(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_WARN);
}

void
log_info(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_INFO);
}

void
log_debug(const char *fmt, ...)
{
	LOG_AT(LOG_LEVEL_DEBUG);
}

const char *
log_val(const char *s)
{
	static _Thread_local char ring[LOG_VALS][LOG_VAL_MAX * 4 + 8];
	static _Thread_local unsigned next;
	char *out = ring[next++ % LOG_VALS];
	struct view v = view_of(s);
	AUTO_STR struct str t = STR_INIT;
	bool cut = v.len > LOG_VAL_MAX;

	if (cut)
		v.len = LOG_VAL_MAX;
	esc_log(&t, v);
	(void)snprintf(
	    out, sizeof(ring[0]), "%s%s", str_cstr(&t), cut ? "..." : "");
	return out;
}

void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vline(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
	abort();
}
