/* svc_status: verdicts on commits. */
#ifndef SERVER_SERVICE_SVC_STATUS_H
#define SERVER_SERVICE_SVC_STATUS_H

#include "server/domain/items.h"
#include "server/service/svc.h"

struct svc_status_create {
	struct svc_op op;
	int64_t project_id;
	char *sha; /* 4 to 40 digits; resolved */
	char full[SHA_HEX + 1];
	enum status_state state;
	char *context; /* NULL: "default" */
	char *description;
	char *target_url;
	struct status status; /* out */
};
struct svc_status_create *svc_status_create_new(
    struct svc *s, const struct identity *who);
void svc_status_create(
    struct svc_status_create *op, svc_done_fn *done, void *arg);

/* In a job: the row and its event. */
struct svc_status_row {
	int64_t project_id;
	const char *sha;
	enum status_state state;
	const char *context;
	const char *description;
	const char *target_url;
	int64_t item; /* of the event, 0: none */
};
int svc_status_insert(struct txn *t, const struct identity *who, int64_t now,
    const struct svc_status_row *r, int64_t *id, struct err *e);

#endif
