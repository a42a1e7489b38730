/* engine_exec: one more process in a container of an engine; see driver.h. */
#ifndef AGENTD_SANDBOX_ENGINE_EXEC_H
#define AGENTD_SANDBOX_ENGINE_EXEC_H

#include "agentd/sandbox/driver.h"

struct driver_exec *engine_exec(const struct sandbox_host *h,
    const struct driver_exec_spec *spec, int *fd, struct err *e);
void engine_exec_resize(struct driver_exec *x, uint16_t cols, uint16_t rows);
void engine_exec_kill(struct driver_exec *x, int sig);

/* To a process that an engine told us of, by its pid on this host: only when
 * it is one of that container (64 hex digits).  ERR_NOTFOUND: it is gone. */
int engine_exec_signal(
    int64_t pid, const char *container, int sig, struct err *e);

#endif
