/* svc_user: users and their tokens. */
#ifndef SERVER_SERVICE_SVC_USER_H
#define SERVER_SERVICE_SVC_USER_H

#include "server/service/svc.h"

struct svc_user_edit {
	struct svc_op op;
	char *login;
	bool remove;
	struct user user; /* out */
};
struct svc_user_edit *svc_user_edit_new(
    struct svc *s, const struct identity *who);
/* Makes the user, or removes it. */
void svc_user_edit(struct svc_user_edit *op, svc_done_fn *done, void *arg);

struct svc_token_create {
	struct svc_op op;
	int64_t user_id;
	char *name;
	int64_t id;                        /* out */
	char secret[TOKEN_SECRET_HEX + 1]; /* out */
};
struct svc_token_create *svc_token_create_new(
    struct svc *s, const struct identity *who);
void svc_token_create(
    struct svc_token_create *op, svc_done_fn *done, void *arg);

struct svc_token_delete {
	struct svc_op op;
	int64_t user_id;
	int64_t id;
};
void svc_token_delete(struct svc *s, const struct identity *who,
    int64_t user_id, int64_t id, svc_done_fn *done, void *arg);

#endif
