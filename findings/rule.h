/*
 * rule: the table of what the checks can find: id, weight, what it is and what
 * to do about it.  Messages, `coffer fetch rules`, SARIF and docs/fetch.md are
 * all made from it.
 */
#ifndef FINDINGS_RULE_H
#define FINDINGS_RULE_H

#include <stddef.h>

#include "findings/finding.h"

enum {
	/* Neither a policy nor --allow lets it pass: nothing was looked at. */
	RULE_FIXED = 1,
	/* A policy may not make it lighter; --allow may let it pass. */
	RULE_KEPT = 2,
	/* Its place is never quoted: the evidence would be a leak. */
	RULE_SILENT = 4
};

struct finding_rule {
	const char *id;
	enum finding_severity severity;
	unsigned flags;
	const char *title;
	const char *todo;
};

/* Sorted by id. */
const struct finding_rule *finding_rules(size_t *n)
    __attribute__((returns_nonnull));
/* NULL: there is no such rule. */
const struct finding_rule *finding_rule_get(const char *id);

#endif
