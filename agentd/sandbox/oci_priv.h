/* oci_priv: where runc is and keeps its state.  Visible in this folder only. */
#ifndef AGENTD_SANDBOX_OCI_PRIV_H
#define AGENTD_SANDBOX_OCI_PRIV_H

#include "agentd/sandbox/driver.h"

const char *oci_runc_path(void); /* the default place when absent */
char *oci_state_root(const struct sandbox_host *h); /* HOME/run/runc */

struct driver_exec *oci_exec(const struct sandbox_host *h,
    const struct driver_exec_spec *spec, int *fd, struct err *e);
void oci_exec_resize(struct driver_exec *x, uint16_t cols, uint16_t rows);
void oci_exec_kill(struct driver_exec *x, int sig);

#endif
