/*
 * oci: the driver on runc, without a daemon and without an image.  State of
 * runc is in HOME/run/runc, cgroups under /coffer-INST.
 */
#ifndef AGENTD_SANDBOX_OCI_H
#define AGENTD_SANDBOX_OCI_H

#include "agentd/sandbox/driver.h"

extern const struct driver oci_driver;

/* "created", "running", "paused", "stopped"; ERR_NOTFOUND when absent.
 * Synchronous: reads runc's state file, asks no process. */
int oci_state(
    const struct sandbox_host *h, const char *id, char out[16], struct err *e);
/* Remove empty cgroups of this installation: when agentd ends. */
void oci_sweep_cgroups(const struct sandbox_host *h);

#endif
