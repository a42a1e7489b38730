/* verdicts: the newest verdict on each project's sandbox. */
#ifndef SERVER_STORE_VERDICTS_H
#define SERVER_STORE_VERDICTS_H

#include "server/domain/verdict.h"

struct err;
struct txn;

/* *fresh: it took the place of another one, or of none; one of the same time is
 * the same. */
int verdicts_put(
    struct txn *t, const struct verdict *v, bool *fresh, struct err *e);
/* None: out->at is 0. */
int verdicts_get(
    struct txn *t, int64_t project_id, struct verdict *out, struct err *e);
/* The sandbox that was tried is not there any more. */
int verdicts_set_gone(struct txn *t, int64_t project_id, struct err *e);

#endif
