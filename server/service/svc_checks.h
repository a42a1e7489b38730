/*
 * svc_checks: the checks that a commit of a base branch asks for: those of the
 * project's settings, or of its .coffer/checks.yml.
 */
#ifndef SERVER_SERVICE_SVC_CHECKS_H
#define SERVER_SERVICE_SVC_CHECKS_H

#include "server/domain/checks.h"
#include "server/domain/merge_policy.h"
#include "server/git/git_pool.h"
#include "server/service/svc.h"

struct svc_checks_state {
	enum merge_checks state;
	char error[240]; /* with MERGE_CHECKS_WRONG */
};

/* done as of gitpool_checks. */
void svc_checks_ask(struct svc *s, int64_t project, const char *rev,
    git_done_fn *done, void *arg);
/*
 * Of its result, which did not fail.  *out is the caller's to release; empty
 * unless they are there and right.  A preset that there is not is wrong.
 */
void svc_checks_take(const struct svc *s, const struct git_result *res,
    struct checks *out, struct svc_checks_state *state);

struct net_rule_list;
/* What presets, a JSON list of names, let out as their files are now; one that
 * is gone lets nothing out.  *out is the caller's, empty before. */
void svc_checks_rules(
    const struct svc *s, const char *presets, struct net_rule_list *out);

/* A maintainer gives the project checks of its own, or takes them away. */
struct svc_checks_put {
	struct svc_op op;
	int64_t project_id;
	char *text; /* owned; NULL: the file counts again */
	char *rev;  /* owned; its default branch */
};
struct svc_checks_put *svc_checks_put_new(
    struct svc *s, const struct identity *who);
/* Not right: ERR_INVALID that names the line. */
void svc_checks_put(struct svc_checks_put *op, svc_done_fn *done, void *arg);

#endif
