/*
 * engine_sweep: after a start of agentd, what of this installation nobody
 * follows any more goes: containers whose shim is gone (a crash, a stop of the
 * engine, a reboot), holders of networks that are not there, places that were
 * left mounted.  What is younger than two minutes may be somebody's who is at
 * work, and stays.
 */
#ifndef AGENTD_SANDBOX_ENGINE_SWEEP_H
#define AGENTD_SANDBOX_ENGINE_SWEEP_H

#include "agentd/sandbox/host.h"

/* Without an engine there is nothing to do. */
void engine_sweep(
    const struct sandbox_host *h, sandbox_done_fn *done, void *arg);

#endif
