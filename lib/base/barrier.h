/*
 * barrier: what a test takes away to see that `coffer prove` notices.  Compiled
 * in with COFFER_TEST only: COFFER_TEST_WITHOUT in the environment names the
 * barriers that do not hold, commas between:
 *   capabilities new-privileges seccomp	of a process in a sandbox
 *   user namespaces network root	of a sandbox
 *   environment			agentd's own gets in
 *   kept				too much is filtered
 *   names				any question is asked for
 */
#ifndef LIB_BASE_BARRIER_H
#define LIB_BASE_BARRIER_H

#include <stdbool.h>

enum {
	BARRIER_ENV_MAX = 3
};

#ifdef COFFER_TEST
bool barrier_is_off(const char *name);
/*
 * What a test has set, "COFFER_TEST_...", for a child whose environment is
 * empty otherwise: at most BARRIER_ENV_MAX from envp on, borrowed of ours.
 */
void barrier_env(const char **envp);
#else
#define barrier_is_off(name) (false)
#define barrier_env(envp) ((void)(envp))
#endif

#endif
