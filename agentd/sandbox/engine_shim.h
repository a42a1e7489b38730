/*
 * engine_shim: the follower of one container of an engine, a process of its
 * own that survives agentd: `coffer-engine-shim DIR`.  The container is made
 * already; it attaches, starts it, keeps its output, orders, wall clock and
 * end in the same files as the shim of runc (shim.h), and removes it at the
 * end.  When the engine goes away it waits for it to come back.
 */
#ifndef AGENTD_SANDBOX_ENGINE_SHIM_H
#define AGENTD_SANDBOX_ENGINE_SHIM_H

/* The main program; returns the exit status. */
int engine_shim_main(const char *dir);

#endif
