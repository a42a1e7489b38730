/* engine_shim_priv: what the files of the engine's shim share. */
#ifndef AGENTD_SANDBOX_ENGINE_SHIM_PRIV_H
#define AGENTD_SANDBOX_ENGINE_SHIM_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agentd/sandbox/engine.h"
#include "agentd/sandbox/engine_conf.h"
#include "agentd/sandbox/engine_stream.h"
#include "agentd/sandbox/shim_priv.h"

struct timer;
struct watch;

enum engine_shim_phase {
	ESHIM_ATTACHING,
	ESHIM_WAITING,  /* attached; for the go */
	ESHIM_STARTING, /* the engine is at work */
	ESHIM_RUNNING,
	ESHIM_DRAINING, /* ended; the rest of its output */
	ESHIM_ENDING    /* being removed */
};

struct engine_shim {
	const char *dir;
	struct engine_conf conf;
	struct loop *loop;
	struct engine *engine;
	int alive, ctl;
	struct watch *ctl_watch;
	int files[2]; /* out.log, err.log or -1 */
	struct shim_kept kept[2];
	int in; /* what its stdin is fed from, -1: nothing more */
	struct engine_stream *stream;
	struct engine_call *wait;
	struct timer *wall, *kill, *drain, *retry;
	enum engine_shim_phase phase;
	bool go;
	bool stopping, killing; /* asked for before it ran, or after */
	bool termed, killed;    /* signals that were sent */
	bool lost;              /* the engine went away while it ran */
	pid_t pid;              /* its process 1 here; 0: unknown */
	char *cgroup;           /* of pid; NULL: unknown */
	int oom;                /* an eventfd of the cgroup's, or -1 */
	struct watch *oom_watch;
	int64_t gone_at; /* the engine and pid, both; 0: not */
	int tries;       /* of the removal */
	struct shim_exit x;
};

/* engine_shim_end.c: signals, and the ways to the end. */
void engine_shim_stop(struct engine_shim *s, bool now);
void engine_shim_on_kill(void *arg);
void engine_shim_learn_pid(struct engine_shim *s, const struct json *state);
/* Its process 1 ended with this status, as the engine tells it. */
void engine_shim_ended(struct engine_shim *s, int code);
void engine_shim_failed(struct engine_shim *s, const struct err *e);
void engine_shim_on_drained(void *arg);

/* engine_shim_oom.c: hear of it from the kernel, for not every engine tells. */
void engine_shim_watch_oom(struct engine_shim *s);

char *engine_shim_path(const struct engine_shim *s, const char *verb)
    __attribute__((returns_nonnull));

#endif
