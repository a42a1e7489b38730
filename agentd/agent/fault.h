/*
 * fault: why an agent or its model's provider did not do it, as few words that
 * mean a reaction.  Pure.
 */
#ifndef AGENTD_AGENT_FAULT_H
#define AGENTD_AGENT_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

enum agent_fault {
	AGENT_FAULT_NONE,
	AGENT_FAULT_VERSION,  /* not one that the adapter knows */
	AGENT_FAULT_TOOLS,    /* more tools than the policy allows */
	AGENT_FAULT_KEY,      /* 401, 403: the key is refused */
	AGENT_FAULT_BUDGET,   /* no money or limit left: do not try again */
	AGENT_FAULT_RATE,     /* 429: later */
	AGENT_FAULT_OVERLOAD, /* 500, 502, 503, 504, 529: later */
	AGENT_FAULT_MODEL,    /* no such model */
	AGENT_FAULT_CONTEXT,  /* the task is too long for it */
	AGENT_FAULT_TURNS,    /* its own limit of steps */
	AGENT_FAULT_NETWORK,  /* the provider was not reached */
	AGENT_FAULT_OTHER,
	AGENT_FAULTS
};

const char *agent_fault_name(enum agent_fault f); /* "rate" */
const char *agent_fault_text(enum agent_fault f); /* a clause for people */
enum agent_fault agent_fault_of_status(int64_t http);
/* From what a CLI says; AGENT_FAULT_OTHER when no phrase is known. */
enum agent_fault agent_fault_of_text(struct view text);
/* The text when it says something, else the status, 0: none. */
enum agent_fault agent_fault_of(struct view text, int64_t http);

#endif
