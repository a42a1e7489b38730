#include <stddef.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"
#include "router/priv.h"
#include "router/respawn.h"
#include "router/stub.h"

struct keeper {
	struct loop *loop;
	const char *upstream, *log_level;
	struct respawn *stub;
};

static int
keeper_start_stub(
    void *arg, struct child_spec *spec, struct child **out, struct err *e)
{
	const struct keeper *k = arg;
	static const int fds[] = { STUB_FD };
	const char *argv[] = { "/proc/self/exe", "@stub", k->upstream,
		k->log_level, NULL };
	static const char *const envp[] = { "LC_ALL=C", NULL };

	spec->argv = argv;
	spec->envp = envp;
	spec->in = CHILD_NULL;
	spec->out = CHILD_NULL;
	spec->err = CHILD_FD;
	spec->err_fd = STDERR_FILENO;
	spec->pass_fds = fds;
	spec->n_pass_fds = 1;
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
keeper_main(uid_t uid, gid_t gid, const char *upstream, const char *log_level)
{
	struct keeper k = { .upstream = upstream, .log_level = log_level };
	struct err e = ERR_INIT;
	struct watch *in;

	(void)priv_raise_files();
	if (priv_drop_all(uid, gid, &e) == -1)
		goto fail;
	k.loop = loop_new(&e);
	if (k.loop == NULL)
		goto fail;
	in = watch_new(k.loop, STDIN_FILENO, keeper_on_stdin, &k);
	watch_set(in, WATCH_READ);
	k.stub = respawn_new(k.loop, "stub", keeper_start_stub, &k);
	if (loop_run(k.loop, &e) == -1)
		goto fail;
	/* Kills the stub. */
	loop_free(k.loop);
	_exit(0);

fail:
	log_error("keeper failed err=%s", log_val(e.msg));
	_exit(1);
}
