/* svc_issue: open, change and remove issues; and what is done to issues and
 * pull requests alike. */
#ifndef SERVER_SERVICE_SVC_ISSUE_H
#define SERVER_SERVICE_SVC_ISSUE_H

#include "server/domain/items.h"
#include "server/service/svc.h"

struct svc_issue_create {
	struct svc_op op;
	int64_t project_id;
	char *title;
	char *body; /* NULL: "" */
	bool closed;
	struct item_fields fields;
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
	struct item_fields fields;
	struct issue issue; /* out */
};
struct svc_issue_edit *svc_issue_edit_new(
    struct svc *s, const struct identity *who);
void svc_issue_edit(struct svc_issue_edit *op, svc_done_fn *done, void *arg);

/* One act on an issue or pull request; all need a maintainer, SVC_ITEM_DELETE
 * an admin, and it is for issues alone. */
enum svc_item_act {
	SVC_ITEM_LABELS,  /* labels, named, labels_how */
	SVC_ITEM_UNLABEL, /* labels[0], that must exist */
	SVC_ITEM_ASSIGN,  /* fields.assignees */
	SVC_ITEM_UNASSIGN,
	SVC_ITEM_LOCK, /* text: the reason */
	SVC_ITEM_UNLOCK,
	SVC_ITEM_PIN, /* ERR_LIMIT: ITEM_PINS_MAX are */
	SVC_ITEM_UNPIN,
	SVC_ITEM_MOVE, /* of a pin, to `place` from 1 */
	SVC_ITEM_DELETE
};
struct svc_item {
	struct svc_op op;
	enum svc_item_act act;
	int64_t project_id;
	int64_t number;
	struct item_fields fields;
	char *named[ITEM_LABELS_MAX]; /* labels by name */
	size_t n_named;
	int labels_how; /* enum svc_labels_how */
	int64_t place;
	char *text;
	struct issue issue; /* out */
};
struct svc_item *svc_item_new(struct svc *s, const struct identity *who);
void svc_item(struct svc_item *op, svc_done_fn *done, void *arg);

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
