/*
 * child: run one program under the event loop, by posix_spawn(3).
 *
 * on_exit runs exactly once, from the loop, after the process has been reaped
 * AND its collected output has reached end of file, whichever is last.  The
 * child leads a session and process group of its own; child_kill and the time
 * limit reach the whole group.  The environment is never inherited.
 */
#ifndef LIB_IO_CHILD_H
#define LIB_IO_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/io/loop.h"

struct child;
struct err;

enum child_io {
	CHILD_NULL,    /* /dev/null */
	CHILD_COLLECT, /* stdout, stderr: kept, at most max_output bytes */
	CHILD_PIPE, /* our end by child_take_*; non-blocking on our side only */
	CHILD_FD,   /* the descriptor in *_fd, borrowed */
	CHILD_BYTES, /* stdin only: in_bytes, copied */
	CHILD_MERGE  /* stderr only: where stdout goes */
};

struct child_exit {
	int status; /* as from waitpid(2) */
	bool timed_out;
	bool truncated;
	const char *out; /* NUL-terminated, valid during on_exit */
	size_t outlen;
	const char *err;
	size_t errlen;
};

typedef void child_exit_fn(const struct child_exit *x, void *arg);

struct child_spec {
	const char *const *argv; /* argv[0] is an absolute path */
	const char *const *envp; /* complete environment */
	const char *cwd;         /* NULL: / */
	enum child_io in, out, err;
	int in_fd, out_fd, err_fd; /* for CHILD_FD */
	const void *in_bytes;
	size_t in_len;
	const int *pass_fds; /* become 3, 4, ... in the child; borrowed */
	int n_pass_fds;
	size_t max_output; /* of each collected stream; default 64 KiB */
	int64_t limit_ms;  /* 0: none; then SIGTERM, 5 s later SIGKILL */
	/* RLIMIT_DATA of it and of what it starts, 0: none.  Set right after
	 * the start, so before it has read a byte of ours. */
	uint64_t max_data;
	child_exit_fn *on_exit;
	void *arg;
};

/* On success the child belongs to the loop and frees itself after on_exit. */
int child_start(struct loop *l, const struct child_spec *spec,
    struct child **out, struct err *e);
pid_t child_pid(const struct child *c);
/* -1 when it is not CHILD_PIPE or was taken.  The caller owns it then. */
int child_take_in(struct child *c);
int child_take_out(struct child *c);
int child_take_err(struct child *c);
void child_kill(struct child *c, int sig);
/* SIGKILL, and no on_exit: for an owner that ends before the child does. */
void child_forget(struct child *c);

/*
 * "exit 3: last line of stderr" or "killed by signal 9" as an error, or 0 when
 * the child ended with status 0.
 */
int child_check(const struct child_exit *x, const char *what, struct err *e);

#endif
