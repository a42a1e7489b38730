/*
 * svclog: HOME/log/NAME.log, written with what a program says on stderr.  Over
 * 10 MiB it becomes NAME.log.1 and starts anew.  Keeps the last lines for a
 * message.
 */
#ifndef CLI_SVCLOG_H
#define CLI_SVCLOG_H

#include <stddef.h>

struct err;
struct svclog;

struct svclog *svclog_open(const char *path, size_t max, struct err *e);
void svclog_close(struct svclog *l); /* NULL is fine */
void svclog_write(struct svclog *l, const void *p, size_t n);
const char *svclog_tail(const struct svclog *l); /* at most 2 KiB */

enum {
	SVCLOG_MAX = 10 << 20,
	SVCLOG_TAIL = 2048
};

#endif
