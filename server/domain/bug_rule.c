#include "server/domain/bug_rule.h"

#include <string.h>

#include "server/domain/job_rule.h"

static bool
bug_rule_says(struct view tail, const char *words)
{
	size_t n = strlen(words);

	return tail.len >= n && memmem(tail.p, tail.len, words, n) != NULL;
}

/* How test programs say that they had nothing to run. */
static const struct {
	const char *says;
	const char *why;
} bug_rule_signs[] = {
	{ "ERROR collecting", "the tests could not be collected" },
	{ "errors during collection", "the tests could not be collected" },
	{ "error during collection", "the tests could not be collected" },
	{ "ImportError while importing test module",
	    "the tests could not be collected" },
	{ "ImportError: Failed to import test module",
	    "the tests could not be collected" },
	{ "ERROR: file or directory not found", "a file is missing" },
	{ "No such file", "a file is missing" },
	{ "can't open file", "a file is missing" },
	{ "Cannot find module", "a module is missing" },
	{ "ModuleNotFoundError", "a module is missing" },
	{ "cannot load such file", "a file is missing" },
	{ "No rule to make target", "make knows no such target" },
	{ "Test suite failed to run", "the tests could not be loaded" },
	{ "[build failed]", "it does not build" },
	{ "[setup failed]", "it does not build" },
	{ "error: could not compile", "it does not build" },
	{ "no test files", "there was no test to run" },
	{ "no tests ran", "there was no test to run" },
	{ "Ran 0 tests", "there was no test to run" },
	{ "No tests found", "there was no test to run" },
};

const char *
bug_rule_invalid(const struct bug_side *side, const char *command)
{
	if (side->state == JOB_PASSED)
		return NULL;
	if (side->state != JOB_FAILED)
		return job_rule_text(side->state);
	if (side->has_exit && side->exit_code == 126)
		return "the command could not be executed (exit status 126)";
	if (side->has_exit && side->exit_code == 127)
		return "the command was not found (exit status 127)";
	/* Of pytest 1 alone is a failed test. */
	if (side->has_exit && side->exit_code >= 2 && side->exit_code <= 5 &&
	    strstr(command, "pytest") != NULL)
		return "pytest ran no test to its end";
	for (size_t i = 0;
	     i < sizeof(bug_rule_signs) / sizeof(bug_rule_signs[0]); i++)
		if (bug_rule_says(side->tail, bug_rule_signs[i].says))
			return bug_rule_signs[i].why;
	return NULL;
}

enum bug_verdict
bug_rule_decide(const struct bug_side *base, const struct bug_side *head,
    const char *command, const char **why)
{
	*why = bug_rule_invalid(base, command);
	if (*why != NULL)
		return BUG_INVALID;
	if (base->state == JOB_PASSED) {
		*why = "the base passes it";
		return BUG_NOT_REPRODUCED;
	}
	if (head->state == JOB_PASSED) {
		*why = "it fails on the base and passes on the head";
		return BUG_FIXED;
	}
	*why = job_rule_text(head->state);
	return head->state == JOB_FAILED || head->state == JOB_SETUP_FAILED ||
		head->state == JOB_TIMED_OUT || head->state == JOB_OUT_OF_MEMORY
	    ? BUG_NOT_FIXED
	    : BUG_INVALID;
}
