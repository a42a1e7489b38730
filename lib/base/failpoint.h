/*
 * failpoint: places where a crash test can kill the program.  Compiled in
 * with COFFER_TEST only; COFFER_FAIL="name" in the environment makes that
 * point raise SIGKILL, "name:N" at its Nth pass.  COFFER_FAIL_FILE names a
 * file with the name of a point, which is removed before the SIGKILL: the next
 * start of the program lives.
 */
#ifndef LIB_BASE_FAILPOINT_H
#define LIB_BASE_FAILPOINT_H

#ifdef COFFER_TEST
void failpoint_pass(const char *name);
#define FAIL_POINT(name) failpoint_pass(#name)
/* One of many by a text: "prefix NAME suffix". */
void failpoint_step(const char *prefix, const char *name, const char *suffix);
#define FAIL_STEP(prefix, name, suffix) failpoint_step(prefix, name, suffix)
#else
#define FAIL_STEP(prefix, name, suffix) ((void)0)
#define FAIL_POINT(name) ((void)0)
#endif

#endif
