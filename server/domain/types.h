/*
 * types: users, tokens and projects as plain data, filled by server/store.
 *
 * One scheme for text everywhere in server/domain/{types,items,work}.h: names
 * and commit ids are arrays ("" is none), all other text is an owned `char *`
 * that the store never leaves NULL ("" is none).  x_release frees what a
 * struct owns and empties it; a zeroed struct may be released.  Times are
 * int64_t ms since 1970, 0 is none.  Ids start at 1, 0 is none.
 */
#ifndef SERVER_DOMAIN_TYPES_H
#define SERVER_DOMAIN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/domain/kinds.h"
#include "server/domain/mirror_fail.h"
#include "server/domain/repo_profile.h"
#include "server/domain/sandbox_options.h"

enum {
	NAME_LEN_MAX = 100, /* a user's or project's name */
	SHA_HEX = 40,
	TOKEN_SECRET_HEX = 40,
	TOKEN_LAST_EIGHT = 8,
	USER_FULL_NAME_MAX = 100, /* bytes, as the next */
	USER_EMAIL_MAX = 254,
	USER_DESCRIPTION_MAX = 255,
	USER_WEBSITE_MAX = 255,
	USER_LOCATION_MAX = 100
};

#define SHA_ZERO "0000000000000000000000000000000000000000"

struct user {
	int64_t id;
	char login[NAME_LEN_MAX + 1];
	enum user_kind kind;
	bool deleted; /* cannot act; its name stays on what it wrote */
	bool bot;     /* no password, no notifications */
	bool active;
	bool no_login;    /* no password, no token */
	bool must_change; /* its password */
	bool has_password;
	int64_t created_at;
	int64_t login_at; /* by password, the newest */
	char full_name[USER_FULL_NAME_MAX + 1];
	char email[USER_EMAIL_MAX + 1];
	char description[USER_DESCRIPTION_MAX + 1];
	char website[USER_WEBSITE_MAX + 1];
	char location[USER_LOCATION_MAX + 1];
};

struct user_list {
	struct user *at;
	size_t n;
	int64_t total;
};

void user_list_release(struct user_list *l);

struct token {
	int64_t id;
	int64_t user_id;
	char login[NAME_LEN_MAX + 1];
	enum user_kind user_kind;
	bool user_deleted;
	bool user_bot;
	bool user_barred; /* deactivated or not to sign in */
	enum token_kind kind;
	uint32_t scopes; /* server/domain/scope.h */
	char name[NAME_LEN_MAX + 1];
	char last_eight[TOKEN_LAST_EIGHT + 1];
	int64_t run_id;     /* run and session tokens */
	int64_t project_id; /* theirs, or the one a user's is bound to */
	char *project_name; /* OWNER/NAME of that, from a list only */
	enum access_level access;
	char *branch; /* the one full ref a run may push, "" for none */
	int64_t created_at;
	int64_t expires_at;
	int64_t used_at; /* to the minute */
};

struct token_list {
	struct token *at;
	size_t n;
	int64_t total;
};

void token_release(struct token *x);
void token_list_release(struct token_list *l);

struct project_settings {
	int64_t interval_s;
	enum network_mode network;
	char *agent;
	char **agent_command; /* NULL-terminated, NULL when empty */
	size_t agent_command_n;
	bool pickup;
	bool hold;         /* upstream moves it forward only */
	int64_t keep_days; /* how long a kept tip is kept */
	int64_t approvals;
	bool current;            /* a head must have every commit of its base */
	bool test_merge;         /* checks run on what a merge would leave */
	bool conversations;      /* of maintainers must be resolved */
	enum look_gate findings; /* which the gate waits for */
	int64_t max_wakes;
	int64_t memory; /* bytes */
	int64_t cpus;
	int64_t pids;
	int64_t disk; /* bytes */
	int64_t wall_s;
	bool runs_paused;                     /* orders wait */
	char trigger_label[NAME_LEN_MAX + 1]; /* an order; "": none is */
	int64_t max_retries;   /* of a run that failed for a passing reason */
	int64_t retry_s;       /* before the first one, then more */
	int64_t max_item_runs; /* on one item within a day */
	int64_t max_day_runs;  /* in the project within a day */
	struct sandbox_options sandbox;
};

/* The defaults of docs/api.md. */
void project_settings_init(struct project_settings *s);
void project_settings_release(struct project_settings *s);
void project_settings_copy(
    struct project_settings *dst, const struct project_settings *src);
/* Copies; replaces what was there. */
void project_settings_set_agent(struct project_settings *s, const char *agent);
void project_settings_set_command(
    struct project_settings *s, const char *const *argv, size_t n);

struct mirror_state {
	enum mirror_status state;
	int64_t refs;
	int64_t last_ok_at, attempt_at; /* of the newest failure */
	int64_t next_at;                /* 0: not planned */
	int64_t failures;               /* in a row */
	char *last_error;
	enum mirror_fail kind; /* of last_error */
};

struct sandbox_state {
	enum sandbox_want want;
	enum sandbox_status state;
	int64_t generation; /* how often it was to be made anew */
	char *cause;        /* a word for the reason: "oom", "" */
	char *reason, *address;
	int64_t updated_at;
};

struct project {
	int64_t id, owner_id;
	char owner[NAME_LEN_MAX + 1];
	char name[NAME_LEN_MAX + 1];
	char *upstream;
	char *default_branch; /* short name, "" before the first sync */
	enum project_state state;
	int64_t created_at;
	struct mirror_state mirror;
	struct sandbox_state sandbox;
	struct project_settings settings;
	struct repo_profile profile;
	int64_t parent_id; /* what it is a fork of, gone or not; 0: none */
};

struct project_list {
	struct project *at;
	size_t n;
	int64_t total;
};

void project_release(struct project *x);
void project_list_release(struct project_list *l);

#endif
