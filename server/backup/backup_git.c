#include "server/backup/backup_git.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"
#include "server/git/git_env.h"

enum {
	BACKUPGIT_ARGS = 24,
	BACKUPGIT_OUT_MAX = 64 << 20
};

int
backupgit_open(struct backup_git *g, const char *home, struct err *e)
{
	*g = (struct backup_git){ .home = home, .loop = loop_new(e) };
	return g->loop == NULL ? -1 : 0;
}

void
backupgit_close(struct backup_git *g)
{
	if (g->loop != NULL)
		loop_free(g->loop);
	g->loop = NULL;
}

char *
backupgit_repo(const struct backup_git *g, int64_t project)
{
	return xasprintf("%s/repos/%" PRId64 ".git", g->home, project);
}

static void
backupgit_on_exit(const struct child_exit *x, void *arg)
{
	struct backup_git *g = arg;

	g->failed = child_check(x, "git", &g->fail) == -1;
	if (!g->failed && x->truncated) {
		g->failed = true;
		(void)err_set(&g->fail, ERR_LIMIT, "git: too much output");
	}
	if (g->out != NULL)
		str_addn(g->out, x->out, x->outlen);
	loop_stop(g->loop);
}

static int
backupgit_child(struct backup_git *g, const char *const *argv, const char *repo,
    int in, int out, struct err *e)
{
	AUTO_FREE char *home = xasprintf("HOME=%s/git/home", g->home);
	AUTO_FREE char *dir = xasprintf(
	    "GIT_DIR=%s", repo == NULL ? "/dev/null" : repo);
	const char *envp[] = { home, dir, "LC_ALL=C", "PATH=/usr/bin:/bin",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_CONFIG_COUNT=2",
		"GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		"GIT_CONFIG_KEY_1=core.hooksPath",
		"GIT_CONFIG_VALUE_1=/dev/null", NULL };
	const struct child_spec spec = { .argv = argv,
		.envp = envp,
		.in = in == -1 ? CHILD_NULL : CHILD_FD,
		.in_fd = in,
		.out = out == -1 ? CHILD_COLLECT : CHILD_FD,
		.out_fd = out,
		.err = CHILD_COLLECT,
		.max_output = BACKUPGIT_OUT_MAX,
		.on_exit = backupgit_on_exit,
		.arg = g };
	struct child *child;

	g->failed = false;
	g->fail = ERR_INIT;
	return child_start(g->loop, &spec, &child, e);
}

int
backupgit_start(struct backup_git *g, int64_t project, const char *const *args,
    int in, int out, struct err *e)
{
	AUTO_FREE char *repo = backupgit_repo(g, project);
	const char *argv[BACKUPGIT_ARGS + 5] = { "/usr/bin/setpriv",
		"--pdeathsig", "KILL", GIT_PROGRAM };
	size_t n = 4;

	for (size_t i = 0; args[i] != NULL && i < BACKUPGIT_ARGS; i++)
		argv[n++] = args[i];
	return backupgit_child(g, argv, repo, in, out, e);
}

int
backupgit_wait(struct backup_git *g, struct err *e)
{
	if (loop_run(g->loop, e) == -1)
		return -1;
	g->out = NULL;
	if (g->failed)
		*e = g->fail;
	return g->failed ? -1 : 0;
}

int
backupgit_ask(struct backup_git *g, int64_t project, const char *const *args,
    int in, struct str *out, struct err *e)
{
	g->out = out;
	if (backupgit_start(g, project, args, in, -1, e) == -1)
		return -1;
	return backupgit_wait(g, e);
}

int
backupgit_self(struct backup_git *g, const char *const *args, struct err *e)
{
	const char *argv[BACKUPGIT_ARGS + 2] = { "/proc/self/exe" };

	for (size_t i = 0; args[i] != NULL && i < BACKUPGIT_ARGS; i++)
		argv[i + 1] = args[i];
	if (backupgit_child(g, argv, NULL, -1, -1, e) == -1)
		return -1;
	return backupgit_wait(g, e);
}

int
backupgit_text(const struct str *text, struct err *e)
{
	int fd = memfd_create("backup", MFD_CLOEXEC);

	if (fd == -1)
		return err_sys(e, ERR_IO, "memfd_create");
	for (size_t at = 0; at < text->len;) {
		ssize_t n = write(fd, text->p + at, text->len - at);

		if (n == -1) {
			(void)close(fd);
			return err_sys(e, ERR_IO, "write");
		}
		at += (size_t)n;
	}
	(void)lseek(fd, 0, SEEK_SET);
	return fd;
}
