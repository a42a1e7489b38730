/*
 * workspace: a project's files: HOME/sandboxes/ID/ws.img, a sparse ext4 image,
 * mounted at HOME/sandboxes/ID/ws with nosuid and nodev.  Its size is a hard
 * limit for whatever runs in the sandbox.  The root of it belongs to the
 * project's agent uid.
 */
#ifndef AGENTD_SANDBOX_WORKSPACE_H
#define AGENTD_SANDBOX_WORKSPACE_H

#include "agentd/sandbox/host.h"

struct err;

enum {
	WORKSPACE_MIN_MIB = 32,
	WORKSPACE_MAX_MIB = 1 << 20,
	WORKSPACE_DEFAULT_MIB = 10240
};

char *workspace_dir(const struct sandbox_host *h, int64_t id);   /* .../ID */
char *workspace_mount(const struct sandbox_host *h, int64_t id); /* .../ID/ws */
bool workspace_is_mounted(const struct sandbox_host *h, int64_t id);

/*
 * Create the image when there is none, check it (e2fsck -p), mount it.  Already
 * mounted is fine.  size_mib 0: the default; an existing image keeps its size.
 */
void workspace_up(const struct sandbox_host *h, int64_t id, uint64_t size_mib,
    sandbox_done_fn *done, void *arg);
void workspace_down(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg);
/*
 * The image of a workspace that is not mounted, kept while another takes its
 * place; `generation` is that of the sandbox it belongs to.
 */
int workspace_set_aside(const struct sandbox_host *h, int64_t id,
    int64_t generation, struct err *e);
int workspace_put_back(const struct sandbox_host *h, int64_t id,
    int64_t generation, struct err *e);
void workspace_drop_aside(const struct sandbox_host *h, int64_t id);
/* After a crash: one of this generation is put back, others stay until a
 * session runs. */
int workspace_recover(const struct sandbox_host *h, int64_t id,
    int64_t generation, struct err *e);
/* Unmounts and deletes the image: the work in it is gone. */
void workspace_remove(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg);

#endif
