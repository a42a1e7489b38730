/* svc_verdict: agentd says what `coffer prove` found of a sandbox. */
#ifndef SERVER_SERVICE_SVC_VERDICT_H
#define SERVER_SERVICE_SVC_VERDICT_H

#include "server/domain/verdict.h"
#include "server/service/svc.h"

struct svc_verdict {
	struct svc_op op;
	struct verdict v;
};
struct svc_verdict *svc_verdict_new(struct svc *s, const struct identity *who);
/* One that is kept already changes nothing; else the event sandbox.proved.  The
 * last one told counts: a clock may have been set back. */
void svc_verdict(struct svc_verdict *op, svc_done_fn *done, void *arg);

#endif
