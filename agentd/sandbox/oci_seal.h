/*
 * oci_seal: runc as a sealed copy in memory.  Before it lets a container near
 * itself runc makes its own program one that cannot be written, by a mount and
 * a second start; a fully sealed memfd needs neither, and all share it.  The
 * copy is made at the first use and again when the file has changed.
 */
#ifndef AGENTD_SANDBOX_OCI_SEAL_H
#define AGENTD_SANDBOX_OCI_SEAL_H

struct oci_seal;

struct oci_seal *oci_seal_new(void);
/* Borrowed, close-on-exec; -1: there is none, take the file.  seal may be
 * NULL. */
int oci_seal_fd(struct oci_seal *seal, const char *path);
void oci_seal_free(struct oci_seal *seal);

#endif
