/*
 * svc_look: what the deterministic checks find in an open pull request: the
 * difference of its base and of what the merge would leave.  One is looked at
 * a time, so that merges do not wait behind it, each once for a head and base.
 */
#ifndef SERVER_SERVICE_SVC_LOOK_H
#define SERVER_SERVICE_SVC_LOOK_H

#include "server/domain/look.h"
#include "server/service/svc.h"

struct pull;

struct svc_looks;

struct svc_looks *svc_looks_new(struct svc *s);
void svc_looks_free(struct svc_looks *l);            /* NULL is fine */
size_t svc_looks_waiting(const struct svc_looks *l); /* and the one of now */

/* Do the rows tell of the head and base that it has now, be it that they could
 * not be looked at a short time ago? */
bool svc_look_is_known(struct txn *t, const struct pull *p, int64_t now);
/* What was found, and whose dismissals count now. */
int svc_look_list(
    struct txn *t, const struct pull *p, struct look_list *out, struct err *e);
/* Looks at it, unless the rows have it; done (may be NULL) comes once, later,
 * also when it could not be looked at, which the rows say. */
typedef void svc_look_done_fn(void *arg);
void svc_look(struct svc *s, int64_t project, int64_t number,
    svc_look_done_fn *done, void *arg);

/* A maintainer who wrote no part of it lets one finding pass, with a reason.
 * ERR_NOTFOUND, ERR_DENIED, ERR_INVALID; ERR_EXISTS: dismissed already. */
struct svc_look_dismiss {
	struct svc_op op;
	int64_t project_id;
	int64_t item;
	int64_t finding;
	char *reason;
	struct look_list found; /* out: it alone */
};
struct svc_look_dismiss *svc_look_dismiss_new(
    struct svc *s, const struct identity *who);
void svc_look_dismiss(
    struct svc_look_dismiss *op, svc_done_fn *done, void *arg);

#endif
