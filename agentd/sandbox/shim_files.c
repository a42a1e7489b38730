#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/shim_priv.h"
#include "agentd/sandbox/spec.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

static int
shim_open_fifo(const char *dir, const char *name, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, name);
	int fd;

	if (mkfifo(path, 0600) == -1 && errno != EEXIST)
		return err_sys(e, ERR_IO, "make %s", path);
	/* Both ends, so that opening never waits. */
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return err_sys(e, ERR_IO, "open %s", path);
	return fd;
}

int
shim_open_orders(const char *dir, int *alive, int *ctl, struct err *e)
{
	*alive = shim_open_fifo(dir, "alive", e);
	*ctl = *alive == -1 ? -1 : shim_open_fifo(dir, "ctl", e);
	return *ctl == -1 ? -1 : 0;
}

int
shim_open_log(const char *dir, const char *name, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, name);
	int fd = open(path,
	    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
	    0600);

	if (fd == -1)
		return err_sys(e, ERR_IO, "create %s", path);
	return fd;
}

int
shim_open_stdin(const char *source, struct err *e)
{
	AUTO_CLOSE int fd = spec_open_source(source, false, e);
	AUTO_FREE char *path = xasprintf("/proc/self/fd/%d", fd);
	int in;

	if (fd == -1)
		return err_wrap(e, "stdin");
	in = open(path, O_RDONLY | O_CLOEXEC);
	if (in == -1)
		return err_sys(e, ERR_IO, "stdin %s", source);
	return in;
}

static size_t
shim_keep_write(const struct shim_log *l, struct view v, struct shim_kept *k)
{
	ssize_t w = v.len == 0 ? 0 : write(l->file, v.p, v.len);

	if (w <= 0)
		return 0;
	k->bytes += (uint64_t)w;
	/* When the FIFO is full, one is awake already. */
	(void)!write(l->alive, "o", 1);
	return (size_t)w;
}

static void
shim_keep_over(const struct shim_log *l, struct view v, struct shim_kept *k)
{
	if (k->end == NULL)
		k->end = xmalloc((size_t)l->tail);
	while (v.len > 0) {
		size_t at = (size_t)(k->over % l->tail);
		size_t n = (size_t)l->tail - at;

		if (n > v.len)
			n = v.len;
		memcpy(k->end + at, v.p, n);
		k->over += n;
		v = view_from(v, n);
	}
}

void
shim_keep(const struct shim_log *l, struct view v, struct shim_kept *k,
    struct shim_exit *x)
{
	struct view head = v;
	size_t w = 0;

	if (head.len > l->limit - k->bytes)
		head.len = (size_t)(l->limit - k->bytes);
	if (k->over == 0)
		w = shim_keep_write(l, head, k);
	x->bytes += v.len;
	x->dropped += v.len - w;
	/* What a full disk did not take in the middle is lost. */
	if (l->tail > 0 && (k->over > 0 || head.len < v.len))
		shim_keep_over(l, k->over > 0 ? v : view_from(v, head.len), k);
}

void
shim_keep_end(
    const struct shim_log *l, struct shim_kept *k, struct shim_exit *x)
{
	uint64_t kept = k->over < l->tail ? k->over : l->tail;
	char mark[80];

	if (k->over == 0)
		return;
	if (k->over > kept) {
		(void)snprintf(mark, sizeof(mark),
		    "\n[%llu bytes of the output are not kept]\n",
		    (unsigned long long)(k->over - kept));
		(void)shim_keep_write(l, view_of(mark), k);
	}
	for (uint64_t at = k->over - kept; at < k->over;) {
		size_t from = (size_t)(at % l->tail);
		size_t n = (size_t)l->tail - from;

		if (n > k->over - at)
			n = (size_t)(k->over - at);
		n = shim_keep_write(l, (struct view){ k->end + from, n }, k);
		if (n == 0)
			break;
		at += n;
		x->dropped -= n;
	}
	free(k->end);
	*k = (struct shim_kept){ .bytes = k->bytes };
}

void
shim_mark_started(const char *dir, int alive)
{
	AUTO_FREE char *path = path_join(dir, "started");
	AUTO_CLOSE int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	(void)!write(alive, "r", 1);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
}

void
shim_detach(const char *name)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 3 && null != -1; i++)
		(void)dup2(null, i);
	(void)setsid();
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
}
