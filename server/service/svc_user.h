/*
 * svc_user: users made, changed, renamed, removed; their passwords.  The users
 * that the server needs (server/store/seed.h) keep name and kind.
 */
#ifndef SERVER_SERVICE_SVC_USER_H
#define SERVER_SERVICE_SVC_USER_H

#include "server/auth/bucket.h"
#include "server/service/svc.h"

enum {
	USER_PURGE_MAX = 1000 /* repositories removed with their owner */
};

/* What a request says; NULL and -1: nothing. */
struct user_fields {
	char *full_name;
	char *email;
	char *description;
	char *website;
	char *location;
	char *password; /* wiped when released */
	int admin;
	int active;
	int no_login;
	int bot;
	int must_change;
};
#define USER_FIELDS_INIT                    \
	((struct user_fields){ .admin = -1, \
	    .active = -1,                   \
	    .no_login = -1,                 \
	    .bot = -1,                      \
	    .must_change = -1 })
void user_fields_release(struct user_fields *f);

enum svc_user_verb {
	USER_CREATE,
	USER_EDIT,
	USER_RENAME,
	USER_REMOVE
};

struct svc_user_edit {
	struct svc_op op;
	enum svc_user_verb verb;
	char *login;
	char *new_login; /* USER_RENAME */
	bool purge;      /* USER_REMOVE: its repositories, too */
	struct user_fields fields;
	struct user user; /* out */
	/* Within: the hash of fields.password; the projects that went. */
	char hash[128];
	struct {
		int64_t id;
		bool purged;
	} * gone;
	size_t n_gone;
};
struct svc_user_edit *svc_user_edit_new(
    struct svc *s, const struct identity *who, enum svc_user_verb verb);
/* Whether who may is the caller's to ask. */
void svc_user_edit(struct svc_user_edit *op, svc_done_fn *done, void *arg);

/* One's own password: the old one is checked ("" where there is none). */
struct svc_password {
	struct svc_op op;
	char *old;
	char *new;
	char address[BUCKET_ADDRESS_MAX]; /* of the client, for the throttle */
	char hash[128];                   /* within */
	int64_t retry_ms;                 /* out, with ERR_BUSY */
};
struct svc_password *svc_password_new(
    struct svc *s, const struct identity *who);
void svc_password_set(struct svc_password *op, svc_done_fn *done, void *arg);

#endif
