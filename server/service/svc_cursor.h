/* svc_cursor: how far a reader of events came, kept for it. */
#ifndef SERVER_SERVICE_SVC_CURSOR_H
#define SERVER_SERVICE_SVC_CURSOR_H

#include "server/service/svc.h"

struct svc_cursor_put {
	struct svc_op op;
	char *name;
	int64_t seq;
};
void svc_cursor_put(struct svc *s, const struct identity *who, const char *name,
    int64_t seq, svc_done_fn *done, void *arg);

#endif
