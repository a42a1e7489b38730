/*
 * svc_ci_claim: one look into the queue for all runners that wait: who it is,
 * what it lost, and the next job for its labels while it has a slot.
 */
#ifndef SERVER_SERVICE_SVC_CI_CLAIM_H
#define SERVER_SERVICE_SVC_CI_CLAIM_H

#include "lib/base/err.h"
#include "server/domain/runner.h"
#include "server/service/svc.h"
#include "server/service/svc_ci.h"

/* What one waits for; owned. */
struct svc_ci_want {
	uint64_t waiter;
	struct identity who;
	int64_t slots;
	char *labels; /* NULL: not said */
	bool network;
	char *version; /* NULL: not said */
	bool has_held;
	bool looked; /* it was seen, and what it lost */
	int64_t *held;
	size_t n_held;
	/* Out. */
	struct err fail;
	struct job job; /* id 0: none */
	int64_t *lost;
	size_t n_lost;
};

void svc_ci_want_init(
    struct svc_ci_want *x, uint64_t waiter, const struct svc_ci_ask *ask);
void svc_ci_want_copy(struct svc_ci_want *to, const struct svc_ci_want *from);
void svc_ci_want_release(struct svc_ci_want *x);

struct svc_ci_claim {
	struct svc_op op;
	struct svc_ci_want *v;
	size_t n, cap;
	bool requeued; /* what was lost is in the queue */
};
struct svc_ci_claim *svc_ci_claim_new(struct svc *s, size_t cap);
void svc_ci_claim(struct svc_ci_claim *op, svc_done_fn *done, void *arg);
/* The waiter left before it heard of its job. */
void svc_ci_give_back(struct svc *s, int64_t id, const char *lease);

#endif
