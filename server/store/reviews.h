/*
 * reviews: verdicts on a pull request, each on one commit; and requests for
 * one, which are reviews of the state REVIEW_REQUEST whose author is who is
 * asked.  A pending review is its author's alone: lists take the viewer.
 */
#ifndef SERVER_STORE_REVIEWS_H
#define SERVER_STORE_REVIEWS_H

#include "server/domain/items.h"

struct err;
struct txn;

struct review_new {
	int64_t project_id;
	int64_t item;
	int64_t author_id;
	enum review_state state;
	const char *body;
	const char *sha;
	bool official;
	int64_t now;
};

int reviews_insert(
    struct txn *t, const struct review_new *n, int64_t *id, struct err *e);
int reviews_get(struct txn *t, int64_t project_id, int64_t id,
    struct review *out, struct err *e);
/* Of a pull request, without what is pending of others than the viewer. */
struct review_filter {
	int64_t project_id, item, viewer_id;
	int64_t limit, offset; /* limit 0: DB_LIST_MAX */
};

/* Oldest first. */
int reviews_list(struct txn *t, const struct review_filter *f,
    struct review_list *out, struct err *e);
/*
 * For a page: the viewer's own pending one, each verdict that counts, who is
 * asked; then at most f->limit of the others, comments and what was dismissed;
 * of each kind the newest first.  Whoever may comment cannot push a verdict
 * out.
 */
int reviews_shown(struct txn *t, const struct review_filter *f,
    struct review_list *out, struct err *e);
/* Those that were sent, newest first. */
int reviews_sent(struct txn *t, const struct review_filter *f,
    struct review_list *out, struct err *e);
/*
 * For the gate: of each user the newest that is a verdict (APPROVED or
 * REQUEST_CHANGES), not dismissed, of any commit.
 */
int reviews_latest(struct txn *t, int64_t project_id, int64_t item,
    struct review_list *out, struct err *e);
/* Who is asked for a review and has not answered, oldest request first. */
int reviews_requested(struct txn *t, int64_t project_id, int64_t item,
    struct review_list *out, struct err *e);
/* The id of the one of that author and state (PENDING, REQUEST), 0: none. */
int reviews_find_open(
    struct txn *t, const struct review_new *of, int64_t *id, struct err *e);

/*
 * A review takes the place of what its author said before: requests to him go,
 * and with a verdict his older verdicts count no more.
 */
int reviews_supersede(
    struct txn *t, const struct review_new *n, int64_t id, struct err *e);
/* A pending one becomes n->state, with its body, commit and time. */
int reviews_submit(
    struct txn *t, const struct review_new *n, int64_t id, struct err *e);
/* An empty body leaves what is there. */
int reviews_set_body(struct txn *t, int64_t project_id, int64_t id,
    const char *body, int64_t now, struct err *e);
int reviews_set_dismissed(struct txn *t, int64_t project_id, int64_t id,
    bool dismissed, int64_t now, struct err *e);
/* Approvals of other commits than head_sha are dismissed; *n: how many. */
int reviews_dismiss_stale(struct txn *t, int64_t project_id, int64_t item,
    const char *head_sha, int64_t now, int64_t *n, struct err *e);
/* The base is another now, for which nobody has said anything yet. */
int reviews_retarget(
    struct txn *t, int64_t project_id, int64_t item, struct err *e);
/* Its comments go with it. */
int reviews_delete(
    struct txn *t, int64_t project_id, int64_t id, struct err *e);

#endif
