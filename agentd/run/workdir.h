/*
 * workdir: a run's part of the project's workspace: ws/runs/RID/{tree,out}.
 * The workspace itself belongs to the sandbox, which may exchange `runs` for
 * anything at any time: every step goes by descriptor, without a link, and
 * what is made there is refused when it is not root's.
 */
#ifndef AGENTD_RUN_WORKDIR_H
#define AGENTD_RUN_WORKDIR_H

#include <stddef.h>
#include <stdint.h>

#include "agentd/sandbox/host.h"

struct err;
struct str;

int workdir_make(
    const struct sandbox_host *h, int64_t project, int64_t run, struct err *e);
void workdir_path(const struct sandbox_host *h, int64_t project, int64_t run,
    const char *leaf, char *out, size_t max);
/* out/LEAF: a regular file of at most max bytes; absent: empty. */
int workdir_out(const struct sandbox_host *h, int64_t project, int64_t run,
    const char *leaf, size_t max, struct str *text, struct err *e);
void workdir_remove(const struct sandbox_host *h, int64_t project, int64_t run,
    sandbox_done_fn *done, void *arg);

/*
 * ws/runs/keep/NAME, of the agent's uid: what a CLI keeps from run to run.
 * Making one may take the oldest away (pruned comes with arg NULL).
 */
enum {
	WORKDIR_KEEP_MAX = 96
};
int workdir_keep_make(const struct sandbox_host *h, int64_t project,
    const char *name, sandbox_done_fn *pruned, struct err *e);
/* Plain files alone, few and small, one of them called by the id; with an empty
 * id: nothing at all. */
int workdir_keep_look(const struct sandbox_host *h, int64_t project,
    const char *name, const char *id, struct err *e);
void workdir_keep_remove(const struct sandbox_host *h, int64_t project,
    const char *name, sandbox_done_fn *done, void *arg);

#endif
