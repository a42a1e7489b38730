/*
 * Names of kept refs as a person has them: `kept list` and a sync's report
 * name them as `kept restore` takes them, without refs/coffer/kept/.
 */
#ifndef COFFER_CLI_KEPT_H
#define COFFER_CLI_KEPT_H

#include <string.h>

/* Past the prefix, if ref has it. */
static inline const char *
kept_name(const char *ref)
{
	static const char prefix[] = "refs/coffer/kept/";

	return strncmp(ref, prefix, sizeof(prefix) - 1) == 0
	    ? ref + sizeof(prefix) - 1
	    : ref;
}

#endif
