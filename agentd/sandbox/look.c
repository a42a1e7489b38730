#include "agentd/sandbox/look.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "agentd/sandbox/sandbox_priv.h"
#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	LOOK_WALL_MS = 60 * 1000,
	LOOK_OUTPUT = 64 << 10,
	LOOK_MEMORY = 512 << 20
};

/*
 * A clone that git cannot read counts as one with work.  Tags are upstream's;
 * a stash is counted by itself.
 */
/* clang-format off */
static const char look_script[] =
    "export GIT_OPTIONAL_LOCKS=0 GIT_TERMINAL_PROMPT=0 LC_ALL=C\n"
    "find /work -xdev -path /work/runs -prune -o -name .git -prune -print "
    "2>/dev/null | head -n 501 >/tmp/clones\n"
    /* What is not looked at counts as work. */
    "[ \"$(wc -l </tmp/clones)\" -le 500 ] || printf "
    "'clone\\t1\\t0\\t0\\t-\\t(more than 500 clones)\\n'\n"
    "head -n 500 /tmp/clones | while IFS= read -r g; do\n"
    "	d=${g%/.git}\n"
    "	if s=$(git -C \"$d\" status --porcelain 2>/dev/null); then\n"
    "		c=$(printf '%s' \"$s\" | grep -c .)\n"
    "		h=$(git -C \"$d\" rev-parse -q --verify HEAD 2>/dev/null)\n"
    "		p=$(git -C \"$d\" rev-list --count --branches $h --not "
    "--remotes 2>/dev/null)\n"
    "		t=$(git -C \"$d\" stash list 2>/dev/null | grep -c .)\n"
    "		b=$(git -C \"$d\" symbolic-ref -q --short HEAD 2>/dev/null) || "
    "b='(detached)'\n"
    "	else\n"
    "		c=1 p=0 t=0 b='(unreadable)'\n"
    "	fi\n"
    "	[ \"$c$p$t\" = 000 ] || printf 'clone\\t%d\\t%d\\t%d\\t%s\\t%s\\n' "
    "\"$c\" \"${p:-1}\" \"$t\" \"$b\" \"${d#/work/}\"\n"
    "done\n"
    "n=$(find /work -xdev \\( -path /work/runs -o \\( -type d "
    "-exec test -e '{}/.git' \\; \\) \\) -prune -o -type f -print "
    "2>/dev/null | head -n 100000 | wc -l)\n"
    "printf 'files\\t%d\\nend\\n' \"$n\"\n";
/* clang-format on */

struct looking {
	const struct sandbox_host *h;
	const struct driver *driver;
	int64_t id;
	bool mounted;  /* before it began */
	char *runtime; /* NULL: the driver's own */
	char *dir;
	struct seq *seq;
	struct shim_exit exit;
	struct look look;
	look_done_fn *done;
	void *arg;
};

void
look_container_id(
    const struct sandbox_host *h, int64_t id, char out[HOST_NAME_MAX])
{
	(void)snprintf(
	    out, HOST_NAME_MAX, "coffer-%s-look-p%" PRId64, h->inst, id);
}

static int
look_mount(struct seq *s, void *ctx, struct err *e)
{
	struct looking *l = ctx;

	(void)e;
	l->mounted = workspace_is_mounted(l->h, l->id);
	if (l->mounted)
		return SEQ_DONE;
	workspace_up(l->h, l->id, 0, seq_resume, s);
	return SEQ_WAIT;
}

static int
look_unmount(struct seq *s, void *ctx, struct err *e)
{
	const struct looking *l = ctx;

	(void)e;
	if (l->mounted)
		return SEQ_DONE;
	workspace_down(l->h, l->id, seq_resume, s);
	return SEQ_WAIT;
}

static int
look_remove(struct seq *s, void *ctx, struct err *e)
{
	const struct looking *l = ctx;
	char id[HOST_NAME_MAX];

	(void)e;
	look_container_id(l->h, l->id, id);
	l->driver->destroy(l->h, id, l->dir, seq_resume, s);
	return SEQ_WAIT;
}

static int
look_run(struct seq *s, void *ctx, struct err *e)
{
	static const char *const argv[] = { "/bin/sh", "-c", look_script,
		NULL };
	const struct looking *l = ctx;
	AUTO_FREE char *ws = workspace_mount(l->h, l->id);
	char id[HOST_NAME_MAX];
	const struct spec_mount mount = {
		.source = ws, .target = "/work", .ro = true
	};
	struct sandbox_spec spec = {
		.id = id,
		.mounts = &mount,
		.n_mounts = 1,
		.argv = argv,
		.cwd = "/work",
		.net = SPEC_NET_OFF,
		.uid_base = host_project_uid_base(l->id),
		.runtime = l->runtime,
		.init = true,
		.limits = { .memory = LOOK_MEMORY,
		    .wall_ms = LOOK_WALL_MS,
		    .output = LOOK_OUTPUT },
	};

	look_container_id(l->h, l->id, id);
	if (access(l->dir, F_OK) == 0 && path_rmtree(l->dir, e) == -1)
		return -1;
	l->driver->start(l->h, &spec, l->dir, seq_resume, s);
	return SEQ_WAIT;
}

static void
look_on_exit(const struct shim_exit *x, void *arg)
{
	struct looking *l = arg;

	l->exit = *x;
	seq_resume(NULL, l->seq);
}

static int
look_wait(struct seq *s, void *ctx, struct err *e)
{
	struct looking *l = ctx;
	const struct shim_watch_spec spec = {
		.dir = l->dir,
		.from = UINT64_MAX >> 1,
		.on_exit = look_on_exit,
		.arg = l,
	};

	l->seq = s;
	return shim_watch_open(l->h->loop, &spec, e) == NULL ? -1 : SEQ_WAIT;
}

static int
look_read(struct seq *s, void *ctx, struct err *e)
{
	struct looking *l = ctx;
	AUTO_FREE char *path = path_join(l->dir, "out.log");
	AUTO_STR struct str text = STR_INIT;

	(void)s;
	if (l->exit.error[0] != '\0')
		return err_set(e, ERR_IO, "%s", l->exit.error);
	if (l->exit.timed_out)
		return err_set(e, ERR_TIMEOUT, "it took more than %d s",
		    LOOK_WALL_MS / 1000);
	if (path_read(path, LOOK_OUTPUT, &text, e) == -1)
		return -1;
	return look_parse(str_view(&text), &l->look, e);
}

static int
look_sweep(struct seq *s, void *ctx, struct err *e)
{
	const struct looking *l = ctx;

	(void)s;
	return path_rmtree(l->dir, e);
}

static const struct seq_step look_steps[] = {
	{ "mount the workspace", look_mount, look_unmount },
	{ "remove an earlier look", look_remove, NULL },
	{ "look into it", look_run, look_remove },
	{ "look into it", look_wait, NULL },
	{ "what was seen", look_read, NULL },
	{ "remove the look", look_remove, NULL },
	{ "remove the look", look_sweep, NULL },
	{ "unmount the workspace", look_unmount, NULL },
};

static void
look_on_done(const struct err *e, void *arg)
{
	struct looking *l = arg;

	l->done(e, e == NULL ? &l->look : NULL, l->arg);
	free(l->runtime);
	free(l->dir);
	free(l);
}

void
sandbox_look(struct sandboxes *m, int64_t id, look_done_fn *done, void *arg)
{
	struct looking *l = xcalloc(1, sizeof(*l));
	AUTO_FREE char *image = xasprintf(
	    "%s/sandboxes/%" PRId64 "/ws.img", m->h->home, id);
	bool none = access(image, F_OK) == -1;
	const char *runtime = sandbox_runtime(m, id);

	l->h = m->h;
	l->driver = m->driver;
	l->id = id;
	l->runtime = runtime != NULL ? xstrdup(runtime) : NULL;
	l->dir = xasprintf("%s/sandboxes/%" PRId64 "/look", m->h->home, id);
	l->done = done;
	l->arg = arg;
	seq_start(&(struct seq_spec){ .loop = m->h->loop,
	    .steps = look_steps,
	    .n = none ? 0 : sizeof(look_steps) / sizeof(look_steps[0]),
	    .ctx = l,
	    .done = look_on_done,
	    .arg = l });
}
