/*
 * seq: a few steps one after another on the loop, with rollback: the machine
 * under everything of this room that needs more than one program.  A step that
 * fails makes the undo of every completed step run, last first; then `done`
 * comes with the first error.  Failures of an undo are logged.
 */
#ifndef AGENTD_SANDBOX_SEQ_H
#define AGENTD_SANDBOX_SEQ_H

#include <stddef.h>

#include "agentd/sandbox/host.h"
#include "lib/base/view.h"

struct err;
struct seq;

enum {
	SEQ_DONE = 0, /* the step is complete */
	SEQ_WAIT = 1  /* seq_resume (or the command) will tell */
};

/* -1 with e, SEQ_DONE or SEQ_WAIT. */
typedef int seq_fn(struct seq *s, void *ctx, struct err *e);

struct seq_step {
	const char *name; /* "make the namespace": context of its error */
	seq_fn *run;
	seq_fn *undo; /* may be NULL */
};

struct seq_spec {
	struct loop *loop;
	const struct seq_step *steps; /* constant */
	size_t n;
	void *ctx;
	void (*release)(void *ctx); /* after done; may be NULL */
	sandbox_done_fn *done;
	void *arg;
};

void seq_start(const struct seq_spec *spec);
/* The end of a step that waits; fits sandbox_done_fn with arg = the seq. */
void seq_resume(const struct err *e, void *seq);
/* A step that runs a program: return seq_cmd(...) from the step.  `in` goes to
 * its stdin.  `lenient`: any exit status is fine. */
int seq_cmd(struct seq *s, const char *const *argv, struct view in,
    bool lenient, struct err *e);
/* The same with descriptors that become 3, 4, ... of the program. */
int seq_cmd_fds(struct seq *s, const char *const *argv, const int *fds, int n,
    struct err *e);
/* Exit status of the last command, for the step after a lenient one; 128 and
 * more for a signal. */
int seq_status(const struct seq *s);
struct loop *seq_loop(const struct seq *s);

/* One program to its end, outside a sequence. */
void seq_program(struct loop *l, const char *const *argv, bool lenient,
    sandbox_done_fn *done, void *arg);

#endif
