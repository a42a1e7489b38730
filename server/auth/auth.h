/*
 * auth: who is asking.  Tokens of runs and sessions are good only on a
 * connection that the router labelled with their own project, all others only
 * on one without a label, so a stolen token is of no use elsewhere.
 */
#ifndef SERVER_AUTH_AUTH_H
#define SERVER_AUTH_AUTH_H

#include "server/auth/credential.h"
#include "server/domain/types.h"
#include "server/store/audit.h"
#include "server/store/users.h"

struct err;
struct txn;

enum identity_kind {
	IDENTITY_NONE, /* no credential given */
	IDENTITY_ADMIN,
	IDENTITY_USER,
	IDENTITY_AGENT,
	IDENTITY_CI,
	IDENTITY_SERVICE,
	IDENTITY_RUN,
	IDENTITY_SESSION,
	IDENTITY_RUNNER /* a registered one: CI calls alone */
};

struct identity {
	enum identity_kind kind;
	int64_t user_id; /* of a run or session: the user agent */
	char login[NAME_LEN_MAX + 1];
	enum user_kind user_kind; /* 0 with IDENTITY_NONE */
	bool site_admin;
	int64_t token_id;
	int64_t token_used_at; /* for tokens_touch, now and then */
	int64_t expires_at;    /* 0: never */
	uint32_t scopes;       /* server/domain/scope.h; 0: all */
	int64_t bound_project; /* of a token for one repository, 0: none */
	bool by_password;
	/* Where the request came from, and its id, for the audit log. */
	char origin[AUDIT_ORIGIN_MAX + 1];
	char request[AUDIT_REQUEST_MAX + 1];
	bool barred;      /* deactivated or not to sign in: nothing but a 403 */
	bool must_change; /* its password, before anything else */
	int64_t run_id;   /* the rest: runs and sessions only */
	int64_t project_id;
	enum access_level access;
	char branch[AUTH_BRANCH_MAX + 1]; /* the one full ref it may push */
};

/* What one may do at once is counted by it: of a token its id, of a password
 * minus its user's; 0: nobody, or the server itself. */
int64_t auth_credential(const struct identity *who);

/*
 * The identity of a credential that credential_parse gave, but a password.
 * label: the project's id in decimal, "" on TCP.  No credential is kind
 * IDENTITY_NONE and 0; a bad one is ERR_DENIED with the text of the 401.
 */
int auth_by_token(struct txn *t, const struct credential *c, const char *label,
    int64_t now, struct identity *out, struct err *e);

/* The same of the secret in a browser's cookie, a token of kind TOKEN_WEB,
 * which is good there alone: a person's. */
int auth_by_session(struct txn *t, struct view secret, int64_t now,
    struct identity *out, struct err *e);

/* Whose password is to be checked, and against what. */
struct auth_account {
	struct identity who;
	char hash[PASSWORD_HASH_MAX + 1]; /* "": nobody's, but check all the
					     same, so that it takes as long */
	int64_t login_at;
};
/* An unknown name is no error: it has no hash. */
int auth_account(
    struct txn *t, const char *login, struct auth_account *out, struct err *e);

#endif
