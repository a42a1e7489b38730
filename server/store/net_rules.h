/*
 * net_rules: what each project's sandbox may reach: its rules, and what holds
 * beside them.  Rules that have ended are not there.
 */
#ifndef SERVER_STORE_NET_RULES_H
#define SERVER_STORE_NET_RULES_H

#include "server/domain/net_rule.h"

struct err;
struct txn;

/* Those to allow first, by id; the caller releases. */
int net_rules_list(struct txn *t, int64_t project_id, int64_t now,
    struct net_rule_list *out, struct err *e);
int net_rules_get(struct txn *t, int64_t project_id, int64_t id,
    struct net_rule *out, struct err *e);
/*
 * Replaces one of the same list, pattern and preset.  Over NET_RULES_MAX in a
 * list: ERR_INVALID.
 */
int net_rules_put(
    struct txn *t, const struct net_rule *r, int64_t now, struct err *e);
/* What is to be removed; a NULL or a 0 stands for any. */
struct net_rule_filter {
	int64_t id;
	enum net_list list;
	const char *domain;
	const char *preset;
};
/* *n: how many went. */
int net_rules_delete(struct txn *t, int64_t project_id,
    const struct net_rule_filter *f, int64_t *n, struct err *e);

struct net_bounds {
	bool lockdown;      /* as mode none, until it is taken back */
	int64_t upload_max; /* bytes to one name and day; 0: no bound */
};
int net_bounds_get(
    struct txn *t, int64_t project_id, struct net_bounds *out, struct err *e);
int net_bounds_set(struct txn *t, int64_t project_id,
    const struct net_bounds *b, struct err *e);

#endif
