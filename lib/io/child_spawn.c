#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/child_priv.h"

/* A copy above every number that the child will use, closed on exec. */
static int
child_fds_add(struct child_fds *f, int fd, int above, struct err *e)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, above);

	if (copy == -1)
		return err_sys(e, ERR_IO, "duplicate descriptor %d", fd);
	f->fd[f->n++] = copy;
	return 0;
}

void
child_fds_release(struct child_fds *f)
{
	for (int i = 0; i < f->n; i++)
		(void)close(f->fd[i]);
	f->n = 0;
}

/* A pipe; only our end is non-blocking: the flag is the open file's. */
static int
child_pipe(int *ours, int *theirs, bool we_read, struct err *e)
{
	int p[2], flags;

	if (pipe2(p, O_CLOEXEC) == -1)
		return err_sys(e, ERR_IO, "pipe");
	*ours = p[we_read ? 0 : 1];
	*theirs = p[we_read ? 1 : 0];
	flags = fcntl(*ours, F_GETFL);
	if (flags == -1 || fcntl(*ours, F_SETFL, flags | O_NONBLOCK) == -1) {
		err_sys(e, ERR_IO, "set a pipe non-blocking");
		(void)close(p[0]);
		(void)close(p[1]);
		*ours = -1;
		return -1;
	}
	return 0;
}

/* One of the three streams: our end, or -1, to *ours, the child's to f. */
static int
child_fds_stream(struct child_fds *f, enum child_io how, int given, int above,
    int *ours, struct err *e)
{
	int theirs = -1, rc;

	switch (how) {
	case CHILD_NULL:
		theirs = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (theirs == -1)
			return err_sys(e, ERR_IO, "open /dev/null");
		break;
	case CHILD_COLLECT:
	case CHILD_PIPE:
	case CHILD_BYTES:
		if (child_pipe(ours, &theirs, f->n != 0, e) == -1)
			return -1;
		break;
	case CHILD_FD:
		return child_fds_add(f, given, above, e);
	case CHILD_MERGE:
		return child_fds_add(f, f->fd[STDOUT_FILENO], above, e);
	}
	rc = child_fds_add(f, theirs, above, e);
	(void)close(theirs);
	return rc;
}

int
child_fds_open(struct child_fds *f, const struct child_spec *spec, int ours[3],
    struct err *e)
{
	int above = 3 + spec->n_pass_fds;

	ours[0] = ours[1] = ours[2] = -1;
	if (spec->in == CHILD_COLLECT || spec->in == CHILD_MERGE ||
	    spec->out == CHILD_BYTES || spec->out == CHILD_MERGE ||
	    spec->err == CHILD_BYTES || spec->n_pass_fds < 0 ||
	    above > CHILD_FDS_MAX)
		return err_set(
		    e, ERR_INTERNAL, "child streams do not fit their use");
	if (child_fds_stream(f, spec->in, spec->in_fd, above, &ours[0], e) ==
		-1 ||
	    child_fds_stream(f, spec->out, spec->out_fd, above, &ours[1], e) ==
		-1 ||
	    child_fds_stream(f, spec->err, spec->err_fd, above, &ours[2], e) ==
		-1)
		goto fail;
	for (int i = 0; i < spec->n_pass_fds; i++)
		if (child_fds_add(f, spec->pass_fds[i], above, e) == -1)
			goto fail;
	return 0;

fail:
	for (int i = 0; i < 3; i++)
		if (ours[i] != -1)
			(void)close(ours[i]);
	return -1;
}

static int
child_set_attr(posix_spawnattr_t *attr)
{
	sigset_t all, none;
	int rc;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	rc = posix_spawnattr_setsigdefault(attr, &all);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attr, &none);
	if (rc == 0)
		rc = posix_spawnattr_setflags(attr,
		    POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
			POSIX_SPAWN_SETSIGMASK);
	return rc;
}

static int
child_set_actions(posix_spawn_file_actions_t *acts, const char *cwd,
    const struct child_fds *f)
{
	int rc = posix_spawn_file_actions_addchdir_np(
	    acts, cwd == NULL ? "/" : cwd);

	for (int i = 0; i < f->n && rc == 0; i++)
		rc = posix_spawn_file_actions_adddup2(acts, f->fd[i], i);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(acts, f->n);
	return rc;
}

static enum err_code
child_spawn_code(int sys)
{
	switch (sys) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOTFOUND;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case E2BIG:
	case EAGAIN:
	case ENOMEM:
		return ERR_LIMIT;
	default:
		return ERR_IO;
	}
}

/* posix_spawn does not write through the vectors, it only lacks the const. */
static char *const *
child_vector(const char *const *v)
{
	char *const *out;

	memcpy(&out, &v, sizeof(out));
	return out;
}

int
child_fds_spawn(const struct child_fds *f, const struct child_spec *spec,
    pid_t *out, struct err *e)
{
	static const char *const no_env[] = { NULL };
	posix_spawn_file_actions_t acts;
	posix_spawnattr_t attr;
	pid_t pid = 0;
	int rc;

	rc = posix_spawnattr_init(&attr);
	if (rc != 0)
		goto done;
	rc = posix_spawn_file_actions_init(&acts);
	if (rc != 0)
		goto done_attr;
	rc = child_set_attr(&attr);
	if (rc == 0)
		rc = child_set_actions(&acts, spec->cwd, f);
	if (rc == 0)
		rc = posix_spawn(&pid, spec->argv[0], &acts, &attr,
		    child_vector(spec->argv),
		    child_vector(spec->envp == NULL ? no_env : spec->envp));
	(void)posix_spawn_file_actions_destroy(&acts);
done_attr:
	(void)posix_spawnattr_destroy(&attr);
done:
	if (rc != 0) {
		errno = rc;
		return err_sys(e, child_spawn_code(rc), "start %s in %s",
		    log_val(spec->argv[0]),
		    log_val(spec->cwd == NULL ? "/" : spec->cwd));
	}
	*out = pid;
	return 0;
}
