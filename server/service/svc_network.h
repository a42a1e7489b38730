/*
 * svc_network: what a project's sandbox may reach, as its maintainers change
 * it: rules, presets, lockdown, the bound of uploads.  Each change is the event
 * network.changed, by which agentd tells the router.  Agents, runs and sessions
 * change nothing.
 */
#ifndef SERVER_SERVICE_SVC_NETWORK_H
#define SERVER_SERVICE_SVC_NETWORK_H

#include "server/domain/net_rule.h"
#include "server/domain/net_seen.h"
#include "server/service/svc.h"

enum {
	SVC_NET_PRESETS_MAX = 200
};

struct svc_net_put {
	struct svc_op op;
	int64_t project_id;
	struct net_rule rule;
	bool force;
	bool spare;
};
struct svc_net_put *svc_net_put_new(struct svc *s, const struct identity *who);
/*
 * One's own rule of the other list and the same pattern goes.  A pattern that
 * lets more out than it looks like is ERR_INVALID without force.  With spare a
 * rule for a time replaces none that is for good or has ports: ERR_EXISTS.
 */
void svc_net_put(struct svc_net_put *op, svc_done_fn *done, void *arg);

/* In a job: a rule to allow, beside those that deny; one that lasts as long is
 * kept.  ERR_EXISTS as with spare. */
int svc_net_allow_row(
    struct txn *t, const struct svc_op *by, struct net_rule *r, struct err *e);

struct svc_net_drop {
	struct svc_op op;
	int64_t project_id;
	int64_t id;
};
struct svc_net_drop *svc_net_drop_new(
    struct svc *s, const struct identity *who);
void svc_net_drop(struct svc_net_drop *op, svc_done_fn *done, void *arg);

struct svc_net_preset {
	struct svc_op op;
	int64_t project_id;
	char name[NET_PRESET_LEN_MAX + 1];
	bool remove, force;
	struct net_rule_list rules; /* its own */
};
struct svc_net_preset *svc_net_preset_new(
    struct svc *s, const struct identity *who);
/* Its rules as the file has them now. */
void svc_net_preset(struct svc_net_preset *op, svc_done_fn *done, void *arg);

struct svc_net_bounds {
	struct svc_op op;
	int64_t project_id;
	bool set_lockdown, lockdown;
	int64_t upload_max; /* -1: as it was */
};
struct svc_net_bounds *svc_net_bounds_new(
    struct svc *s, const struct identity *who);
void svc_net_bounds(struct svc_net_bounds *op, svc_done_fn *done, void *arg);

/* What agentd tells of the routers' log. */
struct svc_net_tell {
	struct svc_op op;
	struct net_seen_list rows; /* its own */
};
struct svc_net_tell *svc_net_tell_new(
    struct svc *s, const struct identity *who);
void svc_net_tell(struct svc_net_tell *op, svc_done_fn *done, void *arg);

/* Names of the presets there are, sorted, owned; how many. */
size_t svc_net_preset_names(
    const struct svc *s, char *names[SVC_NET_PRESETS_MAX]);
/* One preset's file: HOME/egress/NAME.list, else the shipped one. */
int svc_net_preset_read(const struct svc *s, const char *name,
    struct net_rule_list *out, struct err *e);

#endif
