/* svc_comment: write, change and remove comments. */
#ifndef SERVER_SERVICE_SVC_COMMENT_H
#define SERVER_SERVICE_SVC_COMMENT_H

#include "server/domain/items.h"
#include "server/service/svc.h"

struct svc_comment_create {
	struct svc_op op;
	int64_t project_id;
	int64_t item;
	char *body;
	struct comment comment; /* out */
};
struct svc_comment_create *svc_comment_create_new(
    struct svc *s, const struct identity *who);
void svc_comment_create(
    struct svc_comment_create *op, svc_done_fn *done, void *arg);

struct svc_comment_edit {
	struct svc_op op;
	int64_t project_id;
	int64_t id;
	char *body;             /* NULL: remove it */
	struct comment comment; /* out, of a change */
};
struct svc_comment_edit *svc_comment_edit_new(
    struct svc *s, const struct identity *who);
void svc_comment_edit(
    struct svc_comment_edit *op, svc_done_fn *done, void *arg);

/* In a job: the row and its event. */
struct svc_comment_row {
	int64_t project_id;
	int64_t item;
	const char *body;
	int64_t run_id;
};
int svc_comment_insert(struct txn *t, const struct identity *who, int64_t now,
    const struct svc_comment_row *r, int64_t *id, struct err *e);

#endif
