#include "agentd/attach/proving.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

enum {
	PROVING_MS = 180 * 1000
};

/* clang-format off */
static const char proving_script[] =
    "umask 077\n"
    /* A shell's read takes no byte beyond the line. */
    "read -r size token || exit 1\n"
    "f=$(mktemp /tmp/.coffer-probe.XXXXXX) || exit 1\n"
    "head -c \"$size\" >\"$f\" && chmod 700 \"$f\" && exec \"$f\" \"$token\"\n"
    "rm -f \"$f\"\n"
    "exit 1\n";
/* clang-format on */

const char *const proving_argv[] = { "/bin/sh", "-c", proving_script, "prove",
	NULL };

int
proving_start(
    const struct proving *p, struct child **judge, int *out, struct err *e)
{
	char self[PATH_MAX];
	char project[24];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	AUTO_FREE char *program = NULL;
	AUTO_FREE char *probe = NULL;
	const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		NULL };
	int ends[2];

	if (n <= 0)
		return err_sys(e, ERR_IO, "/proc/self/exe");
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	program = path_join(self, "../libexec/coffer/coffer-prove");
	probe = path_join(self, "../libexec/coffer/coffer-probe");
	(void)snprintf(project, sizeof(project), "%" PRId64, p->project);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		ends) == -1)
		return err_sys(e, ERR_IO, "socketpair");
	{
		AUTO_CLOSE int theirs = ends[1];
		const char *const argv[] = { program, p->home, project,
			p->driver, probe, NULL };
		const struct child_spec spec = { .argv = argv,
			.envp = env,
			.in = CHILD_NULL,
			.out = CHILD_FD,
			.out_fd = theirs,
			.err = CHILD_COLLECT,
			.pass_fds = &p->probe,
			.n_pass_fds = 1,
			.limit_ms = PROVING_MS,
			.on_exit = p->on_exit,
			.arg = p->arg };

		if (child_start(p->loop, &spec, judge, e) == -1) {
			(void)close(ends[0]);
			return -1;
		}
	}
	*out = ends[0];
	return 0;
}
