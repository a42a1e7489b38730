#include "agentd/gateway/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	JOURNAL_SUM = 9, /* eight hex digits and a space */
	JOURNAL_RENEW_MIN = 1 << 20,
	JOURNAL_RENEW_TIMES = 4
};

struct journal {
	struct journal_spec spec;
	char *path;
	int fd;
	size_t size;
	size_t fresh; /* as it was when written anew */
	bool lost;    /* a line, since then */
};

static void __attribute__((format(printf, 2, 0)))
journal_line(struct str *out, const char *fmt, va_list ap)
{
	struct str text = STR_INIT_MAX(JOURNAL_LINE_MAX);
	uLong sum;

	str_vaddf(&text, fmt, ap);
	if (!str_ok(&text))
		die("journal: a line of more than %d bytes", JOURNAL_LINE_MAX);
	sum = crc32(0, (const Bytef *)str_cstr(&text), (uInt)text.len);
	str_addf(out, "%08lx %s\n", sum, str_cstr(&text));
	str_release(&text);
}

void
journal_put(struct str *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	journal_line(out, fmt, ap);
	va_end(ap);
}

static bool
journal_check(struct view line, struct view *text)
{
	char sum[JOURNAL_SUM];

	if (line.len < JOURNAL_SUM || line.len > JOURNAL_SUM + JOURNAL_LINE_MAX)
		return false;
	*text = view_from(line, JOURNAL_SUM);
	(void)snprintf(sum, sizeof(sum), "%08lx",
	    crc32(0, (const Bytef *)text->p, (uInt)text->len));
	return memcmp(line.p, sum, JOURNAL_SUM - 1) == 0 &&
	    line.p[JOURNAL_SUM - 1] == ' ';
}

static int
journal_replay(struct journal *j, struct err *e)
{
	AUTO_STR struct str all = STR_INIT_MAX(JOURNAL_FILE_MAX);
	struct view rest, line, text;
	size_t number = 0, bad = 0;

	if (path_read(j->path, JOURNAL_FILE_MAX, &all, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	rest = (struct view){ str_cstr(&all), all.len };
	while (view_split(&rest, '\n', &line)) {
		number++;
		if (!journal_check(line, &text)) {
			if (bad == 0)
				bad = number;
			continue;
		}
		if (bad != 0)
			return err_set(e, ERR_PROTO,
			    "%s:%zu: damaged; what was spent is not known. "
			    "Move the file away to begin anew",
			    j->path, bad);
		if (j->spec.replay(text, j->spec.arg, e) == -1)
			return err_wrap(e, "%s:%zu", j->path, number);
	}
	return 0;
}

int
journal_renew(struct journal *j, struct err *e)
{
	AUTO_STR struct str all = STR_INIT_MAX(JOURNAL_FILE_MAX);
	AUTO_CLOSE int fd = -1;
	struct stat st;

	j->spec.snapshot(&all, j->spec.arg);
	if (!str_ok(&all))
		return err_set(e, ERR_LIMIT, "%s: over %d bytes", j->path,
		    JOURNAL_FILE_MAX);
	if (path_write_atomic(j->path, str_cstr(&all), all.len, 0600, e) == -1)
		return -1;
	fd = open(j->path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		return err_sys(e, ERR_IO, "open %s", j->path);
	if (j->fd != -1)
		(void)close(j->fd);
	j->fd = STEAL_FD(fd);
	j->size = j->fresh = (size_t)st.st_size;
	j->lost = false;
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}

struct journal *
journal_open(const struct journal_spec *spec, struct err *e)
{
	struct journal *j = xcalloc(1, sizeof(*j));

	j->spec = *spec;
	j->path = xstrdup(spec->path);
	j->spec.path = j->path;
	j->fd = -1;
	if (journal_replay(j, e) == -1 || journal_renew(j, e) == -1) {
		journal_close(j);
		return NULL;
	}
	return j;
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	if (j->fd != -1)
		(void)close(j->fd);
	free(j->path);
	free(j);
}

int
journal_add(struct journal *j, struct err *e, const char *fmt, ...)
{
	AUTO_STR struct str line = STR_INIT;
	va_list ap;
	ssize_t n;

	va_start(ap, fmt);
	journal_line(&line, fmt, ap);
	va_end(ap);
	if (j->size + line.len > JOURNAL_FILE_MAX) {
		j->lost = true;
		return err_set(e, ERR_LIMIT, "%s: over %d bytes", j->path,
		    JOURNAL_FILE_MAX);
	}
	do
		n = write(j->fd, line.p, line.len);
	while (n == -1 && errno == EINTR);
	if (n == (ssize_t)line.len) {
		j->size += line.len;
		return 0;
	}
	j->lost = true;
	err_sys(e, ERR_IO, "write %s", j->path);
	/* Half a line would spoil the next one. */
	if (n > 0 && ftruncate(j->fd, (off_t)j->size) == -1)
		log_error("journal truncate path=%s errno=%d", log_val(j->path),
		    errno);
	return -1;
}

bool
journal_is_due(const struct journal *j)
{
	if (j->lost)
		return true;
	return j->size > JOURNAL_RENEW_MIN &&
	    j->size / JOURNAL_RENEW_TIMES > j->fresh;
}

int
journal_fd(const struct journal *j)
{
	return j->fd;
}
