/*
 * sandbox: the sandboxes of projects: workspace, network, session container,
 * and the desired state in HOME/sandboxes/ID/state.json.  One operation per
 * project at a time (ERR_BUSY else).  A step that fails undoes the ones before
 * it.  Runs join the project's namespace by sandbox_netns once it is up.
 */
#ifndef AGENTD_SANDBOX_SANDBOX_H
#define AGENTD_SANDBOX_SANDBOX_H

#include "agentd/sandbox/driver.h"
#include "agentd/sandbox/host.h"
#include "agentd/sandbox/routerctl.h"

struct err;
struct sandboxes;

enum sandbox_state {
	SANDBOX_STOPPED,
	SANDBOX_STARTING,
	SANDBOX_RUNNING,
	SANDBOX_STOPPING,
	SANDBOX_FAILED, /* the session ended by itself; sandbox_start again */
	SANDBOX_PAUSED  /* running, and frozen */
};

enum {
	SANDBOX_LIST_MAX = 16
};

struct sandbox_project {
	int64_t id;
	const char *name;   /* OWNER/PROJECT, shown in the session */
	const char *mode;   /* "off", "none", "locked", "web", "open" */
	const char *policy; /* as in routerctl_project_set */
	/* Text of /etc/gitconfig.  NULL: none; that of a session that is up. */
	const char *gitconfig;
	const char *env; /* of the session, lines NAME=VALUE; as gitconfig */
	const char *profile; /* whose root it has; "": the host's system */
	const char *branch;  /* what `git tree` takes; "": the default */
	const char *runtime; /* "": the driver's own */
	const char *gpus;    /* "": none */
	const char *driver;  /* another than there is: refused */
	bool docker;
	const char *const *entrypoint; /* NULL-terminated; NULL: none */
	const char *const *ro;         /* of the host; as entrypoint */
	int64_t generation;            /* another one: sandbox_recreate */
	uint64_t disk_mib;             /* 0: default */
	struct spec_limits limits;     /* of the session container */
};

/* The session of a project ended without being asked to. */
/* cause: of sandbox_cause. */
typedef void sandbox_lost_fn(
    int64_t id, const char *cause, const char *why, void *arg);

/* driver NULL: the default. */
struct sandboxes *sandboxes_new(const struct sandbox_host *h,
    struct routerctl *router, const struct driver *driver,
    sandbox_lost_fn *on_lost, void *arg);
/* Running sandboxes go on; a later sandboxes_new adopts them. */
void sandboxes_free(struct sandboxes *m);

/* Running already: only the mode and the desired state are brought up. */
void sandbox_start(struct sandboxes *m, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg);
/* Session and network go, the workspace is unmounted, the image stays. */
void sandbox_stop(
    struct sandboxes *m, int64_t id, sandbox_done_fn *done, void *arg);
/* stop, then the image and everything else of the project. */
void sandbox_destroy(
    struct sandboxes *m, int64_t id, sandbox_done_fn *done, void *arg);
/*
 * From an empty workspace, with its address, uids and keys.  What is asked for
 * is judged first; until the new one runs, the old workspace is kept beside it,
 * and put back if it does not come to that.
 */
void sandbox_recreate(struct sandboxes *m, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg);
/* Could it be?  ERR_* with the reason, and nothing is touched. */
void sandbox_judge(struct sandboxes *m, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg);
/* Of a session that runs; survives a restart of agentd or of the host. */
void sandbox_pause(struct sandboxes *m, int64_t id, bool frozen,
    sandbox_done_fn *done, void *arg);
/* For `git tree` from now on. */
int sandbox_set_branch(
    struct sandboxes *m, int64_t id, const char *branch, struct err *e);
/* -1: there is no sandbox. */
int64_t sandbox_generation(const struct sandboxes *m, int64_t id);
/* The root of its session, borrowed; NULL: the host's system. */
const char *sandbox_root(const struct sandboxes *m, int64_t id);
/* The runtime of all its containers, borrowed; NULL: the driver's own. */
const char *sandbox_runtime(const struct sandboxes *m, int64_t id);
/* "all" or how many, borrowed; NULL: none. */
const char *sandbox_gpus(const struct sandboxes *m, int64_t id);
/* What it sees of the host, borrowed, ended by NULL; at most SANDBOX_LIST_MAX.
 * See spec_share_target. */
const char *const *sandbox_shares(const struct sandboxes *m, int64_t id);
void sandbox_set_mode(struct sandboxes *m, int64_t id, const char *mode,
    sandbox_done_fn *done, void *arg);

/*
 * After a start of agentd: for every state.json that says "running": adopt the
 * session that still runs, start again what a crash or reboot took.  done comes
 * when all are settled; its error is the first failure, the others are logged.
 */
void sandboxes_adopt(struct sandboxes *m, sandbox_done_fn *done, void *arg);

/* After the router came back: tell it again what it should know. */
void sandboxes_tell_router(struct sandboxes *m);

enum sandbox_state sandbox_state(const struct sandboxes *m, int64_t id);
const char *sandbox_state_name(enum sandbox_state s);
/*
 * A word for what went wrong last, "" for nothing: "refused" (cannot be made of
 * what is asked for), "workspace", "disk-full", "wiring", "router",
 * "engine-down", "oom", "lost" (a crash or a reboot took it), "ended".
 */
const char *sandbox_cause(const struct sandboxes *m, int64_t id);
/* ERR_NOTFOUND when it is not running. */
int sandbox_netns(
    struct sandboxes *m, int64_t id, char out[HOST_NAME_MAX], struct err *e);
/* /etc/gitconfig of its session, with the session's token; "" when there is no
 * such sandbox. */
const char *sandbox_gitconfig(const struct sandboxes *m, int64_t id);
/* Does its session live, in its namespace, whatever became of the rest? */
bool sandbox_is_up(const struct sandboxes *m, int64_t id);
/*
 * Another token is about to be asked for, by which the one it has dies: it is
 * forgotten on disk first.  Without a session that is up such a sandbox is not
 * brought back by sandboxes_adopt, but by sandbox_start with the new one.
 */
int sandbox_drop_token(struct sandboxes *m, int64_t id, struct err *e);
/* The env of the session that is up, for what begins in it from now on;
 * ERR_BUSY in the middle of a step. */
int sandbox_give_env(
    struct sandboxes *m, int64_t id, const char *env, struct err *e);
/* What attaching runs, a shell's text without an empty line: the byobu. */
extern const char sandbox_attach_script[];
/* One more process in the session container.  like NULL: that script. */
struct driver_exec *sandbox_attach(struct sandboxes *m, int64_t id,
    const struct driver_exec_spec *x, int *fd, struct err *e);

#endif
