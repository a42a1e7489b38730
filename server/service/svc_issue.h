/* svc_issue: open and change issues. */
#ifndef SERVER_SERVICE_SVC_ISSUE_H
#define SERVER_SERVICE_SVC_ISSUE_H

#include "server/domain/items.h"
#include "server/service/svc.h"

struct svc_issue_create {
	struct svc_op op;
	int64_t project_id;
	char *title;
	char *body;         /* NULL: "" */
	struct issue issue; /* out */
};
struct svc_issue_create *svc_issue_create_new(
    struct svc *s, const struct identity *who);
void svc_issue_create(
    struct svc_issue_create *op, svc_done_fn *done, void *arg);

struct svc_issue_edit {
	struct svc_op op;
	int64_t project_id;
	int64_t number;
	char *title; /* NULL: as it is */
	char *body;
	enum issue_state state; /* 0: as it is */
	struct issue issue;     /* out */
};
struct svc_issue_edit *svc_issue_edit_new(
    struct svc *s, const struct identity *who);
void svc_issue_edit(struct svc_issue_edit *op, svc_done_fn *done, void *arg);

/* In a job: the part of an edit that issues and pull requests share, with its
 * events.  `i` is the row before. */
struct svc_issue_change {
	const char *title;
	const char *body;
	enum issue_state state;
};
int svc_issue_change(struct txn *t, const struct svc_op *op,
    const struct issue *i, const struct svc_issue_change *c, struct err *e);

#endif
