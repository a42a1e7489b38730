#include "agentd/sandbox/engine_idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentd/sandbox/host.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

static int
engine_idmap_write(
    pid_t pid, const char *name, uint32_t from, uint32_t to, struct err *e)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/%s", (int)pid, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
	char line[80];

	/* Root's stay root's: what has an owner that is not mapped cannot be
	 * written to, not even by its group. */
	(void)snprintf(
	    line, sizeof(line), "0 0 1\n%u %u %d\n", from, to, HOST_UID_SPAN);
	if (fd == -1 || write(fd, line, strlen(line)) == -1)
		return err_sys(e, ERR_IO, "%s of a user namespace", name);
	return 0;
}

/* Only calls that are safe after a fork. */
static _Noreturn void
engine_idmap_child(int ready)
{
	if (unshare(CLONE_NEWUSER) == -1 || write(ready, "r", 1) != 1)
		_exit(1);
	for (;;)
		(void)pause();
}

int
engine_idmap_open(uint32_t from, uint32_t to, struct err *e)
{
	AUTO_FREE char *path = NULL;
	int ready[2];
	char byte;
	pid_t pid;
	int fd = -1;

	if (pipe2(ready, O_CLOEXEC) == -1)
		return err_sys(e, ERR_IO, "pipe");
	pid = fork();
	if (pid == 0)
		engine_idmap_child(ready[1]);
	(void)close(ready[1]);
	if (pid == -1) {
		(void)close(ready[0]);
		return err_sys(e, ERR_IO, "fork");
	}
	if (read(ready[0], &byte, 1) != 1)
		(void)err_set(e, ERR_IO, "no user namespace can be made");
	else if (engine_idmap_write(pid, "uid_map", from, to, e) == 0 &&
	    engine_idmap_write(pid, "gid_map", from, to, e) == 0) {
		path = xasprintf("/proc/%d/ns/user", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd == -1)
			(void)err_sys(e, ERR_IO, "%s", path);
	}
	(void)close(ready[0]);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return fd;
}
