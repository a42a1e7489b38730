/*
 * driver_end: the orders to a sandbox and the steps of its destroy that are
 * the same for each driver, because its shim does them.  Private to drivers.
 */
#ifndef AGENTD_SANDBOX_DRIVER_END_H
#define AGENTD_SANDBOX_DRIVER_END_H

#include <stdbool.h>

#include "agentd/sandbox/seq.h"

/* As `kill` and `go` of struct driver. */
int driver_end_kill(const char *dir, bool now, struct err *e);
int driver_end_go(const char *dir, struct err *e);

/* A step: a shim that still runs cleans up itself: end it, wait for it. */
int driver_end_shim(struct seq *s, const char *dir, struct err *e);
/* The files in DIR that were needed while it ran, `conf` among them, and the
 * bundle.  Output and exit.json stay. */
int driver_end_files(const char *dir, const char *conf, struct err *e);

#endif
