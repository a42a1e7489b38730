/* oci_priv: where runc is and keeps its state.  Visible in this folder only. */
#ifndef AGENTD_SANDBOX_OCI_PRIV_H
#define AGENTD_SANDBOX_OCI_PRIV_H

#include "agentd/sandbox/host.h"

const char *oci_runc_path(void); /* the default place when absent */
char *oci_state_root(const struct sandbox_host *h); /* HOME/run/runc */

#endif
