/*
 * foreground: a program that has the caller's terminal until it ends, such as
 * an editor: same session, same descriptors 0 to 2, no time limit.  Blocks, so
 * no program with a loop that others wait for may use it.
 */
#ifndef LIB_IO_FOREGROUND_H
#define LIB_IO_FOREGROUND_H

struct err;

/* argv[0] is an absolute path; *status is the exit status, 128 + a signal. */
int foreground_run(const char *const *argv, const char *const *envp,
    int *status, struct err *e);

#endif
