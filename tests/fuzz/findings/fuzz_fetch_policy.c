#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "findings/policy.h"
#include "findings/rule.h"
#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file of the base can neither switch off what is fixed nor lower what the
 * user has locked. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct findings_policy *p = findings_policy_new();
	struct err e = ERR_INIT;
	struct view text = { .p = (const char *)data, .len = size };
	const struct finding_rule *rules;
	size_t n;

	(void)findings_policy_read(
	    p, VIEW_LIT("lock hook\nlock too-large\n"), "user", &e);
	if (findings_policy_read(p, text, "base", &e) == -1 &&
	    strncmp(e.msg, "base:", 5) != 0)
		__builtin_trap();
	rules = finding_rules(&n);
	for (size_t i = 0; i < n; i++) {
		enum finding_severity s = rules[i].severity;
		bool on = findings_policy_weigh(
		    p, &rules[i], rules[i].id, "a/b.c", &s);

		if ((strcmp(rules[i].id, "hook") == 0 ||
			(rules[i].flags & (RULE_FIXED | RULE_KEPT)) != 0) &&
		    (!on || s < rules[i].severity))
			__builtin_trap();
	}
	if (findings_limit(p, FINDINGS_LIMIT_FILE) > 10 << 20)
		__builtin_trap();
	findings_policy_free(p);
	return 0;
}
