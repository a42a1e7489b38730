/* svc_fetch: somebody tells what he fetched into a clone of his own. */
#ifndef SERVER_SERVICE_SVC_FETCH_H
#define SERVER_SERVICE_SVC_FETCH_H

#include "server/service/svc.h"
#include "server/store/fetches.h"

enum {
	SVC_FETCH_TEXT_MAX = 640 << 10, /* of a record */
	SVC_FETCH_KEYS_MAX = 20         /* of an account */
};

struct svc_fetch {
	struct svc_op op;
	struct fetched f; /* id afterwards */
	bool fresh;
	bool named; /* the text names the account that tells it */
	bool ours;  /* and this server */
};
struct svc_fetch *svc_fetch_new(struct svc *s, const struct identity *who);
/* f from the text: ERR_INVALID it is no record, ERR_DENIED it was changed, or
 * is of another project than full_name. */
int svc_fetch_read(struct svc_fetch *op, const char *text,
    const char *full_name, struct err *e);
/* One that was told before is that one again; else the event fetch.recorded.
 * ERR_DENIED: the key is another's, or nobody's yet and the text does not
 * name this account at this server: who only has the text could tell it first,
 * and another server says of whom it likes that he is that account. */
void svc_fetch(struct svc_fetch *op, svc_done_fn *done, void *arg);

#endif
