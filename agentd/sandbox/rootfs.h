/*
 * rootfs: the skeleton of a container's read-only root: mount points, the
 * links /bin, /lib ... and a generated /etc.  Private to bundle.
 */
#ifndef AGENTD_SANDBOX_ROOTFS_H
#define AGENTD_SANDBOX_ROOTFS_H

#include "agentd/sandbox/host.h"
#include "agentd/sandbox/spec.h"

struct err;

/* dir must not exist. */
int rootfs_write(const struct sandbox_host *h, const struct sandbox_spec *s,
    const char *dir, struct err *e);

/* Only those files of /etc that are this container's own, for a root that
 * somebody else brings: DIR/etc/NAME.  uid: of the agent inside. */
int rootfs_write_own(const struct sandbox_host *h, const struct sandbox_spec *s,
    uint32_t uid, const char *dir, struct err *e);

/* ROOT + REL as a new text, not synced: it is of no use after a reboot. */
int rootfs_put(const char *root, const char *rel, const char *text, size_t n,
    struct err *e);

/* What the root takes from the system, ended by NULL: read-only binds that
 * may be absent, and the links of a merged /usr. */
const char *const *bundle_system_paths(void);
const char *const *bundle_link_paths(void);

#endif
