#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/run/run_priv.h"
#include "agentd/sandbox/sandbox.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/path.h"

/* HOME/sandboxes/ID/live is /run/coffer/live in the session, read-only. */
static char *
run_live_path(const struct run *r)
{
	return xasprintf("%s/sandboxes/%lld/live/run-%lld.log",
	    r->env->host->home, (long long)r->project, (long long)r->id);
}

/* The session's user may read it, other users of the host may not. */
static int
run_live_link(const struct run *r, bool *fresh, struct err *e)
{
	AUTO_FREE char *to = run_live_path(r);
	AUTO_FREE char *from = path_join(r->dir, run_log_leaf(r));
	AUTO_CLOSE int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	gid_t group = host_project_uid_base(r->project) + HOST_AGENT_UID;

	if (fd == -1)
		return err_sys(e, ERR_IO, "open %s", from);
	if (fchown(fd, (uid_t)-1, group) == -1 || fchmod(fd, 0640) == -1)
		return err_sys(e, ERR_IO, "share %s", from);
	*fresh = link(from, to) == 0;
	if (!*fresh && errno != EEXIST)
		return err_sys(e, ERR_IO, "link %s", to);
	return 0;
}

static void
run_live_on_window(int status, const struct err *e, void *arg)
{
	(void)arg;
	if (e != NULL || status != 0)
		log_info("run live-window status=%d why=%s", status,
		    log_val(e != NULL ? e->msg : "no byobu runs there"));
}

/* A window that closes by itself once the run is cleaned away. */
static int
run_live_window(const struct run *r, struct err *e)
{
	AUTO_FREE char *name = xasprintf("run-%lld", (long long)r->id);
	AUTO_FREE char *show = xasprintf(
	    "f=/run/coffer/live/%s.log; tail -n +1 -F \"$f\" & t=$!; "
	    "while [ -e \"$f\" ]; do sleep 2; done; kill $t",
	    name);
	const char *const argv[] = { "tmux", "new-window", "-d", "-n", name,
		show, NULL };
	const struct sandbox_spec like = { .argv = argv };
	const struct driver_exec_spec x = {
		.like = &like,
		.on_exit = run_live_on_window,
	};
	int fd = -1;

	if (sandbox_attach(r->env->sandboxes, r->project, &x, &fd, e) == NULL)
		return -1;
	/* It neither reads nor says anything. */
	(void)close(fd);
	return 0;
}

void
run_live_open(struct run *r)
{
	struct err e = ERR_INIT;
	bool fresh = false;

	if (run_live_link(r, &fresh, &e) == -1 ||
	    (fresh && run_live_window(r, &e) == -1))
		log_info("run live run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
}

void
run_live_close(struct run *r)
{
	AUTO_FREE char *path = run_live_path(r);

	if (unlink(path) == -1 && errno != ENOENT && errno != ENOTDIR)
		log_warn("run live run=%lld why=%s", (long long)r->id,
		    strerror(errno));
}

static void
run_live_on_frozen(const struct err *e, void *arg)
{
	(void)arg;
	if (e != NULL)
		log_info("run freeze why=%s", log_val(e->msg));
}

void
run_container_name(const struct run *r, char out[HOST_NAME_MAX])
{
	host_run_id(r->env->host, r->id, run_phase_names[r->phase], out);
}

void
run_freeze(const struct run *r, bool frozen)
{
	char id[HOST_NAME_MAX];

	run_container_name(r, id);
	r->env->driver->pause(
	    r->env->host, id, frozen, run_live_on_frozen, NULL);
}
