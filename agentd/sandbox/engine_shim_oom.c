#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agentd/sandbox/engine_shim_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/io/watch.h"

static char *
engine_shim_memory_file(const struct engine_shim *s, const char *name)
{
	return xasprintf("/sys/fs/cgroup/memory/%s/%s", s->cgroup, name);
}

/* Also heard when the cgroup goes; then the file is not there any more. */
static void
engine_shim_on_oom(int fd, int what, void *arg)
{
	struct engine_shim *s = arg;
	AUTO_FREE char *path = engine_shim_memory_file(s, "memory.oom_control");
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) != (ssize_t)sizeof(n))
		return;
	if (access(path, F_OK) == 0)
		s->x.oom = true;
	else
		watch_set(s->oom_watch, 0);
}

/* cgroup v1 alone has this; on v2 the engines tell it. */
void
engine_shim_watch_oom(struct engine_shim *s)
{
	AUTO_FREE char *path = engine_shim_memory_file(s, "memory.oom_control");
	AUTO_FREE char *control = engine_shim_memory_file(
	    s, "cgroup.event_control");
	AUTO_CLOSE int file = open(path, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int event = open(control, O_WRONLY | O_CLOEXEC);
	AUTO_CLOSE int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char text[32];

	if (file == -1 || event == -1 || fd == -1)
		return;
	(void)snprintf(text, sizeof(text), "%d %d", fd, file);
	if (write(event, text, strlen(text)) == -1)
		return;
	s->oom = STEAL_FD(fd);
	s->oom_watch = watch_new(s->loop, s->oom, engine_shim_on_oom, s);
	watch_set(s->oom_watch, WATCH_READ);
}
