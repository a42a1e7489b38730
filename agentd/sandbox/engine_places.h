/*
 * engine_places: the places on the host that an engine mounts into a sandbox:
 * HOME/run/engine/ID/0, 1, ...  Each is a bind of the real source, made from a
 * descriptor that was opened without following a link, nosuid, nodev and
 * read-only where it must be, because an engine takes a path, follows links
 * and knows none of these flags.  Files that are written for the sandbox are in
 * memory.  All are needed until the engine has started the container, and then
 * go.
 */
#ifndef AGENTD_SANDBOX_ENGINE_PLACES_H
#define AGENTD_SANDBOX_ENGINE_PLACES_H

#include "agentd/sandbox/host.h"
#include "agentd/sandbox/spec.h"

struct err;

enum {
	ENGINE_PLACES_MAX = SPEC_MAX_MOUNTS + SPEC_MAX_FILES + 16
};

struct engine_place {
	char *source; /* NULL: a tmpfs of its own, the agent's home */
	char *target;
	bool ro;
};

struct engine_places {
	struct engine_place row[ENGINE_PLACES_MAX];
	size_t n;
};

/* HOME/run/engine/ID */
char *engine_places_dir(const struct sandbox_host *h, const char *id)
    __attribute__((returns_nonnull));

/* Uids of the host, but agent: as it is inside. */
struct engine_places_who {
	uint32_t agent;
	uint32_t root;     /* the container's root */
	uint32_t uid_base; /* of the spec: the owner of its files */
	uint32_t range;    /* whose the processes are; mapped if another */
};

/* DIR, which must not be there, with the mounts.  What a failure leaves is for
 * engine_places_unmount.  engine_places_release(p) in any case. */
int engine_places_make(const struct sandbox_host *h,
    const struct sandbox_spec *s, const struct engine_places_who *who,
    const char *dir, struct engine_places *p, struct err *e);
void engine_places_release(struct engine_places *p);
/* What is not there is fine.  Never looks below a mount. */
int engine_places_unmount(const char *dir, struct err *e);

#endif
