/* run_parts: what the files of this folder do with a run, for each other. */
#ifndef AGENTD_RUN_RUN_PARTS_H
#define AGENTD_RUN_RUN_PARTS_H

#include "agentd/run/run_priv.h"

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

/* run_given.c: what it was given besides its order. */
int run_given_read(struct run *r, const struct json *row, struct err *e);
/* NULL: no adapter is called so. */
const struct agent *run_given_agent(const struct run *r);
const char *run_given_agent_name(const struct run *r);
/* What the adapter plans for: the project, without a program of another one. */
void run_given_project(
    const struct run *r, const struct project *p, struct project *out);
/* {NAME: text}, of the token's reply; NULL is fine. */
int run_given_env(struct run *r, const struct json *env, struct err *e);
int run_given_write(const struct run *r, struct err *e); /* the file `env` */
void run_given_load(struct run *r);                      /* after a restart */
/* Its pairs; they point into *text, which the caller frees. */
size_t run_given_pairs(
    const struct run *r, char **text, struct spec_pair out[RUN_GIVEN_PAIRS]);
void run_given_forget(struct run *r);

/* run_command.c: what its command means; NULL: there is none. */
const struct command *run_command(const struct run *r);
void run_bounds(const struct run *r, struct agent_bounds *out);
/* Asks whether the repository has it, too; then it is as it was ordered, or
 * next is told why not.  command.md keeps it for the process after this. */
void run_command_ask(struct run *r, run_reply_fn *next);
int run_command_write(const struct run *r, struct err *e);
void run_command_read(struct run *r);

/* run_policy.c: the repository's own rules; one that is wrong is told. */
void run_policy_ask(struct run *r, run_reply_fn *next);
int run_policy_write(const struct run *r, struct err *e);

/* run_output.c: the form that its command asks for, once the message is there.
 * What is taken out of it is no part of the message any more. */
void run_output_read(struct run *r);
void run_output_report(const struct run *r, struct jw *w);

/* run_attach.c: the files of the item into task/attachments, then next. */
void run_attach(struct run *r, run_next_fn *next);
void run_attach_free(struct run *r);

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

/* run_keep.c: the CLI's session, from run to run. */
/* Before its agent is made; began: it runs already. */
void run_keep_open(struct run *r, bool began);
void run_keep_close(struct run *r); /* with the verdict */

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
/* Lines: words that neither its record nor its log may have. */
void run_record_secrets(const struct run *r, struct str *out);
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
