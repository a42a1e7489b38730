/* job_priv: what the files of this folder share about a job. */
#ifndef AGENTD_RUNNER_JOB_PRIV_H
#define AGENTD_RUNNER_JOB_PRIV_H

#include <stdbool.h>

#include "agentd/call.h"
#include "agentd/run/logship.h"
#include "agentd/runner/config.h"
#include "agentd/runner/job.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"

enum {
	JOB_TEXT_MAX = 4096, /* a setup or test command */
	JOB_NAME_MAX = 128,
	JOB_PATH_MAX = 512,
	JOB_DIR_MAX = 448
};

enum job_phase {
	JOB_UNPACK,
	JOB_SETUP,
	JOB_TEST,
	JOB_PHASES
};

enum job_net {
	JOB_NET_OFF,
	JOB_NET_LOCKED, /* what `rules` let out */
	JOB_NET_WEB
};

struct job {
	const struct job_env *env;
	int slot;
	int64_t disk_id; /* job_slot_id(slot) */
	struct job_ends ends;

	int64_t id;
	char full_name[JOB_NAME_MAX * 2];
	char name[JOB_NAME_MAX];
	char lease[JOB_NAME_MAX];
	char *setup; /* NULL: none */
	char *test;
	enum job_net net[JOB_PHASES];
	int64_t timeout_ms;
	uint64_t memory;
	uint64_t cpus, pids, disk; /* 0: the runner's own */
	char *root;                /* of its image; NULL: the host's */
	char *rules;               /* of `locked`: a JSON object; NULL: none */

	char dir[JOB_DIR_MAX]; /* HOME/jobs/ID */
	int tar;               /* being written */
	uint64_t tar_bytes;
	struct fetch *fetch;
	unsigned parts; /* of the beginning, that are not there yet */
	struct err part_fail;
	enum job_phase phase;
	bool netns_up;
	enum job_net routed; /* what the router was told last */
	struct shim_watch *watch;
	int log;
	struct logship *ship;
	struct timer *beat;
	struct call *heartbeat;
	struct call *result;
	int64_t deadline_ms; /* monotonic, of setup and test together */
	bool cancelled;
	bool disowned; /* the lease is another's: say nothing more */
	bool over;
	int cleaning;      /* containers still to be destroyed */
	const char *state; /* of the result */
	int exit_code;     /* -1: none */
	int signal;
	struct str why;
};

/* job.c */
void job_on_phase_exit(struct job *j, const struct shim_exit *x);
void job_end(struct job *j, const char *state, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* job_phase.c */
extern const char *const job_phase_names[JOB_PHASES];
void job_phase_dir(
    const struct job *j, enum job_phase phase, char out[JOB_PATH_MAX]);
/* What was asked for, at most what there is; 0: all of that. */
uint64_t job_bound(uint64_t asked, uint64_t most);
void job_phase_start(struct job *j, enum job_phase phase);
void job_log(struct job *j, const void *p, size_t n);

#endif
