/*
 * svc_protect: the branch protections of a repository, for its admins; and what
 * they say of one branch to whoever looks at it.
 */
#ifndef SERVER_SERVICE_SVC_PROTECT_H
#define SERVER_SERVICE_SVC_PROTECT_H

#include "server/domain/protect_rule.h"
#include "server/service/svc.h"

struct pull;

struct svc_names {
	char **at; /* owned */
	size_t n;
	bool given;
};
void svc_names_add(struct svc_names *l, const char *s);

/* Makes or changes a rule: what is not given stays, or is off. */
struct svc_protect_put {
	struct svc_op op;
	int64_t project_id;
	char *name;
	bool create;
	uint64_t flags;
	uint64_t flags_given;
	int64_t approvals; /* -1: not given */
	int64_t priority;
	struct svc_names people[PROTECT_PEOPLE]; /* logins */
	struct svc_names contexts;
	char *files; /* NULL: not given */
	char *open_files;
	struct protect_rule was;
	struct protect_rule rule; /* out */
};
struct svc_protect_put *svc_protect_put_new(
    struct svc *s, const struct identity *who);
/* A name that is taken: ERR_EXISTS; an unknown user: ERR_INVALID. */
void svc_protect_put(struct svc_protect_put *op, svc_done_fn *done, void *arg);

struct svc_protect_delete {
	struct svc_op op;
	int64_t project_id;
	char *name;
};
struct svc_protect_delete *svc_protect_delete_new(
    struct svc *s, const struct identity *who);
void svc_protect_delete(
    struct svc_protect_delete *op, svc_done_fn *done, void *arg);

/* The rules of these ids come first, in this order. */
struct svc_protect_order {
	struct svc_op op;
	int64_t project_id;
	int64_t ids[PROTECT_RULES_MAX];
	size_t n;
};
struct svc_protect_order *svc_protect_order_new(
    struct svc *s, const struct identity *who);
void svc_protect_order(
    struct svc_protect_order *op, svc_done_fn *done, void *arg);

/* What a branch shows of its protection.  `rules` and `p` outlive it. */
struct svc_branch_view {
	bool protected;                  /* also by the server's own rule */
	const struct protect_rule *rule; /* NULL: none matches */
	int64_t approvals;
	bool may_push;
	bool may_merge;
};
struct svc_branch_ask {
	const struct protect_list *rules;
	const struct project *project;
	const struct identity *who;
	enum role role;
	bool upstream; /* upstream has it */
};
void svc_branch_view(const struct svc_branch_ask *a, const char *branch,
    struct svc_branch_view *out);

/* In a job: the head of a pull request moved, its approvals may be of no use
 * any more. */
int svc_protect_head_moved(struct txn *t, const struct pull *p,
    const char *head_sha, int64_t now, struct err *e);
/* The same when its base became another branch. */
int svc_protect_retargeted(struct txn *t, const struct pull *p,
    const char *base, int64_t now, struct err *e);

#endif
