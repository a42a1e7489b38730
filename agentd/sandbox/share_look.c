#include "agentd/sandbox/share_look.h"

#include <stdio.h>
#include <sys/wait.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/view.h"
#include "lib/io/child.h"

enum {
	SHARE_LOOK_LIMIT_MS = 60 * 1000,
	SHARE_LOOK_TEXT_MAX = 4096
};

struct share_look {
	sandbox_done_fn *done;
	void *arg;
	struct err e;
};

char **
share_list(const struct sandbox_spec *s)
{
	char **list = xcalloc(s->n_mounts + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < s->n_mounts; i++) {
		if (s->mounts[i].share)
			list[n++] = xstrdup(s->mounts[i].source);
	}
	return list;
}

void
share_list_free(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

int
share_look_main(char *const *paths)
{
	struct err e = ERR_INIT;

	for (size_t i = 0; paths[i] != NULL; i++) {
		if (spec_share_look(paths[i], &e) == -1) {
			(void)fputs(e.msg, stderr);
			return 1;
		}
	}
	return 0;
}

static void
share_look_end(void *arg)
{
	struct share_look *l = arg;

	l->done(l->e.code != ERR_NONE ? &l->e : NULL, l->arg);
	free(l);
}

static void
share_look_on_exit(const struct child_exit *x, void *arg)
{
	struct share_look *l = arg;

	if (WIFEXITED(x->status) && WEXITSTATUS(x->status) == 1 &&
	    x->errlen > 0)
		(void)err_set(&l->e, ERR_INVALID, "%s", x->err);
	else if (x->timed_out)
		(void)err_set(&l->e, ERR_LIMIT,
		    "what is shared could not be looked at within %d s: name "
		    "a smaller folder",
		    SHARE_LOOK_LIMIT_MS / 1000);
	else
		(void)child_check(x, "a look at what is shared", &l->e);
	share_look_end(l);
}

void
share_look(const struct sandbox_host *h, const char *const *paths,
    sandbox_done_fn *done, void *arg)
{
	static const char *const env[] = { NULL };
	struct share_look *l = xcalloc(1, sizeof(*l));
	const char *argv[SPEC_MAX_MOUNTS + 3] = { h->shim, "--look" };
	size_t n = 0;
	const struct child_spec spec = {
		.argv = argv,
		.envp = env,
		.err = CHILD_COLLECT,
		.max_output = SHARE_LOOK_TEXT_MAX,
		.limit_ms = SHARE_LOOK_LIMIT_MS,
		.on_exit = share_look_on_exit,
		.arg = l,
	};
	struct child *c;

	l->done = done;
	l->arg = arg;
	for (; paths != NULL && paths[n] != NULL && n < SPEC_MAX_MOUNTS; n++)
		argv[2 + n] = paths[n];
	if (n == 0 || child_start(h->loop, &spec, &c, &l->e) == -1)
		loop_defer(h->loop, share_look_end, l);
}
