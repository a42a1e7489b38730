/* policy_rule: the rules of a policy as they were read; for policy*.c alone. */
#ifndef AGENTD_POLICY_POLICY_RULE_H
#define AGENTD_POLICY_POLICY_RULE_H

#include "agentd/policy/policy.h"

enum policy_kind {
	POLICY_KIND_COMMAND,
	POLICY_KIND_PIPE,
	POLICY_KIND_PATH,
	POLICY_KIND_TEXT,
	POLICY_KIND_TOOL,
	POLICY_KIND_DYNAMIC,
	POLICY_KIND_UNPARSED,
	POLICY_KINDS
};

struct policy_rule {
	enum policy_verdict verdict;
	enum policy_kind kind;
	char name[POLICY_NAME_MAX + 1];
	char *words[POLICY_WORDS_MAX];
	size_t n;
	bool more; /* ... at the end */
	char why[POLICY_WHY_MAX + 1];
};

struct policy {
	struct policy_rule *at;
	size_t n;
};

/* `*` any bytes, `?` one, `\*` a star. */
bool policy_glob(const char *pattern, const char *text);
/* One of a|b. */
bool policy_glob_any(const char *patterns, const char *text);
/* Is there a file that a|b fits and that a shell may put for `names`, in which
 * *, ? and [] stand for others? */
bool policy_glob_meets(const char *patterns, const char *names);

#endif
