/* pull_looks: what was found in pull requests, and what of it was dismissed. */
#ifndef SERVER_STORE_PULL_LOOKS_H
#define SERVER_STORE_PULL_LOOKS_H

#include "server/domain/look.h"

struct err;
struct txn;

/* None: out->head is "". */
int pull_looks_get(struct txn *t, int64_t project_id, int64_t item,
    struct look *out, struct err *e);
/* Takes the place of what was found before; dismissals stay. */
int pull_looks_put(struct txn *t, int64_t project_id, int64_t item,
    const struct look *l, const struct look_list *found, struct err *e);
/* The worst first. */
int pull_looks_list(struct txn *t, int64_t project_id, int64_t item,
    struct look_list *out, struct err *e);
/* ERR_NOTFOUND: no such finding of that pull request. */
int pull_looks_finding(struct txn *t, int64_t project_id, int64_t item,
    int64_t id, struct look_list *out, struct err *e);
/* All of that rule in that content; why it may pass. */
struct look_dismissal {
	int64_t project_id;
	int64_t item;
	int64_t account_id;
	int64_t at;
	const char *reason;
	const struct look_finding *of;
};
int pull_looks_dismiss(
    struct txn *t, const struct look_dismissal *d, struct err *e);

#endif
