/* renewals: what a project's sandbox was made of before it was last asked to be
 * made anew, until that is done or refused. */
#ifndef SERVER_STORE_RENEWALS_H
#define SERVER_STORE_RENEWALS_H

#include <stdint.h>

struct err;
struct txn;

struct renewal {
	int64_t project_id;
	int64_t generation; /* that is asked for; 0: there is none */
	char *before;       /* JSON objects of the caller's */
	char *after;
};
void renewal_release(struct renewal *r);

/* One that waits already keeps its `before`: that one there is. */
int renewals_put(struct txn *t, const struct renewal *r, struct err *e);
/* None: out->generation is 0. */
int renewals_get(
    struct txn *t, int64_t project_id, struct renewal *out, struct err *e);
/* Those up to this generation; INT64_MAX: all. */
int renewals_end(
    struct txn *t, int64_t project_id, int64_t generation, struct err *e);

#endif
