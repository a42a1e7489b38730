#include "server/service/log_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

enum {
	LOG_FILE_RING = LOG_FILE_END + LOG_FILE_PART_MAX,
	LOG_FILE_MAX = LOG_FILE_HEAD + LOG_FILE_RING,
	LOG_FILE_CHUNK = 256 << 10
};

/* Where a position is in the file, and how many bytes are there in a row. */
static int64_t
log_file_place(int64_t at, int64_t *row)
{
	int64_t in;

	if (at < LOG_FILE_HEAD) {
		*row = LOG_FILE_HEAD - at;
		return at;
	}
	in = (at - LOG_FILE_HEAD) % LOG_FILE_RING;
	*row = LOG_FILE_RING - in;
	return LOG_FILE_HEAD + in;
}

int
log_file_write(int fd, struct view v, int64_t at, struct err *e)
{
	while (v.len > 0) {
		int64_t row, place = log_file_place(at, &row);
		ssize_t n = pwrite(
		    fd, v.p, (int64_t)v.len < row ? v.len : (size_t)row, place);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "write log");
		v = view_from(v, (size_t)n);
		at += n;
	}
	return 0;
}

int64_t
log_file_lost(int64_t total)
{
	return total > LOG_FILE_MAX ? total - LOG_FILE_HEAD - LOG_FILE_END : 0;
}

/* An earlier version kept the beginning alone: its files do not turn. */
static bool
log_file_turns(int fd, int64_t total)
{
	struct stat st;

	return total > LOG_FILE_MAX && fstat(fd, &st) == 0 &&
	    st.st_size >= LOG_FILE_MAX;
}

static long
log_file_mark(int64_t *at, int64_t to, char *p, size_t max)
{
	int n = snprintf(
	    p, max, "\n[%" PRId64 " bytes are not kept]\n", to - *at);

	*at = to;
	return n < (int)max ? n : (int)max - 1;
}

long
log_file_read(int fd, int64_t total, int64_t *at, void *p, size_t max)
{
	bool turns = log_file_turns(fd, total);
	int64_t place = *at, row = total - *at, end = total - LOG_FILE_END;
	ssize_t n;

	if (*at >= total)
		return 0;
	if (turns && *at >= LOG_FILE_HEAD && *at < end)
		return log_file_mark(at, end, p, max);
	if (turns || total <= LOG_FILE_MAX)
		place = log_file_place(*at, &row);
	if (row > total - *at)
		row = total - *at;
	do
		n = pread(fd, p, (int64_t)max < row ? max : (size_t)row, place);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		*at += n;
	return n;
}

int64_t
log_file_tail(int fd, int64_t total, size_t max)
{
	struct stat st;

	if (total > LOG_FILE_MAX && !log_file_turns(fd, total) &&
	    fstat(fd, &st) == 0)
		total = (int64_t)st.st_size;
	return total > (int64_t)max ? total - (int64_t)max : 0;
}

int
log_file_copy(int from, int64_t total, int to, struct err *e)
{
	AUTO_FREE char *buf = xmalloc(LOG_FILE_CHUNK);
	int64_t at = 0;
	long n;

	while ((n = log_file_read(from, total, &at, buf, LOG_FILE_CHUNK)) > 0) {
		for (long done = 0; done < n;) {
			ssize_t w = write(to, buf + done, (size_t)(n - done));

			if (w == -1 && errno != EINTR)
				return err_sys(e, ERR_IO, "write log");
			done += w > 0 ? w : 0;
		}
	}
	return n < 0 ? err_sys(e, ERR_IO, "read log") : 0;
}
