/*
 * barrier: what a test takes away to see that `coffer prove` notices.  Compiled
 * in with COFFER_TEST only: COFFER_TEST_WITHOUT in the environment names the
 * barriers that sandboxes are made without, commas between.
 */
#ifndef AGENTD_SANDBOX_BARRIER_H
#define AGENTD_SANDBOX_BARRIER_H

#include <stdbool.h>

#ifdef COFFER_TEST
bool barrier_is_off(const char *name);
#else
#define barrier_is_off(name) (false)
#endif

#endif
