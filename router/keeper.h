/*
 * keeper: starts one role again whenever it ends.  It is started as root where
 * the role must live, in the host's namespace or with a group of its own,
 * gives that up for good, and lasts as long as the main process.
 */
#ifndef ROUTER_KEEPER_H
#define ROUTER_KEEPER_H

#include <sys/types.h>

enum {
	KEEPER_FD = 3, /* the first of what it passes on; 0 is a pipe of main */
	KEEPER_FDS_MAX = 8
};

struct keeper_spec {
	uid_t uid;
	gid_t gid;
	int fds;     /* descriptors from KEEPER_FD on */
	char **argv; /* the role and its arguments, NULL at the end */
};

/* Returns the exit status. */
int keeper_main(const struct keeper_spec *spec);

#endif
