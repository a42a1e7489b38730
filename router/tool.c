#include "router/tool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/child.h"

enum {
	TOOL_ARGS_MAX = 16,
	TOOL_LIMIT_MS = 20000,
	TOOL_OUTPUT_MAX = 8 << 20 /* 65,000 members of a set as text */
};

struct tool {
	struct loop *loop;
	char *name;
	tool_done_fn *done;
	void *arg;
	struct str *output;
};

static const char *
tool_find(const char *name, char out[64])
{
	static const char *const dirs[] = { "/usr/sbin", "/sbin", "/usr/bin",
		"/bin" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(out, 64, "%s/%s", dirs[i], name);
		if (access(out, X_OK) == 0)
			return out;
	}
	return NULL;
}

/*
 * conntrack(8) ends with 1 when it found nothing to delete, and says so; that
 * is no failure.
 */
static bool
tool_is_benign(const struct tool *t, const struct child_exit *x)
{
	return strcmp(t->name, "conntrack") == 0 && WIFEXITED(x->status) &&
	    strstr(x->err, "flow entries have been deleted") != NULL;
}

static void
tool_on_exit(const struct child_exit *x, void *arg)
{
	struct tool *t = arg;
	struct err e = ERR_INIT;
	int rc = tool_is_benign(t, x) ? 0 : child_check(x, t->name, &e);

	if (rc == 0 && x->truncated)
		rc = err_set(&e, ERR_LIMIT, "%s: too much output", t->name);
	if (rc == 0 && t->output != NULL)
		str_addn(t->output, x->out, x->outlen);
	t->done(rc == 0 ? NULL : &e, t->arg);
	free(t->name);
	free(t);
}

int
tool_start(struct loop *l, const struct tool_spec *spec, tool_done_fn *done,
    void *arg, struct err *e)
{
	char path[64];
	AUTO_STR struct str lock = STR_INIT;
	const char *argv[TOOL_ARGS_MAX] = { NULL };
	const char *envp[4] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"LC_ALL=C", NULL, NULL };
	struct child_spec cs = {
		.argv = argv,
		.envp = envp,
		.in = spec->input != NULL ? CHILD_BYTES : CHILD_NULL,
		.in_bytes = spec->input,
		.in_len = spec->input != NULL ? strlen(spec->input) : 0,
		.out = CHILD_COLLECT,
		.err = CHILD_COLLECT,
		.max_output = TOOL_OUTPUT_MAX,
		.limit_ms = TOOL_LIMIT_MS,
		.on_exit = tool_on_exit,
	};
	struct child *c;
	struct tool *t;

	argv[0] = tool_find(spec->argv[0], path);
	if (argv[0] == NULL)
		return err_set(e, ERR_NOTFOUND,
		    "%s is not installed; run: make deps", spec->argv[0]);
	for (int i = 1; i < TOOL_ARGS_MAX - 1 && spec->argv[i] != NULL; i++)
		argv[i] = spec->argv[i];
	if (spec->lockfile != NULL) {
		str_addf(&lock, "XTABLES_LOCKFILE=%s", spec->lockfile);
		envp[2] = str_cstr(&lock);
	}
	t = xcalloc(1, sizeof(*t));
	*t = (struct tool){ .loop = l,
		.name = xstrdup(spec->argv[0]),
		.done = done,
		.arg = arg,
		.output = spec->output };
	cs.arg = t;
	if (child_start(l, &cs, &c, e) == -1) {
		free(t->name);
		free(t);
		return -1;
	}
	return 0;
}

struct tool_wait {
	struct loop *loop;
	struct err err;
	bool failed;
};

static void
tool_on_done(const struct err *e, void *arg)
{
	struct tool_wait *w = arg;

	if (e != NULL) {
		w->err = *e;
		w->failed = true;
	}
	loop_stop(w->loop);
}

int
tool_run(struct loop *l, const struct tool_spec *spec, struct err *e)
{
	struct tool_wait w = { .loop = l, .err = ERR_INIT };

	if (tool_start(l, spec, tool_on_done, &w, e) == -1 ||
	    loop_run(l, e) == -1)
		return -1;
	if (w.failed)
		*e = w.err;
	return w.failed ? -1 : 0;
}
