/*
 * settings_rule: what a project's settings may be.  The API reads JSON into a
 * struct project_settings; this judges the result.  Pure.
 */
#ifndef SERVER_DOMAIN_SETTINGS_RULE_H
#define SERVER_DOMAIN_SETTINGS_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/domain/types.h"

struct err;

enum {
	SETTINGS_ARGV_MAX = 64,
	SETTINGS_ARG_MAX = 4096,
	SETTINGS_AGENT_MAX = 64
};

/* One number of the settings: its name in the API and its bounds. */
struct settings_number {
	const char *name;
	size_t offset; /* in struct project_settings, an int64_t */
	int64_t min, max;
};
extern const struct settings_number settings_numbers[]; /* ends with NULL */

/* ERR_INVALID that names the field. */
int settings_rule_check(const struct project_settings *s, struct err *e);
int settings_rule_arg(const char *arg, struct err *e);

/* Those that decide what is merged: a project's admins' alone. */
struct settings_gate {
	const char *name; /* in the API */
	int64_t (*get)(const struct project_settings *s);
	bool flag;                      /* it is false or true */
	const char *(*word)(int64_t v); /* it is a word; NULL: it is none */
};
extern const struct settings_gate settings_gates[]; /* ends with NULL */
void settings_rule_keep_gate(
    const struct project_settings *from, struct project_settings *to);
/* The first that differs, NULL: none. */
const struct settings_gate *settings_rule_gate_differs(
    const struct project_settings *a, const struct project_settings *b);

#endif
