/*
 * failpoint: places where a crash test can kill the program.  Compiled in
 * with COFFER_TEST only; COFFER_FAIL="name" in the environment makes that
 * point raise SIGKILL, "name:N" at its Nth pass.
 */
#ifndef LIB_BASE_FAILPOINT_H
#define LIB_BASE_FAILPOINT_H

#ifdef COFFER_TEST
void failpoint_pass(const char *name);
#define FAIL_POINT(name) failpoint_pass(#name)
#else
#define FAIL_POINT(name) ((void)0)
#endif

#endif
