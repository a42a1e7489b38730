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

/* JSON; what is known last is put in by the end. */
struct engine_create {
	bool podman;
	uint32_t uid_base;
	struct str config; /* without image and HostConfig */
	struct str host;   /* Docker's HostConfig without its network */
};

/* The first host uid of what its processes have; 0: it cannot be. */
uint32_t engine_uid_range(const struct engine_facts *f, uint32_t uid_base);
/* Of the agent, as it sees it itself. */
uint32_t engine_agent_uid(const struct engine_facts *f, uint32_t uid_base);
/* Of the container's root, for the host. */
uint32_t engine_root_uid(const struct engine_facts *f, uint32_t uid_base);

/* HOME/run/engine/seccomp.json: the profile as a file. */
char *engine_seccomp_path(const struct sandbox_host *h)
    __attribute__((returns_nonnull));

struct engine_create_spec {
	const struct sandbox_host *h;
	const struct sandbox_spec *spec;
	const struct engine_places *places;
	const char *places_dir; /* NULL: the sources are as they are */
	const char *dir;        /* of the sandbox; NULL: the holder's */
	bool own_name; /* a namespace of its own: it may have a host name */
	bool holder;   /* of a project's network, and nothing else */
};

/* Where it is posted to. */
char *engine_create_path(const struct sandbox_host *h, const char *name)
    __attribute__((returns_nonnull));

void engine_create_init(
    struct engine_create *c, const struct engine_create_spec *s);
/* image: an id, never a tag.  net: "none" or "container:ID", whose user
 * namespace Podman's joins as well. */
void engine_create_end(const struct engine_create *c, const char *image,
    const char *net, struct str *out);
void engine_create_release(struct engine_create *c);

/* The container that holds a project's network, and nothing else. */
void engine_create_holder(const struct sandbox_host *h, int64_t project,
    const char *name, const char *image, struct str *out);

#endif
