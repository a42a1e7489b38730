/*
 * egress: which names a project may reach, as pure functions.  One normaliser
 * serves DNS questions, SNI, Host headers and the policy itself; rules match
 * label by label.  A policy is built once and does not change; no kernel and
 * no clock: `now` is wall-clock milliseconds.  An end of a rule counts from
 * the first millisecond on.
 */
#ifndef ROUTER_EGRESS_H
#define ROUTER_EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/domain.h"
#include "lib/base/view.h"
#include "router/policy.h"

struct egress_policy;
struct err;
struct str;

enum {
	EGRESS_NAME_MAX = DOMAIN_NAME_MAX,
	EGRESS_RULE_TEXT_MAX = DOMAIN_PATTERN_MAX,
	EGRESS_PORTS_MAX = 16,  /* of one rule */
	EGRESS_RULES_MAX = 512, /* of each list */
	EGRESS_DECIDED_PORTS_MAX = 64
};

/* Names and patterns are those of lib/base/domain. */
int egress_name_parse(
    struct view text, char out[EGRESS_NAME_MAX], struct err *e);
const char *egress_registrable(const char *name);

enum egress_list {
	EGRESS_ALLOW,
	EGRESS_DENY,
	EGRESS_LISTS
};

struct egress_rule {
	char domain[EGRESS_NAME_MAX]; /* "" with below: every name */
	bool below;                   /* "*.domain": below it, not itself */
	size_t n_ports;               /* 0: 80 and 443 */
	uint16_t ports[EGRESS_PORTS_MAX];
	int64_t until_ms; /* 0: for good */
};

/* "name", "*.name" or "*"; sets domain and below, nothing else. */
int egress_rule_domain(struct egress_rule *r, struct view text, struct err *e);
/* Refuses 0 and 53, which is the resolver's; one twice is one. */
int egress_rule_port(struct egress_rule *r, int64_t port, struct err *e);
const char *egress_rule_text(
    const struct egress_rule *r, char out[EGRESS_RULE_TEXT_MAX]);
/* Why a rule lets more out than it looks like, or NULL. */
const char *egress_rule_warning(const struct egress_rule *r);

struct egress_spec {
	enum policy_mode mode;
	bool lockdown;       /* as mode none, until it is taken back */
	uint64_t upload_max; /* bytes to one domain and day; 0: no bound */
};

struct egress_policy *egress_policy_new(const struct egress_spec *spec)
    __attribute__((returns_nonnull));
void egress_policy_free(struct egress_policy *p); /* NULL is fine */
/* The rule is copied; a deny rule has no ports. */
int egress_policy_add(struct egress_policy *p, enum egress_list list,
    const struct egress_rule *r, struct err *e);
size_t egress_policy_count(
    const struct egress_policy *p, enum egress_list list);
/* By index, in the order of adding; NULL at the end. */
const struct egress_rule *egress_policy_rule(
    const struct egress_policy *p, enum egress_list list, size_t i);

const struct egress_spec *egress_policy_spec(const struct egress_policy *p);
/* What is in force: none while locked down. */
enum policy_mode egress_policy_mode(const struct egress_policy *p);
/* When a rule ends next, after now; 0 for never. */
int64_t egress_policy_next_end(const struct egress_policy *p, int64_t now);
bool egress_policy_same(
    const struct egress_policy *a, const struct egress_policy *b);
/*
 * True when something that was allowed by a is not by b: what is live must
 * be looked at.  May be true too often, never too rarely.
 */
bool egress_policy_tightens(
    const struct egress_policy *a, const struct egress_policy *b, int64_t now);

enum egress_answer {
	EGRESS_YES,
	EGRESS_NO_MODE,   /* the mode has no names */
	EGRESS_NO_DENIED, /* by a deny rule, which wins */
	EGRESS_NO_LISTED  /* mode locked, and no rule allows it */
};

struct egress_port {
	uint16_t port;
	int64_t until_ms; /* 0: for good */
};

struct egress_decision {
	enum egress_answer answer;
	/* The rule that decided; "" when none did. */
	char rule[EGRESS_RULE_TEXT_MAX];
	/* With EGRESS_YES in mode locked: the ports, each once. */
	size_t n_ports;
	struct egress_port ports[EGRESS_DECIDED_PORTS_MAX];
};

/* name: as egress_name_parse gives it.  True with EGRESS_YES. */
bool egress_decide(const struct egress_policy *p, const char *name, int64_t now,
    struct egress_decision *out);
/* The same for one port of mode locked; any port in modes web and open. */
bool egress_decide_port(const struct egress_policy *p, const char *name,
    uint16_t port, int64_t now);

#endif
