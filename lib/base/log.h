/*
 * log: one line per fact to stderr: time, level, then the message, which is
 * written `subsystem event key=value ...`.  Untrusted text goes through
 * log_val().  A secret never goes in.
 */
#ifndef LIB_BASE_LOG_H
#define LIB_BASE_LOG_H

#include "lib/base/view.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

struct err;

/* "error", "warn", "info" or "debug". */
int log_level_parse(const char *name, enum log_level *out, struct err *e);

/* prog is a string constant.  Default level: info. */
void log_init(const char *prog, enum log_level level);
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * esc_log of s, cut at 200 bytes, in one of eight static buffers: valid for
 * the same log call only.
 */
const char *log_val(const char *s);

/* An impossible state: logs and aborts.  Never for what a peer sent. */
_Noreturn void die(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), cold));

#endif
