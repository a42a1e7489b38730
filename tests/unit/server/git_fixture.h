/*
 * git_fixture: repositories made by a shell script in a folder of their own,
 * and a pool of workers over that folder.  For test programs that answer
 * "--git-worker" with gitworker_main; cmocka.h is included before.
 */
#ifndef TESTS_UNIT_SERVER_GIT_FIXTURE_H
#define TESTS_UNIT_SERVER_GIT_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/io/loop.h"
#include "server/git/git_pool.h"

struct git_fixture {
	struct loop *loop;
	struct git_pool *pool;
	char dir[64];
};

/* The script's $1 is arg; its wait status. */
static int
git_fixture_sh(const char *script, const char *arg)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		(void)setenv("GIT_AUTHOR_NAME", "T", 1);
		(void)setenv("GIT_AUTHOR_EMAIL", "t@example.org", 1);
		(void)setenv("GIT_COMMITTER_NAME", "T", 1);
		(void)setenv("GIT_COMMITTER_EMAIL", "t@example.org", 1);
		(void)setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
		(void)execl("/bin/sh", "sh", "-c", script, "sh", arg, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* The script makes $1/1.git and so on. */
static void
git_fixture_open(struct git_fixture *g, const char *script, unsigned workers)
{
	static const char *const argv[] = { "/proc/self/exe", "--git-worker",
		NULL };
	struct git_pool_spec spec = {
		.worker_argv = argv, .workers = workers, .limit_ms = 10000
	};
	struct err e = ERR_INIT;

	(void)snprintf(g->dir, sizeof(g->dir), "/tmp/coffer-git-XXXXXX");
	assert_non_null(mkdtemp(g->dir));
	assert_int_equal(git_fixture_sh(script, g->dir), 0);
	g->loop = loop_new(&e);
	assert_non_null(g->loop);
	spec.loop = g->loop;
	spec.repos = g->dir;
	g->pool = gitpool_new(&spec, &e);
	assert_non_null(g->pool);
}

static void
git_fixture_stop(void *arg)
{
	loop_stop(arg);
}

static void
git_fixture_close(struct git_fixture *g)
{
	struct err e = ERR_INIT;

	gitpool_free(g->pool);
	/* Two turns: what was closed is freed in the next one. */
	loop_defer(g->loop, git_fixture_stop, g->loop);
	(void)loop_run(g->loop, &e);
	loop_free(g->loop);
	assert_int_equal(path_rmtree(g->dir, &e), 0);
}

#endif
