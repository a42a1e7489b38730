#include "cli/fetch/own.h"

#include <sys/wait.h>

#include <stdio.h>
#include <unistd.h>

#include "cli/remote.h"
#include "lib/base/err.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"

enum {
	OWN_SIGNAL_BASE = 128
};

struct own_wait {
	struct loop *loop;
	int code;
};

static void
own_on_exit(const struct child_exit *x, void *arg)
{
	struct own_wait *w = arg;

	w->code = WIFEXITED(x->status) ? WEXITSTATUS(x->status)
				       : OWN_SIGNAL_BASE + WTERMSIG(x->status);
	loop_stop(w->loop);
}

int
own_run(struct cli *c, const char *const *argv, const char *cwd, int *code,
    struct err *e)
{
	struct own_wait w = { .loop = remote_loop(c, e) };
	const struct child_spec spec = {
		.argv = argv,
		.envp = (const char *const *)environ,
		.cwd = cwd,
		.in = CHILD_FD,
		.out = CHILD_FD,
		.err = CHILD_FD,
		.in_fd = STDIN_FILENO,
		.out_fd = STDOUT_FILENO,
		.err_fd = STDERR_FILENO,
		.on_exit = own_on_exit,
		.arg = &w,
	};
	struct child *started;

	if (w.loop == NULL)
		return -1;
	(void)fflush(stdout);
	if (child_start(w.loop, &spec, &started, e) == -1 ||
	    loop_run(w.loop, e) == -1)
		return -1;
	*code = w.code;
	return 0;
}
