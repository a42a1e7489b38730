/*
 * git_pipe: a git child between two byte streams, with bounded buffers and
 * backpressure both ways.  While `hold` is on (the request's body is still
 * arriving and no reply can be sent) the child's output is taken all the same,
 * first into memory, then into an unlinked file, so that it never blocks.
 *
 * on_event comes from the loop whenever something may have changed; the owner
 * then looks.  It never comes from inside a function below.
 */
#ifndef SERVER_GIT_GIT_PIPE_H
#define SERVER_GIT_GIT_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/io/loop.h"

struct err;
struct git_pipe;

enum {
	GIT_PIPE_MEMORY = 1 << 20,
	GIT_PIPE_SPOOL_MAX = 256 << 20,
	GIT_PIPE_END = -1,   /* of gitpipe_read: all is read, the child ended */
	GIT_PIPE_FAILED = -2 /* the output is not whole */
};

struct git_pipe_spec {
	const char *const *argv;
	const char *const *envp;
	const char *tmp; /* folder for the spool; borrowed */
	bool hold;
	int64_t limit_ms;
	uint64_t max_data; /* bytes of memory of git and its children, 0: any */
	void (*on_event)(void *arg);
	void *arg;
};

struct git_pipe *gitpipe_start(
    struct loop *l, const struct git_pipe_spec *spec, struct err *e);
/* Kills what runs; no on_event afterwards.  NULL is fine. */
void gitpipe_free(struct git_pipe *p);

/* Takes as much as there is room for; on_event when there is room again. */
size_t gitpipe_write(struct git_pipe *p, const void *data, size_t n);
void gitpipe_finish(struct git_pipe *p);  /* no more input */
void gitpipe_release(struct git_pipe *p); /* hold ends */
/* The reader is gone: what comes is thrown away; before the end of the input
 * the child is asked to end. */
void gitpipe_abandon(struct git_pipe *p);
/* Nobody wants the answer: the child is asked to end, wherever it is. */
void gitpipe_kill(struct git_pipe *p);

/* > 0 bytes, 0 nothing now, GIT_PIPE_END, GIT_PIPE_FAILED. */
long gitpipe_read(struct git_pipe *p, void *buf, size_t max);

bool gitpipe_ready(const struct git_pipe *p);   /* there is output to read */
bool gitpipe_blocked(const struct git_pipe *p); /* a write waits for room */

bool gitpipe_exited(const struct git_pipe *p);
bool gitpipe_timed_out(const struct git_pipe *p);
bool gitpipe_was_killed(const struct git_pipe *p); /* ended by a signal */
/* Of an exited child: 0, or -1 with what its last line said. */
int gitpipe_check(const struct git_pipe *p, const char *what, struct err *e);

#endif
