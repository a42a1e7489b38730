/* run_priv: what the files of this folder share about a run. */
#ifndef AGENTD_RUN_RUN_PRIV_H
#define AGENTD_RUN_RUN_PRIV_H

#include "agentd/agent/agent.h"
#include "agentd/call.h"
#include "agentd/model/modelgate.h"
#include "agentd/run/logship.h"
#include "agentd/run/run.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/net/apiclient.h"

enum {
	RUN_TOKEN_MAX = 128,
	RUN_REF_MAX = 256,
	RUN_WHY_MAX = 64,
	RUN_PATH_MAX = 512,
	RUN_DIR_MAX = 448, /* leaves room for what is below */
	RUN_UNFIT_MAX = 240,
	RUN_REVIEW_MAX = 320 << 10,
	RUN_NAME_MAX = SLASH_NAME_MAX + 1
};

enum run_phase {
	RUN_PREPARE,
	RUN_AGENT,
	RUN_FINISH,
	RUN_PHASES
};

/* As cofferd knows them, in order. */
enum run_state {
	RUN_QUEUED,
	RUN_PREPARING,
	RUN_RUNNING,
	RUN_FINISHING
};

typedef void run_reply_fn(
    struct run *r, const struct err *fail, const struct json *j);

typedef void run_next_fn(struct run *r);

struct run_query_slot {
	struct run *run;
	struct call *call;
	run_reply_fn *done;
};

enum run_query {
	RUN_Q_STATE,
	RUN_Q_TOKEN,
	RUN_Q_ORDERS,
	RUN_Q_ISSUE,
	RUN_Q_COMMENTS,
	RUN_Q_BRANCH,
	RUN_Q_BASE,
	RUN_Q_FINISH,
	RUN_Q_COMMAND,
	RUN_Q_PULL,
	RUN_QUERIES
};

struct jw;
struct run_agent;
struct run_record;

struct run {
	const struct run_env *env;
	run_done_fn *done;
	void *arg;

	int64_t id, project, item, event;
	bool is_pull;
	char full_name[PROJECT_NAME_MAX];
	char command[RUN_NAME_MAX];
	char access[16];
	char network[8];
	char branch[RUN_REF_MAX]; /* "" unless access is write */
	char base[RUN_REF_MAX];
	char base_sha[RUN_REF_MAX];

	/* The order, for the prompt. */
	char *args;
	char *why_asked;
	char *actor;
	struct json *event_data;
	struct json *orders; /* all of them, as in prompt_input */
	bool asking_orders;  /* once cofferd has it as preparing */

	char dir[RUN_DIR_MAX]; /* HOME/runs/ID */
	char token[RUN_TOKEN_MAX];
	struct modelask *asker;
	run_next_fn *after_models; /* once they are revoked */
	struct model_grant models;
	struct model_spent spent;
	char tip[RUN_REF_MAX]; /* of branch when the run began, "" if none */
	char base_tip[RUN_REF_MAX]; /* of base then, "" when not known */
	struct json *issue, *comments;
	int waiting; /* answers that load waits for */

	enum run_state have, want; /* what cofferd has, what it should */
	enum run_phase phase;
	bool begun;
	bool loading; /* no container of it was looked at yet */
	struct shim_watch *watch;
	struct logship *ship;
	struct run_agent *agent;   /* NULL: its output is text for people */
	struct run_record *record; /* NULL: none was begun */
	struct shim_exit exit;     /* of the agent */
	bool agent_ended;
	bool lost;    /* a container of it, by no fault of its own */
	bool foreign; /* beyond its bounds: it is ended */
	run_reply_fn *on_command;
	struct command resolved; /* its name is "": the operator's holds */
	bool cancelled;
	char cancel_why[RUN_WHY_MAX];
	bool prepared_twice;
	/* The agent's container is being made while the clone goes on. */
	bool holding;
	run_next_fn *after_hold; /* what waits for that */
	bool over;               /* the verdict is made */
	bool unreadable;         /* the agent's message */
	bool reporting;          /* result is to be told, once the states are */
	bool reported;
	bool refused;    /* the report: a plain one was told instead */
	const char *end; /* "done" "failed" "cancelled" "timed_out" */
	struct str why;
	struct str message;
	struct str review;      /* comments on lines, as JSON; empty: none */
	char seen[RUN_REF_MAX]; /* the head of the pull request it is about */
	char unfit[RUN_UNFIT_MAX]; /* why its answer is not in its form */
	struct str result;         /* the body of the report */
	int cleaning;
	struct run_query_slot q[RUN_QUERIES];
};

/* run_call.c */
void run_ask(struct run *r, enum run_query which, const char *method,
    const char *path, const char *body, run_reply_fn *done);
void run_requests_init(struct run *r);
void run_requests_release(struct run *r);
/* Bring cofferd's state of the run forward to `state`. */
void run_set_state(struct run *r, enum run_state state);
int run_state_find(const char *name); /* -1: none, or an end */

/* run_orders.c: nothing unless they are to be asked for and may be. */
void run_orders_ask(struct run *r);

/* run_prepare.c: the clone, as a shell's text; all else is in the
 * environment. */
extern const char run_prepare_script[];
/* run_finish.c: what saves the work, and prints the patch. */
extern const char run_finish_script[];

enum {
	RUN_PREPARE_APART = 3 /* its status: a tree that borrows nothing */
};

/* run_container.c */
struct run_container;
struct run_container *run_container_new(
    const struct run *r, enum run_phase phase, struct err *e);
const struct sandbox_spec *run_container_spec(const struct run_container *c);
void run_container_hold(struct run_container *c);
void run_container_free(struct run_container *c); /* NULL is fine */

bool run_may_write(const struct run *r); /* into its tree */

/* run_command.c: what its command means; NULL: there is none. */
const struct command *run_command(const struct run *r);
void run_bounds(const struct run *r, struct agent_bounds *out);
/* Asks whether the repository has it, too; then it is as it was ordered, or
 * next is told why not.  command.md keeps it for the process after this. */
void run_command_ask(struct run *r, run_reply_fn *next);
int run_command_write(const struct run *r, struct err *e);
void run_command_read(struct run *r);

/* run_output.c: the form that its command asks for, once the message is there.
 * What is taken out of it is no part of the message any more. */
void run_output_read(struct run *r);
void run_output_report(const struct run *r, struct jw *w);

/* run_files.c */
bool run_has(const struct run *r, const char *leaf);
int run_files_write(struct run *r, struct err *e);
int run_files_read(struct run *r, struct err *e); /* after a restart */
int run_file_get(const struct run *r, const char *leaf, char *out, size_t max,
    struct err *e);
int run_file_put(const struct run *r, const char *leaf, mode_t mode,
    const struct str *text, struct err *e);

/* run_model.c: its token of the models. */
/* True: an answer of load is on its way. */
bool run_model_ask(struct run *r);
int run_model_read(struct run *r, struct err *e); /* after a restart */
/* End it, learn what it cost, then next: at once when there is none. */
void run_model_end(struct run *r, int64_t wait_ms, run_next_fn *next);
void run_model_release(struct run *r);

/* run_agent.c: its output as its adapter reads it. */
void run_agent_open(struct run *r);
/* False: it is beyond its bounds. */
bool run_agent_feed(struct run *r, struct view bytes);
/* What it did with tools that it must not have is not taken. */
bool run_agent_is_foreign(const struct run *r);
void run_agent_end(struct run *r);
void run_agent_close(struct run *r);
/* NULL: it has no such output. */
const struct agent_report *run_agent_report(const struct run *r);
/* What people see of its output: a file in the run's folder. */
const char *run_log_leaf(const struct run *r);

/* run_record.c: what is kept of it (agentd/record/record.h).  A step is a line
 * of its events. */
void run_step(const struct run *r, const char *kind, const char *name,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void run_record_watch(struct run *r); /* its agent runs: look what it uses */
void run_record_unwatch(struct run *r);
void run_record_mask(const struct run *r); /* its tokens, before they go */
/* Seal it, bring it to cofferd, then next, whatever came of it. */
void run_record_make(struct run *r, run_next_fn *next);
void run_record_tell(const struct run *r, struct str *result);
void run_record_clean(const struct run *r);
void run_record_close(struct run *r);

/* run_facts.c: what stands before it begins. */
int run_facts_write(const struct run *r, struct err *e);
/* The commit that the tree was made of, "" when it is not known. */
void run_facts_start(const struct run *r, char out[RUN_REF_MAX]);

/* run_live.c: what the session shows of the agent at work. */
void run_live_open(struct run *r);
void run_live_close(struct run *r);

/* run_phase.c */
extern const char *const run_phase_names[RUN_PHASES];
void run_phase_dir(
    const struct run *r, enum run_phase phase, char out[RUN_PATH_MAX]);
/* Start it, or follow it if it was started before. */
void run_phase_start(struct run *r, enum run_phase phase);
/*
 * Beside the clone: make the agent's container, which waits.  The file `go` in
 * the run's folder says that it was let go: without it no agent ever ran.
 */
void run_hold_start(struct run *r);
/* End it, still waiting. */
void run_hold_stop(struct run *r);
/* Remove what is left of the current phase, then start it. */
void run_phase_again(struct run *r);
/* End the container that runs, but for the one that saves the work. */
void run_phase_stop(struct run *r);

/* run_result.c */
void run_judge(struct run *r); /* after the last phase */
void run_end(struct run *r, const char *state, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The commit that a branch is at: `which` is RUN_Q_BRANCH or RUN_Q_BASE. */
void run_ask_tip(struct run *r, enum run_query which, run_reply_fn *done);
/* Tell again what an earlier process decided; false: it did not. */
bool run_report_again(struct run *r);
/* Only take away what is left of a run that cofferd knows to be over. */
void run_clean(struct run *r);
/* The states were told: so may the report be. */
void run_report_send(struct run *r);

/* run.c */
void run_arrived(struct run *r, const struct err *fail);
void run_on_phase_exit(struct run *r, const struct shim_exit *x);

#endif
