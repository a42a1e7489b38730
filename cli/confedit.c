#include "cli/confedit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"

/* On the folder: the file is another one after each write. */
int
confedit_lock(const char *home, struct err *e)
{
	AUTO_CLOSE int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return err_sys(e, ERR_IO, "open %s", home);
	while (flock(fd, LOCK_EX) == -1)
		if (errno != EINTR)
			return err_sys(e, ERR_IO, "lock %s", home);
	return STEAL_FD(fd);
}
