/* kinds: the words for users, roles, tokens and what projects can be. */
#ifndef SERVER_DOMAIN_KINDS_H
#define SERVER_DOMAIN_KINDS_H

enum user_kind {
	USER_ADMIN = 1,
	USER_PERSON, /* "user" */
	USER_AGENT,
	USER_CI,
	USER_SERVICE
};

/* What a user may do in one project; a site's admin is ROLE_ADMIN in all. */
enum role {
	ROLE_NONE,
	ROLE_READER,
	ROLE_MAINTAINER,
	ROLE_ADMIN
};

enum access_level {
	ACCESS_NONE,
	ACCESS_READ,
	ACCESS_SCRATCH,
	ACCESS_WRITE
};

enum token_kind {
	TOKEN_USER = 1,
	TOKEN_RUN,
	TOKEN_SESSION,
	TOKEN_WEB, /* a browser's, in a cookie */
	TOKEN_RUNNER
};

enum network_mode {
	NETWORK_OFF = 1,
	NETWORK_NONE,
	NETWORK_WEB,
	NETWORK_LOCKED,
	NETWORK_OPEN
};

/* Which findings the gate waits for: a project's setting `findings`. */
enum look_gate {
	LOOK_OFF = 1,
	LOOK_BLOCK, /* those of severity block */
	LOOK_ASK    /* and those of severity ask */
};

enum project_state {
	PROJECT_ACTIVE = 1,
	PROJECT_DELETING
};

enum mirror_status {
	MIRROR_NEW = 1,
	MIRROR_SYNCING,
	MIRROR_OK,
	MIRROR_FAILED,
	MIRROR_PAUSED,
	MIRROR_NONE /* there is no upstream */
};

enum sandbox_want {
	WANT_RUNNING = 1,
	WANT_STOPPED,
	WANT_GONE,
	WANT_PAUSED
};

enum sandbox_status {
	SANDBOX_ABSENT = 1,
	SANDBOX_STARTING,
	SANDBOX_RUNNING,
	SANDBOX_STOPPED,
	SANDBOX_FAILED,
	SANDBOX_PAUSED,
	SANDBOX_STOPPING
};

/*
 * The word of the API for a value, "" for one outside the enum; and back: the
 * value, or -1.  role: "none" "reader" "maintainer" "admin"; access: "none"
 * "read" "scratch" "write".
 */
const char *user_kind_name(enum user_kind v);
const char *role_name(enum role v);
const char *access_name(enum access_level v);
const char *network_name(enum network_mode v);
const char *project_state_name(enum project_state v);
const char *mirror_status_name(enum mirror_status v);
const char *sandbox_want_name(enum sandbox_want v);
const char *sandbox_status_name(enum sandbox_status v);
int access_parse(const char *s);
int network_parse(const char *s);
int sandbox_want_parse(const char *s);
int sandbox_status_parse(const char *s);

#endif
