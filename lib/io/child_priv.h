/*
 * child_priv: the descriptors of a child while it is being started, and the
 * posix_spawn(3) itself.  child.c watches what comes of it.
 */
#ifndef LIB_IO_CHILD_PRIV_H
#define LIB_IO_CHILD_PRIV_H

#include <sys/types.h>

#include "lib/io/child.h"

enum {
	CHILD_FDS_MAX = 64
};

struct child_fds {
	int fd[CHILD_FDS_MAX]; /* becomes 0, 1, 2, 3 ...; all are copies */
	int n;
};

/*
 * Fill f from the spec; our ends of stdin, stdout and stderr go to ours, -1
 * where there is none.  After -1 nothing of ours is open; f is released by
 * the caller in either case.
 */
int child_fds_open(struct child_fds *f, const struct child_spec *spec,
    int ours[3], struct err *e);
void child_fds_release(struct child_fds *f);
int child_fds_spawn(const struct child_fds *f, const struct child_spec *spec,
    pid_t *out, struct err *e);

#endif
