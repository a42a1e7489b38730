/*
 * svc_update: the head of a pull request brought after its base, by a merge of
 * the base or by its commits made again on top of it; a push of the head in
 * every other respect.
 */
#ifndef SERVER_SERVICE_SVC_UPDATE_H
#define SERVER_SERVICE_SVC_UPDATE_H

#include "lib/base/err.h"
#include "server/domain/items.h"
#include "server/service/svc.h"
#include "server/service/svc_push.h"
#include "server/service/svc_write.h"

struct repo_hold;

struct svc_update {
	struct svc_op op;
	int64_t project_id;
	int64_t number;
	bool rebase;
	char *conflicts; /* out: of an ERR_EXISTS, a line for each path */
	bool moved;      /* out: false when there was nothing to do */
	struct svc_pusher pusher;
	char *ref;
	char *message;
	struct svc_person person;
	char head_sha[SHA_HEX + 1];
	char base_sha[SHA_HEX + 1];
	char new_sha[SHA_HEX + 1];
	struct err fail;
	struct repo_hold *hold;
};
struct svc_update *svc_update_new(struct svc *s, const struct identity *who);
/* ERR_DENIED: the rule of a push says no.  ERR_EXISTS: a conflict, or the head
 * moved meanwhile. */
void svc_update(struct svc_update *op, svc_done_fn *done, void *arg);

#endif
