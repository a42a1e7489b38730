/*
 * bundle: an OCI bundle for runc from a validated spec: DIR/config.json and
 * DIR/root, the skeleton of the container's read-only root with its generated
 * /etc.  Synchronous: a few dozen small files.
 */
#ifndef AGENTD_SANDBOX_BUNDLE_H
#define AGENTD_SANDBOX_BUNDLE_H

#include "agentd/sandbox/host.h"
#include "agentd/sandbox/spec.h"

struct err;
struct str;

/* Pure: config.json as text. */
void bundle_config(const struct sandbox_host *h, const struct sandbox_spec *s,
    struct str *out);
/* Pure: the OCI process object, for `runc exec --process`. */
void bundle_process(
    const struct sandbox_spec *s, bool terminal, struct str *out);
/*
 * Mounts come from DIR/source/0, 1, ...: places that the shim binds to the
 * real sources, opened without following a link.  dir must not exist; its
 * parent must be 0711 or wider. */
int bundle_write(const struct sandbox_host *h, const struct sandbox_spec *s,
    const char *dir, struct err *e);
int bundle_remove(const char *dir, struct err *e);

#endif
