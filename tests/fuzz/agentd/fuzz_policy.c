#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/policy/policy.h"
#include "agentd/policy/shell.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Properties: rules that were read are written so that they are read again; a
 * list of commands is within its bounds; no rule at all allows no command. */
static void
fuzz_policy_line(struct policy *p, struct view line)
{
	struct policy_answer a;
	struct err e = ERR_INIT;
	struct shell s;
	bool words = false;

	policy_command(p, line, "/work/tree", &a);
	if (a.verdict == POLICY_NONE)
		abort();
	if (shell_parse(line, &s, &e) == -1)
		return;
	if (s.n > SHELL_COMMANDS_MAX || s.n_words > SHELL_WORDS_MAX)
		abort();
	for (size_t i = 0; i < s.n; i++)
		for (size_t k = 0; k < s.at[i].n; k++)
			words = words || !s.at[i].words[k].beside;
	shell_release(&s);
	if (policy_count(p) == 0 && words && a.verdict == POLICY_ALLOW)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view all = { .p = (const char *)data, .len = size };
	struct view rules, line = all;
	struct policy *p = policy_new(), *q = policy_new();
	struct str text = STR_INIT;
	struct err e = ERR_INIT;

	/* The rules, a form feed, the command. */
	if (size > 0 && view_split(&line, '\f', &rules) && line.p != NULL &&
	    policy_add(p, rules, POLICY_OPERATOR, &e) == 0) {
		policy_write(p, &text);
		if (policy_add(q, str_view(&text), POLICY_OPERATOR, &e) == -1 ||
		    policy_count(p) != policy_count(q))
			abort();
		fuzz_policy_line(p, line);
	}
	policy_free(q);
	q = policy_new();
	fuzz_policy_line(q, all);
	policy_free(p);
	policy_free(q);
	str_release(&text);
	return 0;
}
