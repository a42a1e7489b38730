/*
 * work: events, runs, CI jobs and tickets as plain data filled by
 * server/store.  The scheme for text, times and ids is that of types.h.
 */
#ifndef SERVER_DOMAIN_WORK_H
#define SERVER_DOMAIN_WORK_H

#include "server/domain/types.h"

enum {
	PROJECT_FULL_NAME_MAX = 2 * NAME_LEN_MAX + 1,
	EVENT_KIND_MAX = 40,
	EVENT_REQUEST_MAX = 64,
	LEASE_HEX = 32,
	TICKET_HEX = 40,
	JOB_ATTEMPTS_MAX = 3
};

struct actor {
	int64_t id;
	char login[NAME_LEN_MAX + 1];
	enum user_kind kind;
	enum role role; /* in the event's project, then */
};

struct event {
	int64_t seq;
	int64_t at;
	char kind[EVENT_KIND_MAX + 1];
	int64_t project_id;                           /* 0: of no project */
	char project_name[PROJECT_FULL_NAME_MAX + 1]; /* OWNER/NAME then */
	struct actor actor;
	int64_t item;
	bool is_pull;
	/* In which it came to be, "": none. */
	char request[EVENT_REQUEST_MAX + 1];
	char *data; /* a JSON object as text */
};

struct event_list {
	struct event *at;
	size_t n;
	int64_t last; /* ask after this next time, also when n is 0 */
	bool more;    /* there is more after `last` to look at now */
};

void event_release(struct event *x);
void event_list_release(struct event_list *l);

enum run_state {
	RUN_QUEUED = 1,
	RUN_PREPARING,
	RUN_RUNNING,
	RUN_FINISHING,
	RUN_DONE,
	RUN_FAILED,
	RUN_CANCELLED,
	RUN_TIMED_OUT,
	RUN_BUDGET /* there was no money left for its models */
};

const char *run_state_name(enum run_state v);
int run_state_parse(const char *s); /* -1: none */
bool run_state_is_end(enum run_state s);

struct run {
	int64_t id;
	int64_t project_id;
	int64_t event;      /* the one event that caused it */
	int64_t retry_of;   /* the run that it tries again, 0: none */
	int64_t attempt;    /* from 1 */
	int64_t not_before; /* it waits until then */
	int64_t item;
	char *command;
	char *agent;
	char *branch; /* without refs/heads/; "" unless access is write */
	char *base;
	char *why;
	char *message;
	char *record; /* JSON text or "" */
	int64_t wall_s;
	int64_t budget; /* millionths of a dollar, 0: no limit of its own */
	int64_t exit_code;
	int64_t log_bytes;
	int64_t comment; /* ids of what it left */
	int64_t pull;    /* number */
	int64_t created_at;
	int64_t started_at;
	int64_t ended_at;
	enum access_level access;
	enum network_mode network;
	enum run_state state;
	char project_name[PROJECT_FULL_NAME_MAX + 1];
	char cause[EVENT_KIND_MAX + 1]; /* that event's kind */
	char base_sha[SHA_HEX + 1];
	bool is_pull;
	bool cancel; /* asked for */
	bool has_exit;
};

struct run_list {
	struct run *at;
	size_t n;
	int64_t total;
};

void run_release(struct run *x);
void run_list_release(struct run_list *l);

enum job_state {
	JOB_QUEUED = 1,
	JOB_RUNNING,
	JOB_PASSED,
	JOB_FAILED,
	JOB_SETUP_FAILED,
	JOB_TIMED_OUT,
	JOB_OUT_OF_MEMORY,
	JOB_CANCELLED,
	JOB_INFRASTRUCTURE_ERROR,
	JOB_SUPERSEDED,
	JOB_SKIPPED /* nothing that it looks at has changed */
};

const char *job_state_name(enum job_state v);
int job_state_parse(const char *s); /* -1: none */
bool job_state_is_end(enum job_state s);

/* One check of .coffer/checks.yml, as the job was queued with it. */
struct job_check {
	char *setup;
	char *test;
	char *image; /* or a profile; both "": the runner's host */
	char *profile;
	char *presets; /* of `locked`: a JSON list of names */
	char *labels;  /* its runner must have: a JSON list */
	enum network_mode network_setup;
	enum network_mode network_test;
	int64_t timeout_s;
	int64_t memory; /* bytes */
	int64_t cpus;   /* 0 of these three: the runner's own */
	int64_t pids;
	int64_t disk; /* bytes */
	bool required;
};

struct job {
	int64_t id;
	int64_t project_id;
	char project_name[PROJECT_FULL_NAME_MAX + 1];
	int64_t pull;
	char sha[SHA_HEX + 1];
	char base_sha[SHA_HEX + 1];
	char name[NAME_LEN_MAX + 1]; /* its context is ci/NAME */
	struct job_check check;
	enum job_state state;
	int64_t attempt; /* claims so far */
	char lease[LEASE_HEX + 1];
	int64_t lease_until;
	int64_t runner_id;      /* who runs it or ran it last, 0: nobody */
	char *runner;           /* its name */
	int64_t priority;       /* greater is sooner */
	bool cancel;            /* asked for */
	char tree[SHA_HEX + 1]; /* what is tested, "": the commit sha */
	int64_t retests;        /* times that it was to be another tree */
	char *phase;            /* "setup", "test" or "" */
	bool has_exit;
	int64_t exit_code;
	int64_t signal;
	char *why;
	int64_t log_bytes;
	int64_t created_at;
	int64_t started_at;
	int64_t ended_at;
};

struct job_list {
	struct job *at;
	size_t n;
	int64_t total;
};

void job_release(struct job *x);
void job_list_release(struct job_list *l);

struct ticket {
	int64_t user_id;
	char login[NAME_LEN_MAX + 1];
	int64_t project_id;
	char project_name[PROJECT_FULL_NAME_MAX + 1];
	char verb[16];
	int64_t expires_at;
};

#endif
