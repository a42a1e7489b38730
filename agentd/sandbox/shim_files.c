#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
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

void
shim_keep(const struct shim_log *l, struct view v, uint64_t *kept,
    struct shim_exit *x)
{
	size_t keep = v.len;
	ssize_t w;

	x->bytes += v.len;
	if (keep > l->limit - *kept)
		keep = (size_t)(l->limit - *kept);
	w = keep == 0 ? 0 : write(l->file, v.p, keep);
	if (w < 0)
		w = 0;
	*kept += (uint64_t)w;
	x->dropped += v.len - (uint64_t)w;
	/* When the FIFO is full, one is awake already. */
	if (w > 0)
		(void)!write(l->alive, "o", 1);
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
