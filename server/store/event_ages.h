/* event_ages: which events retention may take, and takes. */
#ifndef SERVER_STORE_EVENT_AGES_H
#define SERVER_STORE_EVENT_AGES_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct txn;

struct event_age {
	int64_t until;        /* older than this */
	int64_t agentd_id;    /* whose cursors are waited for however old */
	int64_t cursors_from; /* others' only if they moved since */
	int64_t max;          /* looked at in one transaction */
};

/*
 * The oldest first, as far as nobody needs them: the cursors of readers and of
 * webhooks, runs that have not ended.  The last event of each project stays,
 * whatever its age.  *n: that went; *more: there are further ones.
 */
int eventages_prune(struct txn *t, const struct event_age *a, int64_t *n,
    bool *more, struct err *e);
/* Events up to there are gone; 0: none. */
int eventages_start(struct txn *t, int64_t *seq, struct err *e);

#endif
