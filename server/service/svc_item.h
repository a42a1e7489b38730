/*
 * svc_item: what issues and pull requests share in a job: labels, assignees,
 * milestone, deadline, and the traces a change leaves (a row of the timeline,
 * an event).  `i` is the row as it was read, with its labels and assignees;
 * whether `op->who` may do it is the caller's to ask.
 */
#ifndef SERVER_SERVICE_SVC_ITEM_H
#define SERVER_SERVICE_SVC_ITEM_H

#include "server/domain/items.h"
#include "server/service/svc.h"

/*
 * The fields of a body.  Those that need a maintainer are left out, as Gitea
 * does, when op->who is none.  A version that is not the row's: ERR_EXISTS.
 */
int svc_item_apply(struct txn *t, const struct svc_op *op,
    const struct issue *i, const struct item_fields *f, struct err *e);

enum svc_labels_how {
	SVC_LABELS_ADD,
	SVC_LABELS_REPLACE,
	SVC_LABELS_REMOVE
};
/* ERR_INVALID names an id that is no label of the project. */
int svc_item_labels(struct txn *t, const struct svc_op *op,
    const struct issue *i, const int64_t *ids, size_t n,
    enum svc_labels_how how, struct err *e);

enum svc_assignees_how {
	SVC_ASSIGNEES_ADD,
	SVC_ASSIGNEES_REPLACE,
	SVC_ASSIGNEES_REMOVE
};
/* ERR_INVALID names who does not exist or may not see the project. */
int svc_item_assignees(struct txn *t, const struct svc_op *op,
    const struct issue *i, char *const *logins, size_t n,
    enum svc_assignees_how how, struct err *e);

/* A row of the timeline; data NULL: {}. */
int svc_item_note(struct txn *t, const struct svc_op *op, const struct issue *i,
    const char *kind, const struct str *data, struct err *e);
/* An event about the item; data NULL: {}. */
int svc_item_event(struct txn *t, const struct svc_op *op,
    const struct issue *i, const char *kind, const struct str *data,
    struct err *e);

#endif
