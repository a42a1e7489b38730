/*
 * svc_refmove: one branch or tag made, moved or deleted through the API, by
 * the rule of a push of that user: what is dropped is kept, rows and events
 * follow.  ERR_DENIED is the rule's no, with its reason; ERR_EXISTS: it is
 * there already or moved meanwhile; ERR_NOTFOUND: there is no such ref.
 */
#ifndef SERVER_SERVICE_SVC_REFMOVE_H
#define SERVER_SERVICE_SVC_REFMOVE_H

#include "lib/base/err.h"
#include "server/service/svc.h"
#include "server/service/svc_push.h"

struct ref_wait;

enum svc_refmove_kind {
	REFMOVE_CREATE,
	REFMOVE_UPDATE,
	REFMOVE_DELETE
};

struct svc_refmove {
	struct svc_op op;
	int64_t project_id;
	enum svc_refmove_kind kind;
	char *ref;                 /* full name */
	char new_sha[SHA_HEX + 1]; /* not with a deletion */
	char old[SHA_HEX + 1];     /* what must be there, "" : whatever is */
	bool force;                /* an update may drop commits */
	bool forward;              /* it is known to drop none */
	char **paths;              /* what it changes; NULL: not known */
	size_t n_paths;
	bool made;    /* the server made its new commit just now */
	int64_t also; /* wrote a part of that, too; 0: nobody */

	struct svc_pusher who;
	struct push_command c;
	struct err fail;
	struct ref_wait *wait;
};

struct svc_refmove *svc_refmove_new(struct svc *s, const struct identity *who);
void svc_refmove(struct svc_refmove *op, svc_done_fn *done, void *arg);

#endif
