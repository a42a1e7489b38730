/* ages: runs and jobs by when they ended, for who forgets what they left. */
#ifndef SERVER_STORE_AGES_H
#define SERVER_STORE_AGES_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct txn;

enum age_kind {
	AGE_RUNS,
	AGE_JOBS
};

struct age {
	int64_t id;
	int64_t ended_at; /* 0: not yet */
	int64_t log_bytes;
};

/* In the order of their ids, those behind `after`, at most max of them. */
int ages_list(struct txn *t, enum age_kind kind, int64_t after, struct age *out,
    size_t max, size_t *n, struct err *e);
/* Its log is gone; one that ended at another time is left as it is. */
int ages_forget_log(
    struct txn *t, enum age_kind kind, const struct age *a, struct err *e);

#endif
