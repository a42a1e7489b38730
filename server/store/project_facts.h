/* project_facts: what a page shows of a project beside its row: counts, each
 * from an index and bounded. */
#ifndef SERVER_STORE_PROJECT_FACTS_H
#define SERVER_STORE_PROJECT_FACTS_H

#include <stdint.h>

struct err;
struct txn;

struct project_facts {
	int64_t asked;         /* open approvals at `now` */
	int64_t allowed;       /* flows and names that passed, as counted */
	int64_t blocked;       /* that did not */
	int64_t blocked_kinds; /* rows of them */
	int64_t runs;          /* since `since` */
	int64_t runs_open;     /* of them not at an end */
	int64_t spent;         /* by them, in micros */
	int64_t issues;        /* open */
	int64_t pulls;         /* open */
	int64_t reviews;       /* open ones that wait for one of `reviewer` */
};
struct project_facts_ask {
	int64_t project_id, now, since;
	int64_t reviewer;  /* user id, 0: nobody */
	int64_t approvals; /* that a merge takes and his count for, 0: none */
};
int project_facts_get(struct txn *t, const struct project_facts_ask *ask,
    struct project_facts *out, struct err *e);

#endif
