/*
 * engine_podman: a validated spec as what Podman's own call to create takes.
 * By Docker's it gives no cgroup namespace on cgroup v1, whatever is asked for.
 * Pure; what must never be there is absent by construction, as in
 * engine_create.
 */
#ifndef AGENTD_SANDBOX_ENGINE_PODMAN_H
#define AGENTD_SANDBOX_ENGINE_PODMAN_H

#include "agentd/sandbox/engine_create.h"

/* An open object: without its image and the namespaces that it joins. */
void engine_podman_config(const struct engine_create_spec *c, struct str *out);
/* Its end.  net: "none" or "container:ID"; the user namespace is that of the
 * container, or with "none" one of its own with the range of uid_base. */
void engine_podman_end(
    const char *image, const char *net, uint32_t uid_base, struct str *out);

#endif
