/*
 * log_file: one output in a file of bounded size.  A position is that of the
 * byte in the whole output: the first LOG_FILE_HEAD bytes are kept, and of what
 * follows a ring, of which the last LOG_FILE_END count; the rest of the ring
 * may be on its way to be written over.  `total` is how long the output is.
 */
#ifndef SERVER_SERVICE_LOG_FILE_H
#define SERVER_SERVICE_LOG_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;

enum {
	LOG_FILE_HEAD = 24 << 20,
	LOG_FILE_END = 8 << 20,
	LOG_FILE_PART_MAX = 1 << 20, /* bytes of one write */
	LOG_FILE_READ_MIN = 80
};

int log_file_write(int fd, struct view v, int64_t at, struct err *e);
/* Bytes in the middle that are not kept. */
int64_t log_file_lost(int64_t total);
/*
 * At most max (LOG_FILE_READ_MIN or more) bytes from *at on, which moves; where
 * bytes are not kept a line that says how many.  0: there are no more of them,
 * -1: the file could not be read.
 */
long log_file_read(int fd, int64_t total, int64_t *at, void *p, size_t max);
/* From where the last max bytes begin. */
int64_t log_file_tail(int fd, int64_t total, size_t max);
/* All that is kept, in its order. */
int log_file_copy(int from, int64_t total, int to, struct err *e);

#endif
