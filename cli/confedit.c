#include "cli/confedit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <time.h>

#include "cli/cli.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

enum {
	CONFEDIT_WAIT_MS = 30 * 1000,
	CONFEDIT_POLL_MS = 100
};

/* On the folder: the file is another one after each write. */
int
confedit_lock(const char *home, struct err *e)
{
	const struct timespec pause = { .tv_nsec = CONFEDIT_POLL_MS * 1000000 };
	AUTO_CLOSE int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t since = clock_mono_ms();
	bool told = false;

	if (fd == -1)
		return err_sys(e, ERR_IO, "open %s", home);
	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, ERR_IO, "lock %s", home);
		if (clock_mono_ms() - since >= CONFEDIT_WAIT_MS)
			return err_set(e, ERR_BUSY,
			    "somebody else holds the lock of %s; nothing was "
			    "changed",
			    home);
		if (!told)
			cli_note("coffer: waits for another coffer config, "
				 "which has the lock of %s",
			    home);
		told = true;
		(void)nanosleep(&pause, NULL);
	}
	return STEAL_FD(fd);
}
