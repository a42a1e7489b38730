/*
 * engine_driver: the driver on a container engine; see engine.h.  The same
 * contract as that of runc: what a container is made of and may do comes from
 * the same spec, the same seccomp table and the same files.
 */
#ifndef AGENTD_SANDBOX_ENGINE_DRIVER_H
#define AGENTD_SANDBOX_ENGINE_DRIVER_H

#include "agentd/sandbox/driver.h"

extern const struct driver engine_driver;

/* "created", "running", "paused", "exited" ...; ERR_NOTFOUND when absent.
 * Synchronous, with a loop of its own: for tests and for a person's question.
 */
int engine_state(
    const struct sandbox_host *h, const char *id, char out[16], struct err *e);

#endif
