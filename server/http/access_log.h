/*
 * access_log: a line of the log for a request that is over, with the id by
 * which its other lines and its rows of the audit log are found.  Never the
 * query, which may have what is nobody's business.
 */
#ifndef SERVER_HTTP_ACCESS_LOG_H
#define SERVER_HTTP_ACCESS_LOG_H

#include <stdint.h>

struct err;
struct identity;
struct request;

enum access_log_level {
	ACCESS_LOG_OFF,
	/* What people and agents change, and what was refused to them; what
	 * failed, whoever asked.  Who is nobody fills no log. */
	ACCESS_LOG_CHANGES,
	ACCESS_LOG_ALL
};

/* "off", "changes" or "all". */
int access_log_parse(
    const char *name, enum access_log_level *out, struct err *e);

void access_log(enum access_log_level level, const struct request *q,
    const struct identity *who, const char *from, int64_t ms);

#endif
