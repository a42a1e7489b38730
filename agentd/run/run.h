/*
 * run: one start of an agent, from the row in cofferd to its comment.
 *
 *   begin ─► load (token, item, comments; sandbox up) ─► prepare (a clone, in
 *   a container of its own) ─► agent ─► finish (commits and pushes what was
 *   left; write runs only) ─► report ─► clean
 *
 * Each phase is a container followed by its shim's files, so a run goes on
 * over a restart of agentd: run_begin looks at HOME/runs/ID first.  A verdict
 * that was made (result.json) is told again, never made again.  A cofferd that
 * is away is waited for.
 */
#ifndef AGENTD_RUN_RUN_H
#define AGENTD_RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/command/command.h"
#include "agentd/sandbox/driver.h"
#include "agentd/watch/projects.h"

struct apiclient;
struct err;
struct json;
struct modelgate;
struct objcaches;
struct repo_policy;
struct run;
struct sandboxes;

/* What every run needs; outlives them. */
struct run_env {
	const struct sandbox_host *host;
	const struct driver *driver;
	struct sandboxes *sandboxes;
	struct projects *projects;
	struct apiclient *api;
	const struct commands *commands;
	const struct repo_policy
	    *repo;                /* NULL: no file of a repository is one */
	struct modelgate *models; /* NULL: agents sign in by themselves */
	const char *model;        /* of agent_model; NULL: none */
	struct objcaches *caches; /* NULL: each run clones for itself */
	const char *recorder;     /* coffer-record; NULL: no records */
	const char *policy;       /* policy_place's folder; NULL: none */
};

/* The run is over and cofferd knows; the callee frees it. */
typedef void run_done_fn(struct run *r, void *arg);

/* From a Run of docs/api.md. */
struct run *run_new(const struct run_env *env, const struct json *row,
    run_done_fn *done, void *arg, struct err *e);
void run_begin(struct run *r);
/* Instead: cofferd knows that it is over, only what is left of it goes. */
void run_sweep(struct run *r);
int64_t run_id(const struct run *r);
int64_t run_project(const struct run *r);
int64_t run_item(const struct run *r);
/* args of the order and data of the event, for the prompt; copied. */
void run_set_order(struct run *r, struct view args, const char *why,
    const char *actor, const struct json *event_data);
/* sha: of its command's file, "" for the operator's; outlives this process. */
void run_ordered(const struct run *r, const char *sha);
void run_container_name(const struct run *r, char out[HOST_NAME_MAX]);
/* Its container, if it has one now. */
void run_freeze(const struct run *r, bool frozen);
struct driver_exec;
struct driver_exec_spec;
/* What its agent changed so far, told by git in its container as its user:
 * x->like and x->dir are filled in.  ERR_NOTFOUND: no agent is at work. */
struct driver_exec *run_diff(const struct run *r,
    const struct driver_exec_spec *x, int *fd, struct err *e);
/* why: constant.  Durable at once; the end comes by done as ever. */
void run_cancel(struct run *r, const char *why);
/* No more callbacks; its container goes on. */
void run_free(struct run *r);

#endif
