#include "agentd/sandbox/oci.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/bundle.h"
#include "agentd/sandbox/driver_end.h"
#include "agentd/sandbox/oci_priv.h"
#include "agentd/sandbox/oci_seal.h"
#include "agentd/sandbox/rootfs.h"
#include "agentd/sandbox/seq.h"
#include "agentd/sandbox/share_look.h"
#include "agentd/sandbox/shim_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/child.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

enum {
	OCI_PAUSE_RETRY_MS = 2,
	OCI_PAUSE_THAW = 8, /* every so many tries */
	OCI_PAUSE_LIMIT_MS = 10 * 1000
};

const char *
oci_runc_path(void)
{
	static const char *const places[] = { "/usr/sbin/runc", "/usr/bin/runc",
		"/usr/local/sbin/runc", "/usr/local/bin/runc", NULL };

	for (size_t i = 0; places[i] != NULL; i++) {
		if (access(places[i], X_OK) == 0)
			return places[i];
	}
	return places[0];
}

char *
oci_state_root(const struct sandbox_host *h)
{
	return xasprintf("%s/run/runc", h->home);
}

static int
oci_probe(const struct sandbox_host *h, struct err *e)
{
	if (geteuid() != 0)
		return err_set(
		    e, ERR_DENIED, "the oci driver needs root; see coffer up");
	if (access(oci_runc_path(), X_OK) == -1)
		return err_set(e, ERR_NOTFOUND,
		    "runc is not installed: apt-get install runc");
	if (access(h->shim, X_OK) == -1)
		return err_sys(e, ERR_NOTFOUND,
		    "%s, which is installed with this program", h->shim);
	if (access("/proc/self/ns/user", F_OK) == -1)
		return err_set(
		    e, ERR_NOTFOUND, "the kernel has no user namespaces");
	if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) == -1 &&
	    access("/sys/fs/cgroup/memory", F_OK) == -1)
		return err_set(e, ERR_NOTFOUND,
		    "no cgroups are mounted at /sys/fs/cgroup");
	return host_check(h, e);
}

/* State, exec and pause are runc's own: another runtime keeps its otherwise. */
static int
oci_check(
    const struct sandbox_host *h, const struct sandbox_spec *s, struct err *e)
{
	(void)h;
	if (s->runtime != NULL && strcmp(s->runtime, "runc") != 0)
		return err_set(e, ERR_INVALID,
		    "the driver oci has the runtime runc, not %.60s: that is "
		    "for the driver engine",
		    s->runtime);
	if (s->gpus != NULL)
		return err_set(e, ERR_INVALID,
		    "the driver oci has no GPUs: a device is the host's "
		    "kernel; they are for the driver engine");
	return 0;
}

struct oci_start {
	struct err e;
	const struct sandbox_host *h;
	char **shares;
	char *dir;
	int fds[2]; /* for the shim: the bundle, -1 when it is bad; runc or -1
		     */
};

/* The bundle, see bundle_open. */
static int
oci_prepare(const struct sandbox_host *h, const struct sandbox_spec *s,
    const char *dir, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *bundle = path_join(dir, "bundle");
	AUTO_FREE char *root = path_join(bundle, "root");
	AUTO_FREE char *started = path_join(dir, "started");
	AUTO_FREE char *state = oci_state_root(h);
	AUTO_STR struct str text = STR_INIT;

	if (spec_validate(s, h->home, e) == -1 ||
	    spec_check_sources(s, e) == -1)
		return -1;
	if (path_mkdirs(state, 0700, e) == -1 ||
	    path_mkdirs(dir, 0711, e) == -1)
		return -1;
	if (shim_alive(dir))
		return err_set(
		    e, ERR_EXISTS, "a sandbox is running in %s", dir);
	shim_config(h, s, &text);
	(void)unlink(started);
	if (bundle_remove(bundle, e) == -1)
		return -1;
	/* An exec of runc stands in the root's folder before it joins. */
	if (path_mkdirs(root, 0700, e) == -1)
		return -1;
	fd = bundle_open(h, s, e);
	if (fd == -1 ||
	    rootfs_put(dir, "/shim.json", text.p, text.len, e) == -1)
		return -1;
	return STEAL_FD(fd);
}

static int
oci_start_prepared(struct seq *s, void *ctx, struct err *e)
{
	const struct oci_start *o = ctx;

	(void)s;
	if (o->fds[0] == -1) {
		*e = o->e;
		return -1;
	}
	return SEQ_DONE;
}

static int
oci_start_undo(struct seq *s, void *ctx, struct err *e)
{
	const struct oci_start *o = ctx;
	AUTO_FREE char *bundle = path_join(o->dir, "bundle");

	(void)s;
	return bundle_remove(bundle, e);
}

static int
oci_start_look(struct seq *s, void *ctx, struct err *e)
{
	const struct oci_start *o = ctx;

	(void)e;
	share_look(o->h, (const char *const *)o->shares, seq_resume, s);
	return SEQ_WAIT;
}

static int
oci_start_shim(struct seq *s, void *ctx, struct err *e)
{
	struct oci_start *o = ctx;
	const char *const argv[] = { o->h->shim, o->dir, NULL };
	int r;

	/* Now: the copy that others use may have been a new one meanwhile. */
	o->fds[1] = oci_seal_fd(o->h->seal, oci_runc_path());
	r = seq_cmd_fds(s, argv, o->fds, o->fds[1] == -1 ? 1 : 2, e);
	/* The shim's now: it would be kept alive here. */
	(void)close(o->fds[0]);
	o->fds[0] = -1;
	return r;
}

static void
oci_start_release(void *ctx)
{
	struct oci_start *o = ctx;

	if (o->fds[0] != -1)
		(void)close(o->fds[0]);
	share_list_free(o->shares);
	free(o->dir);
	free(o);
}

static const struct seq_step oci_start_steps[] = {
	{ "prepare the sandbox", oci_start_prepared, oci_start_undo },
	{ "look at what is shared", oci_start_look, NULL },
	{ "start the sandbox", oci_start_shim, NULL },
};

static void
oci_start(const struct sandbox_host *h, const struct sandbox_spec *s,
    const char *dir, sandbox_done_fn *done, void *arg)
{
	struct oci_start *o = xcalloc(1, sizeof(*o));

	o->h = h;
	o->shares = share_list(s);
	o->dir = xstrdup(dir);
	o->fds[0] = oci_prepare(h, s, dir, &o->e);
	seq_start(&(struct seq_spec){ .loop = h->loop,
	    .steps = oci_start_steps,
	    .n = sizeof(oci_start_steps) / sizeof(oci_start_steps[0]),
	    .ctx = o,
	    .release = oci_start_release,
	    .done = done,
	    .arg = arg });
}

static char *
oci_cgroup(const struct sandbox_host *h, const char *id)
{
	return xasprintf("coffer-%s/%s", h->inst, id);
}

struct oci_pause {
	struct timer *timer;
	char *cgroup;
	bool frozen;
	unsigned tries;
	int64_t until; /* clock_mono_ms */
	sandbox_done_fn *done;
	void *arg;
};

/* All that runc does is the write, in twenty times the time.  What waits for a
 * disk is frozen later; the freezer of cgroup v1 may not get to its end at all
 * unless it is told to thaw in between. */
static void
oci_pause_try(void *arg)
{
	struct oci_pause *o = arg;
	struct err e = ERR_INIT;
	int r = cgroup_freeze(o->cgroup, o->frozen);

	if (r == 1 && clock_mono_ms() < o->until) {
		if (++o->tries % OCI_PAUSE_THAW == 0)
			cgroup_thaw(o->cgroup);
		timer_set(o->timer, OCI_PAUSE_RETRY_MS);
		return;
	}
	if (r == 1) {
		cgroup_thaw(o->cgroup);
		(void)err_set(&e, ERR_TIMEOUT,
		    "%s has a process that cannot be frozen", o->cgroup);
	} else if (r == -1) {
		(void)err_set(&e, ERR_NOTFOUND, "%s does not run", o->cgroup);
	}
	o->done(r == 0 ? NULL : &e, o->arg);
	timer_free(o->timer);
	free(o->cgroup);
	free(o);
}

static void
oci_pause(const struct sandbox_host *h, const char *id, bool frozen,
    sandbox_done_fn *done, void *arg)
{
	struct oci_pause *o = xcalloc(1, sizeof(*o));

	o->timer = timer_new(h->loop, oci_pause_try, o);
	o->cgroup = oci_cgroup(h, id);
	o->frozen = frozen;
	o->until = clock_mono_ms() + OCI_PAUSE_LIMIT_MS;
	o->done = done;
	o->arg = arg;
	timer_set(o->timer, 0);
}

static int
oci_use(const struct sandbox_host *h, const char *id, struct cgroup_use *out,
    struct err *e)
{
	AUTO_FREE char *cgroup = oci_cgroup(h, id);

	cgroup_read_use(cgroup, out);
	return out->pids == -1 && out->memory == -1
	    ? err_set(e, ERR_NOTFOUND, "%s does not run", id)
	    : 0;
}

struct oci_destroy {
	const struct sandbox_host *h;
	char *id;
	char *dir;
};

static int
oci_destroy_shim(struct seq *s, void *ctx, struct err *e)
{
	const struct oci_destroy *o = ctx;

	return driver_end_shim(s, o->dir, e);
}

static int
oci_destroy_container(struct seq *s, void *ctx, struct err *e)
{
	const struct oci_destroy *o = ctx;
	AUTO_FREE char *state = oci_state_root(o->h);
	AUTO_FREE char *own = path_join(state, o->id);
	const char *const argv[] = { oci_runc_path(), "--root", state, "delete",
		"--force", o->id, NULL };

	if (access(own, F_OK) == -1 && errno == ENOENT)
		return SEQ_DONE;
	return seq_cmd(s, argv, (struct view){ .p = NULL }, false, e);
}

static int
oci_destroy_files(struct seq *s, void *ctx, struct err *e)
{
	const struct oci_destroy *o = ctx;

	(void)s;
	return driver_end_files(o->dir, "shim.json", e);
}

static void
oci_destroy_release(void *ctx)
{
	struct oci_destroy *o = ctx;

	free(o->id);
	free(o->dir);
	free(o);
}

static const struct seq_step oci_destroy_steps[] = {
	{ "end the sandbox", oci_destroy_shim, NULL },
	{ "remove the sandbox", oci_destroy_container, NULL },
	{ "remove the bundle", oci_destroy_files, NULL },
};

static void
oci_destroy(const struct sandbox_host *h, const char *id, const char *dir,
    sandbox_done_fn *done, void *arg)
{
	struct oci_destroy *o = xcalloc(1, sizeof(*o));

	o->h = h;
	o->id = xstrdup(id);
	o->dir = xstrdup(dir);
	seq_start(&(struct seq_spec){ .loop = h->loop,
	    .steps = oci_destroy_steps,
	    .n = 3,
	    .ctx = o,
	    .release = oci_destroy_release,
	    .done = done,
	    .arg = arg });
}

/* Field 22 of /proc/PID/stat, or 0 when there is no such process. */
static uint64_t
oci_start_time(int64_t pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%" PRId64 "/stat", pid);
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct view rest;
	struct view part;
	const char *p;

	if (path_read(path, 4096, &text, &e) == -1)
		return 0;
	p = strrchr(str_cstr(&text), ')');
	if (p == NULL)
		return 0;
	rest = view_of(p + 2);
	for (int i = 3; view_split(&rest, ' ', &part); i++) {
		AUTO_FREE char *z = NULL;
		uint64_t v = 0;

		if (i < 22)
			continue;
		z = view_dup(part);
		return num_u64(z, 0, UINT64_MAX, &v, &e) == 0 ? v : 0;
	}
	return 0;
}

int
oci_state(
    const struct sandbox_host *h, const char *id, char out[16], struct err *e)
{
	AUTO_FREE char *cgroup = oci_cgroup(h, id);
	AUTO_FREE char *path = xasprintf(
	    "%s/run/runc/%s/state.json", h->home, id);
	AUTO_FREE char *fifo = xasprintf(
	    "%s/run/runc/%s/exec.fifo", h->home, id);
	AUTO_STR struct str text = STR_INIT;
	struct json *j;
	const char *state;
	uint64_t at;

	if (path_read(path, JSON_MAX_BYTES, &text, e) == -1)
		return err_wrap(e, "sandbox %s", id);
	j = json_parse(str_view(&text), 0, e);
	if (j == NULL)
		return err_wrap(e, "sandbox %s", id);
	at = oci_start_time(json_i64_or(j, "init_process_pid", 0));
	if (at == 0 || (int64_t)at != json_i64_or(j, "init_process_start", -1))
		state = "stopped";
	else if (cgroup_is_frozen(cgroup))
		state = "paused";
	else
		state = access(fifo, F_OK) == 0 ? "created" : "running";
	(void)snprintf(out, 16, "%s", state);
	json_free(j);
	return 0;
}

const struct driver oci_driver = {
	.name = "oci",
	.probe = oci_probe,
	.check = oci_check,
	.start = oci_start,
	.exec = oci_exec,
	.exec_resize = oci_exec_resize,
	.exec_kill = oci_exec_kill,
	.go = driver_end_go,
	.kill = driver_end_kill,
	.pause = oci_pause,
	.use = oci_use,
	.destroy = oci_destroy,
};
