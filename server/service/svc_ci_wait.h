/*
 * svc_ci_wait: what a job in the queue waits for, as its status says it: a
 * runner comes, goes, is paused, and it says something else within seconds.
 */
#ifndef SERVER_SERVICE_SVC_CI_WAIT_H
#define SERVER_SERVICE_SVC_CI_WAIT_H

#include "server/service/svc.h"

struct svc_ci_waits;

struct svc_ci_waits *svc_ci_waits_new(struct svc *s);
void svc_ci_waits_start(struct svc_ci_waits *w);
void svc_ci_waits_stop(struct svc_ci_waits *w);
void svc_ci_waits_free(struct svc_ci_waits *w);

/* In a job: one that is new in the queue says what it waits for. */
int svc_ci_wait_begin(struct txn *t, int64_t now, int64_t id, struct err *e);

#endif
