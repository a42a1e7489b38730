/* svc_comment: write, change and remove comments. */
#ifndef SERVER_SERVICE_SVC_COMMENT_H
#define SERVER_SERVICE_SVC_COMMENT_H

#include "server/domain/items.h"
#include "server/service/svc.h"
#include "server/service/svc_word.h"
#include "server/store/words_target.h"

struct svc_comment_create {
	struct svc_op op;
	int64_t project_id;
	int64_t item;
	char *body;
	struct comment comment; /* out */
	enum svc_word word;     /* what it did besides */
};
struct svc_comment_create *svc_comment_create_new(
    struct svc *s, const struct identity *who);
void svc_comment_create(
    struct svc_comment_create *op, svc_done_fn *done, void *arg);

/* By its author or an admin; what it was is kept as a revision. */
struct svc_comment_edit {
	struct svc_op op;
	int64_t project_id;
	int64_t item; /* it must be on that one; 0: any */
	int64_t id;
	char *body;    /* NULL: remove it */
	bool set_seen; /* only while it was changed last at `seen` */
	int64_t seen;
	struct comment comment; /* out, of a change */
};
struct svc_comment_edit *svc_comment_edit_new(
    struct svc *s, const struct identity *who);
void svc_comment_edit(
    struct svc_comment_edit *op, svc_done_fn *done, void *arg);

/* ERR_DENIED: the item is locked and who is no maintainer. */
int svc_comment_may(struct txn *t, const struct identity *who,
    struct words_target *on, struct words_state *state, struct err *e);

/* In a job: the row, what it refers to, and its event. */
struct svc_comment_row {
	int64_t project_id;
	int64_t item;
	const char *body;
	int64_t run_id;
};
/* The same for what a program says: nothing in it refers to anything.  *id 0:
 * a new one; else that one is changed, made anew when it is gone. */
int svc_comment_put(struct txn *t, const struct identity *who, int64_t now,
    const struct svc_comment_row *r, int64_t *id, struct err *e);
int svc_comment_insert(struct txn *t, const struct identity *who, int64_t now,
    const struct svc_comment_row *r, int64_t *id, struct err *e);

#endif
