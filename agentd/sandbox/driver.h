/*
 * driver: turns a spec into a running sandbox.  One const table per driver;
 * what it starts is followed by shim_watch and known by its folder DIR, which
 * is absolute, under HOME, without an exit.json, and kept by the caller as the
 * run's record.
 *
 *   DIR/bundle     where oci's config and root are mounted for the one who
 *                  starts it; removed by destroy
 *   DIR/out.log    what it wrote;  DIR/exit.json  how it ended
 */
#ifndef AGENTD_SANDBOX_DRIVER_H
#define AGENTD_SANDBOX_DRIVER_H

#include "agentd/sandbox/cgroup.h"
#include "agentd/sandbox/host.h"
#include "agentd/sandbox/shim_watch.h"
#include "agentd/sandbox/spec.h"

struct driver_exec;
struct err;

/* How to run one more process in a running sandbox. */
struct driver_exec_spec {
	const struct sandbox_spec *like; /* user, env, cwd, argv, limits */
	const char *dir; /* of the sandbox; its process file lives there */
	bool terminal;
	uint16_t cols, rows;
	/* Exit status as a shell tells it (128 + signal); once; then freed. */
	void (*on_exit)(int status, const struct err *e, void *arg);
	void *arg;
};

struct driver {
	const char *name;
	/* Can it work here?  Synchronous, cheap. */
	int (*probe)(const struct sandbox_host *h, struct err *e);
	/* Beyond spec_validate: has it the runtime, the GPUs that are asked
	 * for?  Synchronous, without a question to anybody. */
	int (*check)(const struct sandbox_host *h, const struct sandbox_spec *s,
	    struct err *e);
	/* Validates, writes the bundle, starts it; done when it is on its way:
	 * whether the command could be run is told by exit.json. */
	void (*start)(const struct sandbox_host *h,
	    const struct sandbox_spec *s, const char *dir,
	    sandbox_done_fn *done, void *arg);
	/* *fd: the pty's master, or a socket to its stdin and stdout; owned by
	 * the caller, non-blocking. */
	struct driver_exec *(*exec)(const struct sandbox_host *h,
	    const struct driver_exec_spec *x, int *fd, struct err *e);
	void (*exec_resize)(
	    struct driver_exec *x, uint16_t cols, uint16_t rows);
	void (*exec_kill)(struct driver_exec *x, int sig);
	/* The command of one that was started with `hold` may run now; any
	 * other, or a second time: no effect.  ERR_NOTFOUND: it is gone. */
	int (*go)(const char *dir, struct err *e);
	/* Graceful (TERM, 10 s, KILL) or at once; on_exit of the watch tells.
	 */
	int (*kill)(const char *dir, bool now, struct err *e);
	void (*pause)(const struct sandbox_host *h, const char *id, bool frozen,
	    sandbox_done_fn *done, void *arg);
	/* What it uses now; ERR_NOTFOUND when it does not run.  Synchronous.
	 * NULL: the driver cannot tell. */
	int (*use)(const struct sandbox_host *h, const char *id,
	    struct cgroup_use *out, struct err *e);
	/* Removes what is left of it; a container that is not there is fine. */
	void (*destroy)(const struct sandbox_host *h, const char *id,
	    const char *dir, sandbox_done_fn *done, void *arg);
};

/* By name; NULL name gives the default, "oci".  NULL: no such driver. */
const struct driver *driver_find(const char *name);

enum {
	DRIVER_TEXT_MAX = 120
};

/* What the configuration says. */
struct driver_choice {
	const char *name;    /* NULL: the default */
	const char *socket;  /* of the engine; NULL: where it usually is */
	const char *runtime; /* OCI runtime; NULL: the driver's own */
};
/* Finds it, and gives the host what it needs; h has its loop already. */
const struct driver *driver_open(
    struct sandbox_host *h, const struct driver_choice *c, struct err *e);
/* For a person: "oci", "engine (Docker 20.10.24, no user namespace)". */
void driver_describe(const struct sandbox_host *h, const struct driver *d,
    char out[DRIVER_TEXT_MAX]);
/* Before the loop goes; its calls that wait are dropped. */
void driver_close(struct sandbox_host *h);

#endif
