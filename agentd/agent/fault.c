#include "agentd/agent/fault.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum {
	AGENT_FAULT_TEXT_MAX = 2 << 10
};

static const struct {
	const char *name, *text;
} agent_faults[AGENT_FAULTS] = {
	[AGENT_FAULT_NONE] = { "none", "nothing is wrong" },
	[AGENT_FAULT_VERSION] = { "version",
	    "the program is not there or of a version that is not known" },
	[AGENT_FAULT_TOOLS] = { "tools",
	    "the agent has a tool that this run does not allow" },
	[AGENT_FAULT_KEY] = { "key", "the model's provider refuses the key" },
	[AGENT_FAULT_BUDGET] = { "budget", "the budget is used up" },
	[AGENT_FAULT_RATE] = { "rate",
	    "the model's provider takes no more requests for now" },
	[AGENT_FAULT_OVERLOAD] = { "overload",
	    "the model's provider does not work" },
	[AGENT_FAULT_MODEL] = { "model", "the provider has no such model" },
	[AGENT_FAULT_CONTEXT] = { "context",
	    "the task became too long for the model" },
	[AGENT_FAULT_TURNS] = { "turns", "the agent took all of its steps" },
	[AGENT_FAULT_NETWORK] = { "network",
	    "the model's provider was not reached" },
	[AGENT_FAULT_OTHER] = { "other", "the agent gave up" },
};

const char *
agent_fault_name(enum agent_fault f)
{
	return agent_faults[f].name;
}

const char *
agent_fault_text(enum agent_fault f)
{
	return agent_faults[f].text;
}

enum agent_fault
agent_fault_of_status(int64_t http)
{
	static const struct {
		int64_t status;
		enum agent_fault fault;
	} rows[] = {
		{ 401, AGENT_FAULT_KEY },
		{ 402, AGENT_FAULT_BUDGET },
		{ 403, AGENT_FAULT_KEY },
		{ 404, AGENT_FAULT_MODEL },
		{ 413, AGENT_FAULT_CONTEXT },
		{ 429, AGENT_FAULT_RATE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].status == http)
			return rows[i].fault;
	}
	return http >= 500 && http <= 599 ? AGENT_FAULT_OVERLOAD
					  : AGENT_FAULT_OTHER;
}

static bool
agent_fault_has(struct view text, const char *phrase)
{
	size_t n = strlen(phrase);

	for (size_t i = 0; i + n <= text.len; i++) {
		if (strncasecmp(text.p + i, phrase, n) == 0)
			return true;
	}
	return false;
}

/* The first row that is found; the terminal ones come first.  A text that
 * names an error does so at its beginning. */
enum agent_fault
agent_fault_of_text(struct view text)
{
	static const struct {
		const char *phrase;
		enum agent_fault fault;
	} rows[] = {
		{ "budget", AGENT_FAULT_BUDGET },
		{ "insufficient_quota", AGENT_FAULT_BUDGET },
		{ "credit balance", AGENT_FAULT_BUDGET },
		{ "spend_limit", AGENT_FAULT_BUDGET },
		{ "402 payment", AGENT_FAULT_BUDGET },
		{ "context length", AGENT_FAULT_CONTEXT },
		{ "context_length", AGENT_FAULT_CONTEXT },
		{ "context window", AGENT_FAULT_CONTEXT },
		{ "context limit", AGENT_FAULT_CONTEXT },
		{ "prompt is too long", AGENT_FAULT_CONTEXT },
		{ "ran out of room", AGENT_FAULT_CONTEXT },
		{ "invalid_api_key", AGENT_FAULT_KEY },
		{ "authentication", AGENT_FAULT_KEY },
		{ "unauthorized", AGENT_FAULT_KEY },
		{ "forbidden", AGENT_FAULT_KEY },
		{ "not logged in", AGENT_FAULT_KEY },
		{ "rate limit", AGENT_FAULT_RATE },
		{ "rate_limit", AGENT_FAULT_RATE },
		{ "too many requests", AGENT_FAULT_RATE },
		{ "overloaded", AGENT_FAULT_OVERLOAD },
		{ "server error", AGENT_FAULT_OVERLOAD },
		{ "high demand", AGENT_FAULT_OVERLOAD },
		{ "bad gateway", AGENT_FAULT_OVERLOAD },
		{ "service unavailable", AGENT_FAULT_OVERLOAD },
		{ "connection refused", AGENT_FAULT_NETWORK },
		{ "connection error", AGENT_FAULT_NETWORK },
		{ "unable to connect", AGENT_FAULT_NETWORK },
		{ "failed to connect", AGENT_FAULT_NETWORK },
		{ "error sending request", AGENT_FAULT_NETWORK },
		{ "model not found", AGENT_FAULT_MODEL },
		{ "model_not_found", AGENT_FAULT_MODEL },
		{ "maximum number of", AGENT_FAULT_TURNS },
	};

	if (text.len > AGENT_FAULT_TEXT_MAX)
		text.len = AGENT_FAULT_TEXT_MAX;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (agent_fault_has(text, rows[i].phrase))
			return rows[i].fault;
	}
	return AGENT_FAULT_OTHER;
}

enum agent_fault
agent_fault_of(struct view text, int64_t http)
{
	enum agent_fault f = agent_fault_of_text(text);

	return f == AGENT_FAULT_OTHER && http > 0 ? agent_fault_of_status(http)
						  : f;
}
