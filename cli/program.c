#include "cli/program.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"

enum {
	PROGRAM_SIGNAL_BASE = 128
};

static const char program_path
    [] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static bool
program_is(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(path, X_OK) == 0;
}

/* Absolute parts of PATH only: the current directory is not trusted. */
char *
program_find(const char *name, struct err *e)
{
	const char *env = getenv("PATH");
	struct view rest = view_of(env == NULL ? program_path : env), dir;

	while (view_split(&rest, ':', &dir)) {
		AUTO_FREE char *folder = view_dup(dir);
		AUTO_FREE char *path = NULL;

		if (folder[0] != '/')
			continue;
		path = path_join(folder, name);
		if (program_is(path))
			return STEAL(path);
	}
	(void)err_set(e, ERR_INTERNAL, "%s is not installed", name);
	return NULL;
}

char *
program_find_own(const char *name, struct err *e)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash != NULL) {
			AUTO_FREE char *path = NULL;

			*slash = '\0';
			path = path_join(self, name);
			if (program_is(path))
				return STEAL(path);
		}
	}
	return program_find(name, e);
}

char **
program_env(void)
{
	static const char *const keep[] = { "HOME", "LANG", "LC_ALL", "TZ",
		"TMPDIR", "COFFER_PROMPTS", "SSL_CERT_FILE", "SSL_CERT_DIR",
#ifdef COFFER_TEST
		"COFFER_FAIL", "COFFER_TEST_CLOCK", "COFFER_TEST_INTERNET",
		"COFFER_TEST_WITHOUT", "ASAN_OPTIONS", "LSAN_OPTIONS",
		"UBSAN_OPTIONS"
#endif
	};
	const size_t n = sizeof(keep) / sizeof(keep[0]);
	char **env = xcalloc(n + 2, sizeof(*env));
	size_t at = 0;

	env[at++] = xasprintf("PATH=%s", program_path);
	for (size_t i = 0; i < n; i++) {
		const char *v = getenv(keep[i]);

		if (v != NULL)
			env[at++] = xasprintf("%s=%s", keep[i], v);
	}
	return env;
}

void
program_env_free(char **env)
{
	for (size_t i = 0; env != NULL && env[i] != NULL; i++)
		free(env[i]);
	free(env);
}

void
program_result_release(struct program_result *r)
{
	str_release(&r->out);
	str_release(&r->err);
}

struct program_wait {
	struct loop *loop;
	struct program_result *r;
};

static void
program_on_exit(const struct child_exit *x, void *arg)
{
	struct program_wait *w = arg;

	w->r->code = WIFEXITED(x->status)
	    ? WEXITSTATUS(x->status)
	    : PROGRAM_SIGNAL_BASE + WTERMSIG(x->status);
	w->r->timed_out = x->timed_out;
	w->r->truncated = x->truncated;
	str_addn(&w->r->out, x->out, x->outlen);
	str_addn(&w->r->err, x->err, x->errlen);
	loop_stop(w->loop);
}

struct program_stop {
	struct cli *c;
	struct child *child;
	struct program_stop_signal {
		struct program_stop *stop;
		int sig;
		bool watched;
	} signals[3];
};

static void
program_on_signal(void *arg)
{
	const struct program_stop_signal *s = arg;

	if (s->stop->c->stopped == 0)
		s->stop->c->stopped = s->sig;
	child_kill(s->stop->child, SIGTERM);
}

struct program_stop *
program_stop_begin(struct cli *c, struct child *child)
{
	static const int list[] = { SIGINT, SIGTERM, SIGHUP };
	struct program_stop *s = xcalloc(1, sizeof(*s));
	struct err ignored = ERR_INIT;

	s->c = c;
	s->child = child;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		s->signals[i].stop = s;
		s->signals[i].sig = list[i];
		s->signals[i].watched = loop_on_signal(remote_loop(c, &ignored),
					    list[i], program_on_signal,
					    &s->signals[i], &ignored) == 0;
	}
	return s;
}

int
program_stop_end(struct program_stop *s, struct err *e)
{
	struct err ignored = ERR_INIT;
	int rc = 0;

	if (s == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(s->signals) / sizeof(s->signals[0]); i++)
		if (s->signals[i].watched)
			loop_off_signal(
			    remote_loop(s->c, &ignored), s->signals[i].sig);
	if (s->c->stopped != 0)
		rc = err_set(
		    e, ERR_INTERNAL, "stopped (%s)", strsignal(s->c->stopped));
	free(s);
	return rc;
}

int
program_run(struct cli *c, const struct program_spec *spec,
    struct program_result *r, struct err *e)
{
	struct program_wait w = { .loop = remote_loop(c, e), .r = r };
	char **own = NULL;
	const char *const *envp = spec->envp;
	struct child_spec child = {
		.argv = spec->argv,
		.cwd = spec->cwd,
		.in = spec->in.len > 0 ? CHILD_BYTES : CHILD_NULL,
		.in_bytes = spec->in.p,
		.in_len = spec->in.len,
		.out = CHILD_COLLECT,
		.err = spec->show_err ? CHILD_FD : CHILD_COLLECT,
		.err_fd = STDERR_FILENO,
		.max_output = spec->max_output,
		.limit_ms = spec->limit_ms,
		.on_exit = program_on_exit,
		.arg = &w,
	};
	struct child *started;
	int rc = -1;

	if (w.loop == NULL)
		return -1;
	str_reset(&r->out);
	str_reset(&r->err);
	if (envp == NULL) {
		own = program_env();
		envp = (const char *const *)own;
	}
	child.envp = envp;
	if (child_start(w.loop, &child, &started, e) == 0) {
		struct program_stop *stop = spec->stoppable
		    ? program_stop_begin(c, started)
		    : NULL;

		rc = loop_run(w.loop, e);
		if (program_stop_end(stop, e) == -1)
			rc = -1;
	}
	program_env_free(own);
	if (rc == 0 && r->timed_out)
		return err_set(
		    e, ERR_TIMEOUT, "%s did not end in time", spec->argv[0]);
	return rc;
}

static struct view
program_last_line(const struct str *s)
{
	struct view v = view_trim(str_view(s));
	const char *nl = v.len == 0 ? NULL : memrchr(v.p, '\n', v.len);

	return nl == NULL ? v : view_from(v, (size_t)(nl + 1 - v.p));
}

int
program_check(struct cli *c, const struct program_spec *spec,
    struct program_result *r, struct err *e)
{
	struct view last;

	if (program_run(c, spec, r, e) == -1)
		return -1;
	if (r->code == 0)
		return 0;
	last = program_last_line(&r->err);
	return err_set(e, ERR_INTERNAL, "exit %d%s%.*s", r->code,
	    last.len > 0 ? ": " : "", (int)(last.len > 180 ? 180 : last.len),
	    last.p);
}
