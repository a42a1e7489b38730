/*
 * engine_create: a validated spec as what POST /containers/create takes.
 * Pure.  What an engine sandbox must never have is absent by construction:
 * nothing here writes a device, a capability, a host namespace, a published
 * port or a volume.
 */
#ifndef AGENTD_SANDBOX_ENGINE_CREATE_H
#define AGENTD_SANDBOX_ENGINE_CREATE_H

#include "agentd/sandbox/engine.h"
#include "agentd/sandbox/engine_places.h"
#include "agentd/sandbox/host.h"
#include "agentd/sandbox/spec.h"
#include "lib/base/str.h"

/* Two objects of JSON; what is known last is put in by the end. */
struct engine_create {
	struct str config; /* without Image and HostConfig */
	struct str host;   /* HostConfig without its namespaces */
};

/* The first host uid of what its processes have; 0: it cannot be. */
uint32_t engine_uid_range(const struct engine_facts *f, uint32_t uid_base);
/* Of the agent, as it sees it itself. */
uint32_t engine_agent_uid(const struct engine_facts *f, uint32_t uid_base);
/* Of the container's root, for the host. */
uint32_t engine_root_uid(const struct engine_facts *f, uint32_t uid_base);

enum {
	ENGINE_USERNS_MAX = 128
};

/* A user namespace of its own with the range of uid_base; "" with Docker. */
void engine_userns(const struct sandbox_host *h, uint32_t uid_base,
    char out[ENGINE_USERNS_MAX]);
/* HOME/run/engine/seccomp.json: the profile as a file. */
char *engine_seccomp_path(const struct sandbox_host *h)
    __attribute__((returns_nonnull));

struct engine_create_spec {
	const struct sandbox_host *h;
	const struct sandbox_spec *spec;
	const struct engine_places *places;
	const char *places_dir;
	const char *dir; /* of the sandbox */
	bool own_name;   /* a namespace of its own: it may have a host name */
};

void engine_create_init(
    struct engine_create *c, const struct engine_create_spec *s);
/* image: an id, never a tag.  net: "none" or "container:ID".  userns: "" for
 * what the engine does by itself. */
void engine_create_end(const struct engine_create *c, const char *image,
    const char *net, const char *userns, struct str *out);
void engine_create_release(struct engine_create *c);

/* The container that holds a project's network, and nothing else. */
void engine_create_holder(const struct sandbox_host *h, int64_t project,
    const char *image, struct str *out);

#endif
