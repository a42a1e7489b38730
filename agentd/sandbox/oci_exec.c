#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentd/sandbox/bundle.h"
#include "agentd/sandbox/oci_priv.h"
#include "agentd/sandbox/shim_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/io/child.h"
#include "lib/io/sock.h"

struct driver_exec {
	struct driver_exec_spec spec;
	struct child *child;
	char *file; /* the process object, with its environment */
	int tty;    /* the pty's slave: resizing outlives the caller's master */
};

static void
oci_exec_release(struct driver_exec *x)
{
	if (x->file != NULL)
		(void)unlink(x->file);
	if (x->tty != -1)
		(void)close(x->tty);
	free(x->file);
	free(x);
}

static void
oci_exec_on_exit(const struct child_exit *c, void *arg)
{
	struct driver_exec *x = arg;
	struct err e = ERR_INIT;
	int status = WIFEXITED(c->status) ? WEXITSTATUS(c->status)
					  : 128 + WTERMSIG(c->status);

	x->child = NULL;
	x->spec.on_exit(status,
	    status == 255 && child_check(c, "exec", &e) == -1 ? &e : NULL,
	    x->spec.arg);
	oci_exec_release(x);
}

static int
oci_exec_open_pty(
    const struct driver_exec_spec *s, int *master, int *slave, struct err *e)
{
	const struct winsize size = { .ws_row = s->rows, .ws_col = s->cols };
	char name[64];

	*slave = -1;
	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (*master == -1)
		return err_sys(e, ERR_IO, "terminal");
	if (grantpt(*master) == -1 || unlockpt(*master) == -1 ||
	    ptsname_r(*master, name, sizeof(name)) != 0)
		return err_sys(e, ERR_IO, "terminal");
	*slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave == -1)
		return err_sys(e, ERR_IO, "terminal %s", name);
	(void)ioctl(*slave, TIOCSWINSZ, &size);
	return 0;
}

static int
oci_exec_open_pair(int *ours, int *theirs, struct err *e)
{
	int fds[2];

	if (sock_pair(fds, e) == -1)
		return -1;
	*ours = fds[0];
	*theirs = fds[1];
	/* A program does not expect its stdin to be non-blocking. */
	if (fcntl(fds[1], F_SETFL, 0) == -1)
		return err_sys(e, ERR_IO, "socket");
	return 0;
}

/* runc's exec inherits the network like its run did: see shim_join_netns. */
static int
oci_exec_spawn(struct driver_exec *x, const struct sandbox_host *h, int inside,
    const char *netns, struct err *e)
{
	static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		NULL };
	AUTO_FREE char *state = oci_state_root(h);
	AUTO_FREE char *net = xasprintf(
	    "--net=/run/netns/%s", netns != NULL ? netns : "");
	const char *const argv[] = { "/usr/bin/nsenter", net, "--",
		oci_runc_path(), "--root", state, "exec", "--process", x->file,
		x->spec.like->id, NULL };
	const struct child_spec c = {
		.argv = netns != NULL ? argv : argv + 3,
		.envp = env,
		.in = CHILD_FD,
		.in_fd = inside,
		.out = CHILD_FD,
		.out_fd = inside,
		.err = x->spec.terminal ? CHILD_FD : CHILD_COLLECT,
		.err_fd = inside,
		.max_output = 4096,
		.on_exit = oci_exec_on_exit,
		.arg = x,
	};

	return child_start(h->loop, &c, &x->child, e);
}

struct driver_exec *
oci_exec(const struct sandbox_host *h, const struct driver_exec_spec *spec,
    int *fd, struct err *e)
{
	struct driver_exec *x = xcalloc(1, sizeof(*x));
	AUTO_STR struct str text = STR_INIT;
	AUTO_CLOSE int ours = -1;
	AUTO_CLOSE int theirs = -1;
	struct shim_conf conf = { .id = NULL };
	char name[32] = "exec-";

	x->spec = *spec;
	x->tty = -1;
	rnd_hex(name + strlen(name), 8);
	bundle_process(spec->like, spec->terminal, &text);
	x->file = path_join(spec->dir, name);
	if (spec_validate(spec->like, h->home, e) == -1 ||
	    shim_conf_load(spec->dir, &conf, e) == -1 ||
	    path_replace(x->file, text.p, text.len, 0600, e) == -1)
		goto fail;
	if ((spec->terminal ? oci_exec_open_pty(spec, &ours, &theirs, e)
			    : oci_exec_open_pair(&ours, &theirs, e)) == -1)
		goto fail;
	if (oci_exec_spawn(x, h, theirs, conf.netns, e) == -1)
		goto fail;
	shim_conf_release(&conf);
	if (spec->terminal)
		x->tty = STEAL_FD(theirs);
	*fd = STEAL_FD(ours);
	return x;
fail:
	shim_conf_release(&conf);
	oci_exec_release(x);
	return NULL;
}

/* runc copies the size of its terminal when told that it changed. */
void
oci_exec_resize(struct driver_exec *x, uint16_t cols, uint16_t rows)
{
	const struct winsize size = { .ws_row = rows, .ws_col = cols };

	if (x->tty == -1 || x->child == NULL)
		return;
	(void)ioctl(x->tty, TIOCSWINSZ, &size);
	child_kill(x->child, SIGWINCH);
}

void
oci_exec_kill(struct driver_exec *x, int sig)
{
	if (x->child != NULL)
		child_kill(x->child, sig);
}
