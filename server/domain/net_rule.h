/*
 * net_rule: one line of what a project's sandbox may reach, or may not: a
 * domain pattern with ports and an end; and presets, which are lists of such
 * lines in files.  Pure; times are ms since 1970.
 */
#ifndef SERVER_DOMAIN_NET_RULE_H
#define SERVER_DOMAIN_NET_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/domain.h"
#include "lib/base/view.h"
#include "server/domain/types.h"

struct err;
struct str;

enum net_list {
	NET_ALLOW = 1,
	NET_DENY
};

enum {
	NET_RULES_MAX = 512, /* of each list, as the router takes them */
	NET_PORTS_MAX = 16,  /* of one rule */
	NET_PRESET_LEN_MAX = 32,
	NET_PRESET_BYTES_MAX = 64 << 10
};

struct net_rule {
	int64_t id;
	int64_t project_id;
	enum net_list list;
	char domain[DOMAIN_PATTERN_MAX]; /* normalised */
	size_t n_ports;                  /* 0: 80 and 443 */
	uint16_t ports[NET_PORTS_MAX];
	int64_t until;                       /* 0: for good */
	char preset[NET_PRESET_LEN_MAX + 1]; /* "": somebody's own */
	int64_t by_id;
	char by[NAME_LEN_MAX + 1]; /* login */
	int64_t created_at;
};

struct net_rule_list {
	struct net_rule *at;
	size_t n;
};
void net_rule_list_release(struct net_rule_list *l);

const char *net_list_name(enum net_list v);
int net_list_parse(const char *s);

/* ERR_INVALID when the router would not take it. */
int net_rule_set_domain(struct net_rule *r, struct view pattern, struct err *e);
int net_rule_add_port(struct net_rule *r, int64_t port, struct err *e);
/* Why it lets more out than it looks like, or NULL. */
const char *net_rule_warning(const struct net_rule *r);

/* "22,443", and back; "" for none. */
void net_rule_ports_text(const struct net_rule *r, struct str *out);
int net_rule_read_ports(struct net_rule *r, struct view text, struct err *e);

/* Small letters, digits and '-'; so no path. */
bool net_preset_name_ok(const char *name);
/*
 * A preset's file: a pattern a line with its ports behind it, '#' begins a
 * remark.  The error names the line.  *out is the caller's, also empty.
 */
int net_preset_parse(
    struct view text, struct net_rule_list *out, struct err *e);

#endif
