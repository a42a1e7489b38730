#include "server/git/care_git.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/io/child.h"
#include "lib/io/timer.h"
#include "server/git/git_env.h"
#include "server/git/pack_check.h"

enum {
	CAREGIT_KILL_MS = 250, /* after SIGTERM */
	CAREGIT_ARGS = 24,
	CAREGIT_COMMANDS = 4,
	CAREGIT_TEXT = 180 /* bytes of what git says */
};

#define CAREGIT_GRACE "2.weeks.ago" /* CARE_GRACE */

struct care_git {
	struct care_git_spec spec;
	char *repo;
	unsigned at; /* command of the step */
	struct child *child;
	struct timer *kill;
	bool stopped;
};

/* A command is the arguments of git. */
struct caregit_step {
	const char *commands[CAREGIT_COMMANDS][CAREGIT_ARGS];
};

#define CAREGIT_GRAPH                                                      \
	{                                                                  \
		"commit-graph", "write", "--reachable", "--changed-paths", \
		    "--split=replace", "--no-progress", NULL               \
	}

/* Unreachable objects live in a cruft pack or loose; a repack without one and
 * a prune take both.  The graph is written before commits go: git believes one
 * that names a commit which is not there. */
static const struct caregit_step caregit_steps[CARE_STEP_MAX] = {
	[CARE_PURGE] = { { CAREGIT_GRAPH,
	    { "repack", "-q", "-n", "-a", "-d", "-l", "-b", NULL },
	    { "prune", "--expire=now", "--no-progress", NULL } } },
	[CARE_REFS] = { { { "pack-refs", "--all", NULL } } },
	[CARE_GEOMETRIC] = { { { "repack", "-q", "-n", "-d", "-l",
	    "--geometric=2", NULL } } },
	[CARE_FULL] = { { CAREGIT_GRAPH,
	    { "repack", "-q", "-n", "-a", "-d", "-l", "-b", "--cruft",
		("--cruft-expiration=" CAREGIT_GRACE), NULL } } },
	[CARE_GRAPH] = { { CAREGIT_GRAPH } },
	[CARE_PRUNE] = { { CAREGIT_GRAPH,
	    { "prune", "--expire=" CAREGIT_GRACE, "--no-progress", NULL } } },
	[CARE_WALK] = { { { "fsck", "--full", "--no-dangling", "--no-progress",
	    NULL } } },
};

/* Dies with us, and yields processor and disk to whoever wants them. */
static const char *const caregit_prefix[] = { "/usr/bin/setpriv", "--pdeathsig",
	"KILL", "/usr/bin/nice", "-n", "10", "/usr/bin/ionice", "-c", "2", "-n",
	"7", GIT_PROGRAM, NULL };

static const struct {
	const char *key, *value;
} caregit_config[] = {
	{ "core.bigFileThreshold", "16m" },
	{ "core.fsync", "all" },
	{ "pack.deltaCacheSize", "64m" },
	{ "pack.threads", "1" },
	{ "pack.windowMemory", "128m" },
	{ "pack.writeBitmapHashCache", "true" },
	{ "pack.writeBitmapLookupTable", "true" },
};

/* What old histories have: no damage. */
static const char *const caregit_known[] = { "badDate", "badDateOverflow",
	"badEmail", "badTagName", "badTimezone", "duplicateEntries",
	"missingEmail", "missingNameBeforeEmail", "missingSpaceBeforeDate",
	"missingSpaceBeforeEmail", "missingTaggerEntry", "nullSha1",
	"zeroPaddedDate", "zeroPaddedFilemode", NULL };

static void caregit_next(struct care_git *g);

static void
caregit_free(struct care_git *g)
{
	timer_free(g->kill);
	free(g->repo);
	free(g);
}

static void
caregit_end(struct care_git *g, const struct care_git_end *end)
{
	g->spec.done(end, g->spec.arg);
	caregit_free(g);
}

/* The first line of a check that tells of damage, else its first line. */
static struct view
caregit_bad_line(const struct child_exit *x)
{
	const struct view texts[] = { { .p = x->err, .len = x->errlen },
		{ .p = x->out, .len = x->outlen } };
	struct view first = { .p = "", .len = 0 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct view rest = texts[i], line;

		while (rest.len > 0 && view_split(&rest, '\n', &line)) {
			if (line.len == 0)
				continue;
			if (first.len == 0)
				first = line;
			if (view_starts(line, "error: ") ||
			    view_starts(line, "fatal: "))
				return view_from(line, 7);
			if (view_starts(line, "missing ") ||
			    view_starts(line, "broken "))
				return line;
		}
	}
	return first;
}

/* Of a pack, an index, a graph git has words of its own. */
static bool
caregit_disk_full(const struct child_exit *x)
{
	return strstr(x->err, "Out of diskspace") != NULL ||
	    strstr(x->err, "No space left on device") != NULL ||
	    strstr(x->err, "Disk quota exceeded") != NULL;
}

/* An end that is a verdict: not a signal, not a limit, not a lack. */
static bool
caregit_is_verdict(const struct care_git *g, const struct child_exit *x)
{
	if (x->timed_out || !WIFEXITED(x->status))
		return false;
	if (g->spec.step == CARE_SUMS)
		return WEXITSTATUS(x->status) == PACK_CHECK_BAD;
	return g->spec.step == CARE_WALK && WEXITSTATUS(x->status) != 0 &&
	    WEXITSTATUS(x->status) < 125;
}

static void
caregit_failed(struct care_git *g, const struct child_exit *x)
{
	struct care_git_end end = { .stopped = g->stopped };
	struct err e = ERR_INIT;

	if (g->stopped) {
		(void)err_set(&e, ERR_BUSY, "it gave way");
	} else if (caregit_is_verdict(g, x)) {
		struct view line = caregit_bad_line(x);

		end.corrupt = true;
		(void)err_set(&e, ERR_IO, "%.*s",
		    line.len < CAREGIT_TEXT ? (int)line.len : CAREGIT_TEXT,
		    line.p);
	} else {
		(void)child_check(x, care_step_name(g->spec.step), &e);
		end.full = caregit_disk_full(x);
	}
	end.fail = &e;
	caregit_end(g, &end);
}

static void
caregit_on_exit(const struct child_exit *x, void *arg)
{
	struct care_git *g = arg;
	const struct caregit_step *s = &caregit_steps[g->spec.step];
	const struct care_git_end done = { .fail = NULL };

	g->child = NULL;
	timer_cancel(g->kill);
	if (g->stopped || x->timed_out || x->status != 0) {
		caregit_failed(g, x);
		return;
	}
	g->at++;
	if (g->spec.step != CARE_SUMS && g->at < CAREGIT_COMMANDS &&
	    s->commands[g->at][0] != NULL)
		caregit_next(g);
	else
		caregit_end(g, &done);
}

static void
caregit_vars(const struct care_git *g, struct git_vars *vars)
{
	gitvars_init(vars, g->spec.env);
	gitvars_add(vars, "GIT_DIR", g->repo);
	for (size_t i = 0;
	     i < sizeof(caregit_config) / sizeof(caregit_config[0]); i++)
		gitvars_config(
		    vars, caregit_config[i].key, caregit_config[i].value);
	for (size_t i = 0;
	     g->spec.step == CARE_WALK && caregit_known[i] != NULL; i++) {
		AUTO_FREE char *key = xasprintf("fsck.%s", caregit_known[i]);

		gitvars_config(vars, key, "ignore");
	}
}

static void
caregit_argv(const struct care_git *g, const char *argv[CAREGIT_ARGS * 2])
{
	const char *const *c = caregit_steps[g->spec.step].commands[g->at];
	unsigned n = 0;

	if (g->spec.step == CARE_SUMS) {
		/* It lowers its own priority. */
		argv[n++] = "/proc/self/exe";
		argv[n++] = "--git-check";
		argv[n++] = g->repo;
		argv[n] = NULL;
		return;
	}
	for (unsigned i = 0; caregit_prefix[i] != NULL; i++)
		argv[n++] = caregit_prefix[i];
	for (unsigned i = 0; c[i] != NULL; i++)
		argv[n++] = c[i];
	argv[n] = NULL;
}

static int
caregit_spawn(struct care_git *g, struct err *e)
{
	const char *argv[CAREGIT_ARGS * 2];
	struct child_spec spec = {
		.argv = argv,
		.in = CHILD_NULL,
		.out = CHILD_COLLECT,
		.err = CHILD_COLLECT,
		.limit_ms = g->spec.limit_ms,
		.on_exit = caregit_on_exit,
		.arg = g,
	};
	struct git_vars vars;
	int rc;

	caregit_argv(g, argv);
	caregit_vars(g, &vars);
	spec.envp = gitvars_done(&vars);
	rc = child_start(g->spec.loop, &spec, &g->child, e);
	gitvars_release(&vars);
	return rc;
}

static void
caregit_next(struct care_git *g)
{
	struct err e = ERR_INIT;
	const struct care_git_end end = { .fail = &e };

	if (caregit_spawn(g, &e) == -1) {
		g->child = NULL;
		caregit_end(g, &end);
	}
}

static void
caregit_on_kill(void *arg)
{
	struct care_git *g = arg;

	if (g->child != NULL)
		child_kill(g->child, SIGKILL);
}

struct care_git *
care_git_start(const struct care_git_spec *spec, struct err *e)
{
	struct care_git *g = xcalloc(1, sizeof(*g));

	g->spec = *spec;
	g->repo = gitenv_repo(spec->env, spec->project);
	g->kill = timer_new(spec->loop, caregit_on_kill, g);
	if (caregit_spawn(g, e) == 0)
		return g;
	caregit_free(g);
	return NULL;
}

void
care_git_stop(struct care_git *g)
{
	if (g->stopped)
		return;
	g->stopped = true;
	if (g->child != NULL)
		child_kill(g->child, SIGTERM);
	timer_set(g->kill, CAREGIT_KILL_MS);
}

void
care_git_cancel(struct care_git *g)
{
	if (g == NULL)
		return;
	if (g->child != NULL)
		child_forget(g->child);
	caregit_free(g);
}
