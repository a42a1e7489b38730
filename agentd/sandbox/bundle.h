/*
 * bundle: an OCI bundle for runc from a validated spec: config.json and root,
 * the skeleton of the container's read-only root with its generated /etc.  In
 * memory: a few dozen small files that nobody has to remove.
 */
#ifndef AGENTD_SANDBOX_BUNDLE_H
#define AGENTD_SANDBOX_BUNDLE_H

#include "agentd/sandbox/host.h"
#include "agentd/sandbox/spec.h"

struct err;
struct jw;
struct str;

/* Pure: config.json as text. */
void bundle_config(const struct sandbox_host *h, const struct sandbox_spec *s,
    struct str *out);
/* Pure: the OCI process object, for `runc exec --process`. */
void bundle_process(
    const struct sandbox_spec *s, bool terminal, struct str *out);
/* Pure: its parts that every driver needs; env with the defaults, argv with
 * the shell of `init`. */
void bundle_write_env(
    struct jw *w, const char *key, const struct sandbox_spec *s);
void bundle_write_argv(
    struct jw *w, const char *key, const struct sandbox_spec *s);
/* At most `want`: raising a hard limit needs a capability that not every root
 * has.  resource: RLIMIT_*. */
uint64_t bundle_hard_limit(int resource, uint64_t want);
bool bundle_has_target(const struct sandbox_spec *s, const char *target);
/*
 * A tmpfs with the bundle, mounted nowhere yet (fsmount(2)): with its last
 * descriptor and mount it is gone.  Mounts come from its source/0, 1, ...:
 * places that the shim binds to the real sources, opened without following a
 * link.  The path to where it will be mounted must be 0711 or wider. */
int bundle_open(
    const struct sandbox_host *h, const struct sandbox_spec *s, struct err *e);
/* What is left at DIR/bundle. */
int bundle_remove(const char *dir, struct err *e);

#endif
