#include "server/git/git_copy.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/io/child.h"
#include "server/git/git_env.h"
#include "server/git/git_pool.h"
#include "server/git/repo_use.h"

enum {
	GITCOPY_AT_ONCE = 2
};

#define GITCOPY_MEMORY (2ULL << 30)

struct git_copy {
	TAILQ_ENTRY(git_copy) link;
	struct git_copies *all;
	struct git_copy_spec spec;
	char *refs[GIT_COPY_SPECS];
	struct repo_hold *hold; /* of what is written */
	struct child *child;
	struct err fail; /* of a start that is told later */
};

TAILQ_HEAD(git_copy_list, git_copy);

struct git_copies {
	struct loop *loop;
	const struct git_env *env;
	struct git_pool *pool;
	struct repo_use *use;
	struct git_copy_list waiting;
	struct git_copy_list running;
	struct git_copy_list refused;
	uint64_t min_free;
	unsigned n_waiting, n_running, n_whole;
	bool scheduled;
};

static void gitcopies_schedule(struct git_copies *c);

struct git_copies *
gitcopies_new(struct loop *l, const struct git_env *env, struct git_pool *pool,
    struct repo_use *use, uint64_t min_free)
{
	struct git_copies *c = xcalloc(1, sizeof(*c));

	c->loop = l;
	c->env = env;
	c->pool = pool;
	c->use = use;
	c->min_free = min_free;
	TAILQ_INIT(&c->waiting);
	TAILQ_INIT(&c->running);
	TAILQ_INIT(&c->refused);
	return c;
}

static void
gitcopy_free(struct git_copy *x)
{
	if (x->child != NULL)
		child_forget(x->child);
	repo_use_leave(x->hold);
	for (size_t i = 0; i < GIT_COPY_SPECS; i++)
		free(x->refs[i]);
	free(x);
}

static void
gitcopies_drop(struct git_copy_list *l)
{
	struct git_copy *x;

	while ((x = TAILQ_FIRST(l)) != NULL) {
		TAILQ_REMOVE(l, x, link);
		gitcopy_free(x);
	}
}

void
gitcopies_free(struct git_copies *c)
{
	if (c == NULL)
		return;
	gitcopies_drop(&c->waiting);
	gitcopies_drop(&c->running);
	gitcopies_drop(&c->refused);
	free(c);
}

static void
gitcopy_end(struct git_copy *x, const struct err *fail)
{
	struct git_copies *c = x->all;

	TAILQ_REMOVE(&c->running, x, link);
	c->n_running--;
	c->n_whole -= x->spec.whole;
	gitpool_refs_moved(c->pool, x->spec.to);
	repo_use_leave(x->hold);
	x->hold = NULL;
	x->spec.done(fail, x->spec.arg);
	gitcopy_free(x);
	gitcopies_schedule(c);
}

static void
gitcopy_on_exit(const struct child_exit *x, void *arg)
{
	struct git_copy *copy = arg;
	struct err e = ERR_INIT;

	copy->child = NULL;
	if (x->timed_out)
		(void)err_set(&e, ERR_TIMEOUT, "the copy took over %d s",
		    GIT_COPY_LIMIT_MS / 1000);
	else if (x->status != 0 &&
	    strstr(x->err, "couldn't find remote ref") != NULL)
		(void)err_set(&e, ERR_NOTFOUND, "there is no such branch");
	else if (x->status != 0)
		(void)child_check(x, "copy", &e);
	gitcopy_end(copy, e.code != ERR_NONE ? &e : NULL);
}

static int
gitcopy_spawn(struct git_copy *x, struct err *e)
{
	const struct git_env *env = x->all->env;
	AUTO_FREE char *from = gitenv_repo(env, x->spec.from);
	AUTO_FREE char *to = gitenv_repo(env, x->spec.to);
	/* Dies with us. */
	const char *argv[] = { "/usr/bin/setpriv", "--pdeathsig", "KILL",
		GIT_PROGRAM, "fetch", "--quiet", "--no-tags", "--atomic",
		"--no-write-fetch-head", "--no-auto-maintenance",
		"--no-recurse-submodules", "--no-show-forced-updates", "--",
		from, x->refs[0], x->refs[1], NULL };
	struct git_vars vars;
	struct child_spec spec = { .argv = argv,
		.in = CHILD_NULL,
		.out = CHILD_NULL,
		.err = CHILD_COLLECT,
		.limit_ms = GIT_COPY_LIMIT_MS,
		.max_data = GITCOPY_MEMORY,
		.on_exit = gitcopy_on_exit,
		.arg = x };
	int rc;

	gitvars_init(&vars, env);
	gitvars_add(&vars, "GIT_DIR", to);
	gitvars_config(&vars, "protocol.allow", "never");
	gitvars_config(&vars, "protocol.file.allow", "always");
	gitvars_config(&vars, "fetch.unpackLimit", "1");
	spec.envp = gitvars_done(&vars);
	rc = child_start(x->all->loop, &spec, &x->child, e);
	gitvars_release(&vars);
	return rc;
}

static int
gitcopy_room(const struct git_copy *x, struct err *e)
{
	const char *repos = gitenv_repos(x->all->env);
	struct statvfs v;

	if (!x->spec.whole)
		return 0;
	if (statvfs(repos, &v) == -1)
		return err_sys(e, ERR_IO, "the disk of repos");
	if ((uint64_t)v.f_bavail * v.f_frsize >= x->all->min_free)
		return 0;
	return err_set(e, ERR_BUSY,
	    "the server's disk has less room than [server] min_free");
}

static void
gitcopy_on_ready(void *arg)
{
	struct git_copy *x = arg;
	struct err e = ERR_INIT;

	if (gitcopy_room(x, &e) == -1 || gitcopy_spawn(x, &e) == -1)
		gitcopy_end(x, &e);
}

static void
gitcopies_refuse(struct git_copies *c)
{
	struct git_copy *x;

	while ((x = TAILQ_FIRST(&c->refused)) != NULL) {
		TAILQ_REMOVE(&c->refused, x, link);
		x->spec.done(&x->fail, x->spec.arg);
		gitcopy_free(x);
	}
}

/* The next that may run: a large one does not hold up a branch. */
static struct git_copy *
gitcopies_next(const struct git_copies *c)
{
	struct git_copy *x;

	if (c->n_running >= GITCOPY_AT_ONCE)
		return NULL;
	TAILQ_FOREACH(x, &c->waiting, link)
	{
		if (!x->spec.whole || c->n_whole == 0)
			return x;
	}
	return NULL;
}

static void
gitcopies_turn(void *arg)
{
	struct git_copies *c = arg;
	struct git_copy *x;

	c->scheduled = false;
	gitcopies_refuse(c);
	while ((x = gitcopies_next(c)) != NULL) {
		TAILQ_REMOVE(&c->waiting, x, link);
		TAILQ_INSERT_TAIL(&c->running, x, link);
		c->n_waiting--;
		c->n_running++;
		c->n_whole += x->spec.whole;
		x->hold = repo_use_share(
		    c->use, x->spec.to, 0, gitcopy_on_ready, x);
	}
}

static void
gitcopies_schedule(struct git_copies *c)
{
	if (c->scheduled ||
	    (TAILQ_EMPTY(&c->waiting) && TAILQ_EMPTY(&c->refused)))
		return;
	c->scheduled = true;
	loop_defer(c->loop, gitcopies_turn, c);
}

void
gitcopy(struct git_copies *c, const struct git_copy_spec *spec)
{
	struct git_copy *x = xcalloc(1, sizeof(*x));

	x->all = c;
	x->spec = *spec;
	for (size_t i = 0; i < GIT_COPY_SPECS && spec->refs[i] != NULL; i++)
		x->refs[i] = xstrdup(spec->refs[i]);
	if (c->n_waiting == GIT_COPY_WAITING_MAX) {
		(void)err_set(&x->fail, ERR_BUSY,
		    "too many copies of repositories wait: try again later");
		TAILQ_INSERT_TAIL(&c->refused, x, link);
	} else {
		TAILQ_INSERT_TAIL(&c->waiting, x, link);
		c->n_waiting++;
	}
	gitcopies_schedule(c);
}
