/*
 * program: other programs run to their end, one at a time: cofferd's --init,
 * teardowns, git.  argv only, a complete environment, output kept up to a
 * limit.
 */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"

struct cli;
struct err;

/*
 * One of ours: beside the running coffer, then in PATH.  Others: PATH only.
 * Absolute; free(3).
 */
char *program_find_own(const char *name, struct err *e);
char *program_find(const char *name, struct err *e);

/* What our own programs inherit; NULL-terminated, program_env_free. */
char **program_env(void) __attribute__((returns_nonnull));
void program_env_free(char **env);

struct program_spec {
	const char *const *argv;
	const char *const *envp; /* NULL: program_env() */
	const char *cwd;         /* NULL: / */
	struct view in;
	size_t max_output; /* of each stream, default 64 KiB */
	int64_t limit_ms;  /* 0: none */
	bool show_err;     /* stderr goes to ours */
	/* ^C and its like end the program, what it began is cleaned up by the
	 * caller, whom an error tells, and then coffer ends by the signal. */
	bool stoppable;
};

struct program_result {
	int code; /* exit status, 128 + signal */
	bool timed_out, truncated;
	struct str out, err;
};

#define PROGRAM_RESULT_INIT \
	((struct program_result){ .out = STR_INIT, .err = STR_INIT })
void program_result_release(struct program_result *r);

struct child;
struct program_stop;
/* For a child that is started otherwise, about loop_run: see `stoppable`. */
struct program_stop *program_stop_begin(struct cli *c, struct child *child);
/* 0, or -1 when one of the signals came.  NULL is fine. */
int program_stop_end(struct program_stop *s, struct err *e);

/* -1 only when it could not be run or timed out; else look at r->code. */
int program_run(struct cli *c, const struct program_spec *spec,
    struct program_result *r, struct err *e);
/* The same, and a status other than 0 is an error with its last line. */
int program_check(struct cli *c, const struct program_spec *spec,
    struct program_result *r, struct err *e);

#endif
