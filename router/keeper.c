#include "router/keeper.h"

#include <stddef.h>
#include <unistd.h>

#include "lib/base/barrier.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"
#include "router/priv.h"
#include "router/respawn.h"

enum {
	KEEPER_ARGS_MAX = 16
};

struct keeper {
	struct loop *loop;
	const struct keeper_spec *spec;
	struct respawn *role;
};

static int
keeper_start_role(
    void *arg, struct child_spec *spec, struct child **out, struct err *e)
{
	const struct keeper *k = arg;
	const char *argv[KEEPER_ARGS_MAX + 2] = { "/proc/self/exe" };
	const char *envp[BARRIER_ENV_MAX + 2] = { "LC_ALL=C" };
	int fds[KEEPER_FDS_MAX];

	barrier_env(envp + 1);
	for (size_t i = 0; i < KEEPER_ARGS_MAX && k->spec->argv[i] != NULL; i++)
		argv[i + 1] = k->spec->argv[i];
	for (int i = 0; i < k->spec->fds; i++)
		fds[i] = KEEPER_FD + i;
	spec->argv = argv;
	spec->envp = envp;
	spec->in = CHILD_NULL;
	spec->out = CHILD_NULL;
	spec->err = CHILD_FD;
	spec->err_fd = STDERR_FILENO;
	spec->pass_fds = fds;
	spec->n_pass_fds = k->spec->fds;
	return child_start(k->loop, spec, out, e);
}

/* The main process holds the other end and never writes. */
static void
keeper_on_stdin(int fd, int what, void *arg)
{
	struct keeper *k = arg;

	(void)fd;
	(void)what;
	loop_stop(k->loop);
}

int
keeper_main(const struct keeper_spec *spec)
{
	struct keeper k = { .spec = spec };
	struct err e = ERR_INIT;
	struct watch *in;

	(void)priv_raise_files();
	if (priv_drop_all(spec->uid, spec->gid, &e) == -1)
		goto fail;
	k.loop = loop_new(&e);
	if (k.loop == NULL)
		goto fail;
	in = watch_new(k.loop, STDIN_FILENO, keeper_on_stdin, &k);
	watch_set(in, WATCH_READ);
	/* "@stub" is told as stub. */
	k.role = respawn_new(k.loop, spec->argv[0] + 1, keeper_start_role, &k);
	if (loop_run(k.loop, &e) == -1)
		goto fail;
	/* Kills the role. */
	loop_free(k.loop);
	_exit(0);

fail:
	log_error("keeper failed err=%s", log_val(e.msg));
	_exit(1);
}
