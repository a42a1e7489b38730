/* run_priv: what the files of this folder share about a run. */
#ifndef AGENTD_RUN_RUN_PRIV_H
#define AGENTD_RUN_RUN_PRIV_H

#include "agentd/agent/agent.h"
#include "agentd/call.h"
#include "agentd/model/modelgate.h"
#include "agentd/run/logship.h"
#include "agentd/run/run.h"
#include "agentd/run/workdir.h"
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
	RUN_NAME_MAX = SLASH_NAME_MAX + 1,
	RUN_AGENT_NAME_MAX = 65,
	RUN_GIVEN_PAIRS = 16,
	RUN_GIVEN_MAX = 4000 /* bytes of the file `env` */
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
	RUN_Q_POLICY,
	RUN_QUERIES
};

struct jw;
struct run_agent;
struct run_attach;
struct run_record;

struct run {
	const struct run_env *env;
	run_done_fn *done;
	void *arg;

	int64_t id, project, item, event;
	bool is_pull; /* item 0: it is about none */
	char full_name[PROJECT_NAME_MAX];
	char command[RUN_NAME_MAX];
	char access[16];
	char network[8];
	char branch[RUN_REF_MAX]; /* "" unless access is write */
	char base[RUN_REF_MAX];
	char base_sha[RUN_REF_MAX];

	/* Given for it alone, by its row and with its token. */
	char agent_name[RUN_AGENT_NAME_MAX]; /* "": the project's */
	int64_t wall_ms, budget;             /* 0: no limit of its own */
	struct str given;                    /* environment, run_given.c */

	/* The order, for the prompt. */
	char *args;
	char *why_asked;
	char *actor;
	struct json *event_data;
	struct json *orders; /* all of them, as in prompt_input */

	char dir[RUN_DIR_MAX]; /* HOME/runs/ID */
	char token[RUN_TOKEN_MAX];
	struct modelask *asker;
	run_next_fn *after_models; /* once they are revoked */
	struct model_grant models;
	struct model_spent spent;
	char keep[WORKDIR_KEEP_MAX + 8]; /* below ws/runs; "": none */
	char session[AGENT_SESSION_MAX]; /* of the CLI, to go on with */
	char tip[RUN_REF_MAX]; /* of branch when the run began, "" if none */
	char base_tip[RUN_REF_MAX]; /* of base then, "" when not known */
	struct json *issue, *comments;
	int waiting; /* answers that load waits for */

	enum run_state have, want; /* what cofferd has, what it should */
	enum run_phase phase;
	int cleaning;
	bool asking_orders; /* once cofferd has it as preparing */
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
	run_reply_fn *on_policy;
	char *own_policy;        /* the repository's rules, NULL: none */
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
	const char *end; /* "done" "failed" "cancelled" "timed_out"
			  * "budget" */
	struct str why;
	struct str message;
	struct run_attach *attach;
	struct json *attached;  /* for the prompt: [{name, file, by, why}] */
	struct str review;      /* comments on lines, as JSON; empty: none */
	char seen[RUN_REF_MAX]; /* the head of the pull request it is about */
	char unfit[RUN_UNFIT_MAX]; /* why its answer is not in its form */
	struct str result;         /* the body of the report */
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

#include "agentd/run/run_parts.h" /* what each file does with it */

#endif
