/*
 * svc_gateway: what root has set at the model gateway, as agentd tells it: a
 * row of the audit log, `gateway.*`, for each that is there, another or gone
 * since the newest row of it.  The log is the only memory of it, so telling
 * again changes nothing.
 */
#ifndef SERVER_SERVICE_SVC_GATEWAY_H
#define SERVER_SERVICE_SVC_GATEWAY_H

#include "server/service/svc.h"

struct svc_gateway_one {
	char *of;        /* "key anthropic", "budget project 7" */
	char *is;        /* a JSON object */
	int64_t project; /* 0: none */
};

struct svc_gateway {
	struct svc_op op;
	struct svc_gateway_one *at;
	size_t n;
	bool more; /* there are others, which are not told: none is gone */
};
/* With room for max, n is 0. */
struct svc_gateway *svc_gateway_new(
    struct svc *s, const struct identity *who, size_t max);
void svc_gateway_tell(struct svc_gateway *op, svc_done_fn *done, void *arg);

#endif
