/*
 * role: the processes that the main one starts, as the program itself with
 * another first argument.  Nobody else has reason to.
 */
#ifndef ROUTER_ROLE_H
#define ROUTER_ROLE_H

/* The exit status of a role, -1 when argv is none. */
int role_run(int argc, char **argv);

#endif
