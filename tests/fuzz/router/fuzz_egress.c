#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "router/egress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A normalised name stays itself, and is decided as the one that was asked. */
static void
check_name(const struct egress_policy *p, struct view text)
{
	char name[EGRESS_NAME_MAX], again[EGRESS_NAME_MAX];
	struct egress_decision d;
	struct err e = ERR_INIT;
	const char *reg;

	if (egress_name_parse(text, name, &e) == -1) {
		if (name[0] != '\0')
			abort();
		return;
	}
	if (egress_name_parse(view_of(name), again, &e) == -1 ||
	    strcmp(name, again) != 0)
		abort();
	reg = egress_registrable(name);
	if (reg < name || reg > name + strlen(name) ||
	    (reg > name && reg[-1] != '.'))
		abort();
	if (egress_decide(p, name, 1, &d) &&
	    (d.n_ports == 0 || d.n_ports > EGRESS_DECIDED_PORTS_MAX))
		abort();
}

/* Lines "+rule" and "-rule" are the policy; the rest are names. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct egress_policy *p = egress_policy_new(
	    &(const struct egress_spec){ .mode = POLICY_LOCKED });
	struct view rest = { (const char *)data, size }, line;
	struct err e = ERR_INIT;

	while (size > 0 && view_split(&rest, '\n', &line)) {
		struct egress_rule r = { .until_ms = 0 };
		char text[EGRESS_RULE_TEXT_MAX];

		if (!view_starts(line, "+") && !view_starts(line, "-")) {
			check_name(p, line);
			continue;
		}
		if (egress_rule_domain(&r, view_from(line, 1), &e) == -1)
			continue;
		(void)egress_rule_warning(&r);
		(void)egress_policy_add(
		    p, line.p[0] == '+' ? EGRESS_ALLOW : EGRESS_DENY, &r, &e);
		/* A rule's text is the rule. */
		egress_rule_text(&r, text);
		if (egress_rule_domain(&r, view_of(text), &e) == -1)
			abort();
	}
	if (egress_policy_tightens(p, p, 1) || !egress_policy_same(p, p))
		abort();
	egress_policy_free(p);
	return 0;
}
