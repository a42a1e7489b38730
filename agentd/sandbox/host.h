/*
 * host: what every part of the sandbox room needs to know about this
 * installation, and the names that keep two installations apart.  The strings
 * are borrowed and outlive everything that was given the struct.
 *
 * Completions: sandbox_done_fn comes exactly once, from the loop, never from
 * inside the call that started the work.  `e` is NULL on success and valid
 * during the call only.  Every operation has a time limit of its own.
 */
#ifndef AGENTD_SANDBOX_HOST_H
#define AGENTD_SANDBOX_HOST_H

#include <limits.h> /* HOST_NAME_MAX bounds namespace and container names */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/io/loop.h"

struct engine;
struct err;
struct oci_seal;

enum {
	HOST_IF_MAX = 16, /* IFNAMSIZ */
	HOST_ADDR_MAX = 16,
	/* The last id whose address and uid range both fit. */
	HOST_MAX_PROJECT = 65278,
	HOST_MAX_JOB_SLOT = 200,
	HOST_UID_SPAN = 65536,
	HOST_AGENT_UID = 1000
};

struct sandbox_host {
	struct loop *loop;
	const char *home;      /* absolute, no trailing slash */
	const char *inst;      /* four hex digits: HOME/instance */
	const char *shim;      /* the program coffer-shim */
	const char *gateway;   /* the router in a sandbox: "10.214.0.1" */
	const char *range;     /* first address of the range: "10.214.0.0" */
	struct engine *engine; /* of the driver "engine"; NULL: none */
	struct oci_seal *seal; /* of the driver "oci"; NULL: none */
};

typedef void sandbox_done_fn(const struct err *e, void *arg);

/* Refuses a HOME or instance that cannot be used in paths and names. */
int host_check(const struct sandbox_host *h, struct err *e);
/* Reads HOME/instance. */
int host_instance(const char *home, char out[5], struct err *e);

/* coffer-INST-router, coffer-INST-pID */
void host_router_netns(const struct sandbox_host *h, char out[HOST_NAME_MAX]);
void host_project_netns(
    const struct sandbox_host *h, int64_t id, char out[HOST_NAME_MAX]);
/* cfINSTpID */
void host_project_link(
    const struct sandbox_host *h, int64_t id, char out[HOST_IF_MAX]);
/* range + 256 + id */
int host_project_address(const struct sandbox_host *h, int64_t id,
    char out[HOST_ADDR_MAX], struct err *e);
/* coffer-INST-session-pID, coffer-INST-cache-pID, coffer-INST-run-RID-PHASE,
 * coffer-INST-job-... */
void host_session_id(
    const struct sandbox_host *h, int64_t id, char out[HOST_NAME_MAX]);
void host_cache_id(
    const struct sandbox_host *h, int64_t id, char out[HOST_NAME_MAX]);
void host_run_id(const struct sandbox_host *h, int64_t run, const char *phase,
    char out[HOST_NAME_MAX]);
void host_job_id(const struct sandbox_host *h, int64_t job, const char *phase,
    char out[HOST_NAME_MAX]);

/* The first host uid of the range mapped into a sandbox; 0: out of range. */
uint32_t host_project_uid_base(int64_t id);
uint32_t host_job_uid_base(int slot);
/* Whose range it is; 0: no project's. */
int64_t host_uid_base_project(uint32_t uid_base);

#endif
