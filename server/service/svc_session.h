/*
 * svc_session: the token of a project's attached session.  There is one: a new
 * one ends the earlier, the stop of the sandbox ends the last.  It acts as the
 * user agent, so that nothing made in a sandbox counts as a person's.
 */
#ifndef SERVER_SERVICE_SVC_SESSION_H
#define SERVER_SERVICE_SVC_SESSION_H

#include "server/service/svc.h"

struct svc_session_token {
	struct svc_op op;
	int64_t project_id;
	char secret[TOKEN_SECRET_HEX + 1]; /* out */
};
/* ERR_EXISTS: the project is being deleted. */
void svc_session_token(struct svc *s, const struct identity *who,
    int64_t project_id, svc_done_fn *done, void *arg);

#endif
