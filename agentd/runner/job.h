/*
 * job: one CI job from its lease to its result.
 *
 *   the head's tree as a tar ─► unpacked in a container ─► setup ─► test
 *
 * Each phase is a container of its own on the job's own disk image, without a
 * token; the verdict is the exit status that the runtime reports, never what
 * was printed.
 */
#ifndef AGENTD_RUNNER_JOB_H
#define AGENTD_RUNNER_JOB_H

#include <stdint.h>

#include "agentd/sandbox/driver.h"

struct apiclient;
struct err;
struct job;
struct json;
struct net;
struct routerctl;
struct runner_config;

struct job_env {
	const struct sandbox_host *host;
	const struct driver *driver;
	const struct runner_config *cfg;
	struct routerctl *router;
	struct apiclient *api;
	struct net *net;
	const char *base; /* cofferd's address, for the tree */
	const char *token;
	const char *ca; /* NULL: what the system trusts */
};

/* The result is told and everything is removed; the callee frees the job. */
typedef void job_done_fn(struct job *j, void *arg);

/* slot: 0.., exclusive to this job while it lives.  told comes when cofferd has
 * the result and what is left of the job is only to be removed; not at all when
 * there is none to tell. */
struct job_ends {
	job_done_fn *told;
	job_done_fn *done;
	void *arg;
};
struct job *job_new(const struct job_env *env, int slot, const struct json *row,
    const struct job_ends *ends, struct err *e);
void job_begin(struct job *j);
int64_t job_id(const struct job *j);
/* The lease is another's: it ends, is cleaned away and says nothing more. */
void job_disown(struct job *j, const char *why);
/* The container goes on; the lease will expire. */
void job_free(struct job *j);
/* The id that a slot uses for its disk and its namespace. */
int64_t job_slot_id(int slot);
/* Where its disk is, if it has one. */
char *job_slot_dir(const struct sandbox_host *h, int slot);
/* Removes the slot's disk and namespace; its containers have ended. */
void job_sweep(
    const struct sandbox_host *h, int slot, sandbox_done_fn *done, void *arg);

#endif
