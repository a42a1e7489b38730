#include "cli/svclog.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

struct svclog {
	char *path;
	int fd;
	size_t size, max;
	struct str tail;
};

static int
svclog_create(struct svclog *l, struct err *e)
{
	struct stat st;

	l->fd = open(l->path,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (l->fd == -1 || fstat(l->fd, &st) == -1)
		return err_sys(e, ERR_IO, "open %s", l->path);
	l->size = (size_t)st.st_size;
	return 0;
}

struct svclog *
svclog_open(const char *path, size_t max, struct err *e)
{
	struct svclog *l = xcalloc(1, sizeof(*l));

	l->path = xstrdup(path);
	l->max = max;
	l->tail = STR_INIT_MAX((size_t)2 * SVCLOG_TAIL);
	if (svclog_create(l, e) == -1) {
		svclog_close(l);
		return NULL;
	}
	return l;
}

void
svclog_close(struct svclog *l)
{
	if (l == NULL)
		return;
	if (l->fd != -1)
		(void)close(l->fd);
	str_release(&l->tail);
	free(l->path);
	free(l);
}

static void
svclog_rotate(struct svclog *l)
{
	AUTO_FREE char *old = xasprintf("%s.1", l->path);
	struct err e = ERR_INIT;

	if (rename(l->path, old) == -1) {
		log_warn(
		    "svclog rotate path=%s errno=%d", log_val(l->path), errno);
		l->size = 0; /* try again after as much again */
		return;
	}
	(void)close(l->fd);
	if (svclog_create(l, &e) == -1)
		log_warn("svclog reopen error=%s", log_val(e.msg));
}

void
svclog_write(struct svclog *l, const void *p, size_t n)
{
	const char *at = p;
	size_t left = n;
	size_t keep = n > SVCLOG_TAIL ? SVCLOG_TAIL : n;

	if (l->size > 0 && l->size + n > l->max)
		svclog_rotate(l);
	while (left > 0 && l->fd != -1) {
		ssize_t w = write(l->fd, at, left);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1) {
			log_warn("svclog write path=%s errno=%d",
			    log_val(l->path), errno);
			break;
		}
		at += w;
		left -= (size_t)w;
	}
	l->size += n;
	if (l->tail.len + keep > SVCLOG_TAIL)
		str_drop(&l->tail, l->tail.len + keep - SVCLOG_TAIL);
	str_addn(&l->tail, (const char *)p + n - keep, keep);
}

const char *
svclog_tail(const struct svclog *l)
{
	const char *s = str_cstr(&l->tail);
	const char *nl;

	if (l->tail.len < SVCLOG_TAIL)
		return s;
	nl = strchr(s, '\n');
	return nl == NULL ? s : nl + 1;
}
