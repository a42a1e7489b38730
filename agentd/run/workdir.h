/*
 * workdir: a run's part of the project's workspace: ws/runs/RID/{tree,out}.
 * The folders above tree and out belong to root and nobody else may write
 * them, so a name below cannot be exchanged for a link.
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
/* out/message.md: a regular file of at most max bytes; absent: empty. */
int workdir_message(const struct sandbox_host *h, int64_t project, int64_t run,
    size_t max, struct str *out, struct err *e);
void workdir_remove(const struct sandbox_host *h, int64_t project, int64_t run,
    sandbox_done_fn *done, void *arg);

#endif
