/*
 * projects: what cofferd wants of each project's sandbox, and the work of
 * bringing it there: start, stop, pause, another mode, anew, destroy.  One step
 * per project at a time; the outcome is reported to cofferd until it was heard;
 * a failed start is tried again with backoff.  A sandbox that runs hold is not
 * taken away: the holders are told to end, and waited for.
 */
#ifndef AGENTD_WATCH_PROJECTS_H
#define AGENTD_WATCH_PROJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentd/sandbox/host.h"
#include "agentd/sandbox/spec.h"

struct apiclient;
struct err;
struct modelgate;
struct projects;
struct sandboxes;

enum {
	PROJECT_NAME_MAX = 210,
	PROJECT_ARGV_MAX = 16,
	PROJECT_MAX = 10000,
	PROJECT_STATE_MAX = 12,
	PROJECT_CAUSE_MAX = 24,
	PROJECT_TIME_MAX = 32,
	PROJECT_WORD_MAX = 72,
	PROJECT_LABEL_MAX = 101,
	PROJECT_LIST_MAX = 16,
	/* The last ids belong to the runner's slots. */
	PROJECT_ID_MAX = HOST_MAX_PROJECT - 64
};

enum project_want {
	PROJECT_WANT_STOPPED,
	PROJECT_WANT_RUNNING,
	PROJECT_WANT_PAUSED,
	PROJECT_WANT_GONE
};

struct project {
	int64_t id;
	char full_name[PROJECT_NAME_MAX];
	enum project_want want;
	char state[PROJECT_STATE_MAX]; /* of the sandbox, as cofferd has it */
	char network[8];
	char *policy;  /* as in sandbox_project */
	bool lockdown; /* the policy says: as mode none */
	char agent[32];
	char *argv[PROJECT_ARGV_MAX + 1]; /* agent_command */
	bool pickup;
	bool runs_paused;
	char label[PROJECT_LABEL_MAX]; /* that is an order, "": none */
	int64_t wall_ms;
	uint64_t disk_mib;
	struct spec_limits limits;
	char profile[PROJECT_WORD_MAX]; /* these: as in sandbox_project */
	char runtime[PROJECT_WORD_MAX];
	char branch[256];
	char gpus[16];
	char driver[16];
	char *entrypoint[PROJECT_LIST_MAX + 1];
	char *ro[PROJECT_LIST_MAX + 1];
	bool docker;
	int64_t generation;
	char proved_at[PROJECT_TIME_MAX]; /* of the verdict cofferd has */
};

/* May what is in its sandbox reach the web?  Then a provider may for it. */
bool project_has_web(const struct project *p);

/* api and host outlive it; sandboxes is set once they exist. */
struct projects *projects_new(
    const struct sandbox_host *h, struct apiclient *api);
/* Where sessions get a token of the models; outlives it. */
void projects_set_models(struct projects *p, struct modelgate *g);
void projects_set_sandboxes(struct projects *p, struct sandboxes *m);
void projects_free(struct projects *p);

/* A held sandbox has to go: end what runs in it.  From inside a step. */
typedef void projects_unwanted_fn(int64_t id, void *arg);
void projects_on_unwanted(
    struct projects *p, projects_unwanted_fn *fn, void *arg);
/* A sandbox began to run, or was found running.  From inside a step. */
typedef void projects_running_fn(int64_t id, void *arg);
void projects_on_running(
    struct projects *p, projects_running_fn *fn, void *arg);
/* It is about to be frozen or thawed: so is what runs in it. */
typedef void projects_frozen_fn(int64_t id, bool frozen, void *arg);
void projects_on_frozen(struct projects *p, projects_frozen_fn *fn, void *arg);
/* The holders are known: from now on sandboxes are stopped, made anew and
 * destroyed. */
void projects_open(struct projects *p);
void projects_hold(struct projects *p, int64_t id);
void projects_release(struct projects *p, int64_t id);
bool projects_held(const struct projects *p, int64_t id);

/* Ask cofferd for all of them, then bring each to what is wanted. */
void projects_load(struct projects *p, sandbox_done_fn *done, void *arg);
/* Something about this project changed: ask again.  done may be NULL. */
void projects_refresh(struct projects *p, const char *full_name,
    sandbox_done_fn *done, void *arg);
/*
 * For the work in its sandbox that exists nowhere else: a step like others.
 * asked: the event that asks.  hold: it is to be taken away if there is none;
 * it is frozen before the look, and until it is gone or that did not come.
 */
void projects_look(struct projects *p, int64_t id, int64_t asked, bool hold);
/* The session ended by itself. */
void projects_on_lost(
    struct projects *p, int64_t id, const char *cause, const char *why);

/* Something to be told with the state of one that runs; "" takes it back. */
void projects_note(
    struct projects *p, int64_t id, const char *cause, const char *reason);
typedef void projects_each_fn(const struct project *p, void *arg);
void projects_each(const struct projects *p, projects_each_fn *fn, void *arg);
const struct project *projects_find(const struct projects *p, int64_t id);
/* Calls back, later, once the sandbox runs in the mode that is wanted, or with
 * the reason why it will not. */
void projects_when_running(
    struct projects *p, int64_t id, sandbox_done_fn *done, void *arg);
/* Forget a waiter of projects_when_running. */
void projects_forget(struct projects *p, const void *arg);

#endif
