/* engine_create_priv: what the writers for Docker and for Podman share. */
#ifndef AGENTD_SANDBOX_ENGINE_CREATE_PRIV_H
#define AGENTD_SANDBOX_ENGINE_CREATE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

struct engine_create_spec;
struct jw;
struct sandbox_host;

enum {
	ENGINE_SHM_BYTES = 64 << 20,
	ENGINE_OOM_SCORE = 500,
	ENGINE_RLIMIT_N = 4,
	ENGINE_TMPFS_N = 5
};

struct engine_rlimit {
	const char *name;
	uint64_t soft, hard;
};

void engine_rlimits(struct engine_rlimit out[ENGINE_RLIMIT_N]);

struct engine_tmpfs {
	const char *target;
	bool ro;        /* and noexec, for nothing is in it */
	uint64_t bytes; /* 0: what the spec says of /tmp */
	const char *mode;
};

extern const struct engine_tmpfs engine_tmpfs[ENGINE_TMPFS_N];

/* "UID:GID" of the agent, as it sees it itself. */
void engine_write_user(struct jw *w, const char *key,
    const struct sandbox_host *h, uint32_t uid_base);
void engine_write_labels(
    struct jw *w, const char *key, const struct engine_create_spec *c);

#endif
