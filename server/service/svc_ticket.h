/* svc_ticket: single-use permissions for a byte stream through agentd. */
#ifndef SERVER_SERVICE_SVC_TICKET_H
#define SERVER_SERVICE_SVC_TICKET_H

#include "server/service/svc.h"

enum {
	SVC_TICKET_MS = 30000
};

struct svc_ticket_create {
	struct svc_op op;
	int64_t project_id;
	char verb[16];
	char secret[TICKET_HEX + 1]; /* out */
	int64_t expires_at;          /* out */
};
/* verb is "attach", "exec", "dial" or "prove". */
void svc_ticket_create(struct svc *s, const struct identity *who,
    int64_t project_id, const char *verb, svc_done_fn *done, void *arg);

struct svc_ticket_redeem {
	struct svc_op op;
	char secret[TICKET_HEX + 1];
	struct ticket ticket; /* out */
};
void svc_ticket_redeem(struct svc *s, const struct identity *who,
    const char *secret, svc_done_fn *done, void *arg);

#endif
