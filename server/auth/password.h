/*
 * password: argon2id away from the loop.  Each question is one short-lived
 * child (`cofferd --password-worker`), at most PASSWORD_AT_ONCE of them, so
 * that the memory of a hash is never cofferd's.  What was right is remembered
 * for PASSWORD_CACHE_MS as a keyed hash of account, stored hash and password,
 * so that git's many requests cost one hash, and a changed password is
 * forgotten by itself.  Wrong ones are counted per account from one address,
 * and per address; those of an account from everywhere only make the next ones
 * wait, so that nobody can lock another out.
 */
#ifndef SERVER_AUTH_PASSWORD_H
#define SERVER_AUTH_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "server/auth/credential.h"
#include "server/store/users.h"

struct err;
struct loop;
struct password_wait;
struct passwords;

enum {
	PASSWORD_MIN = 8, /* bytes */
	PASSWORD_AT_ONCE = 2,
	PASSWORD_WAITING_MAX = 64,
	PASSWORD_CACHED_MAX = 256,
	PASSWORD_CACHE_MS = 5 * 60 * 1000,
	PASSWORD_LIMIT_MS = 30 * 1000,
	/* Wrong ones: so many at once, then one in so many seconds.  Of an
	 * account from one address; of an address. */
	PASSWORD_PAIR_BURST = 10,
	PASSWORD_PAIR_S = 10,
	PASSWORD_ADDRESS_BURST = 30,
	PASSWORD_ADDRESS_S = 2,
	/* Of an account from everywhere: beyond it each waits so long, at most
	 * so many at once. */
	PASSWORD_ACCOUNT_BURST = 100,
	PASSWORD_ACCOUNT_S = 10,
	PASSWORD_SLOW_MS = 2000,
	PASSWORD_SLOW_MAX = 16
};

enum password_verdict {
	PASSWORD_RIGHT,
	PASSWORD_WRONG,
	PASSWORD_THROTTLED, /* try again after retry_ms */
	PASSWORD_BUSY       /* the same, or the worker failed */
};

/* Is this fit to be a password?  ERR_INVALID says why not. */
int password_check_new(const char *password, struct err *e);

struct passwords *passwords_new(
    struct loop *l, const char *const *argv, int64_t (*now)(void));
/* Ends what runs; no callback comes. */
void passwords_free(struct passwords *p);

struct password_ask {
	int64_t user_id;     /* 0: nobody's */
	const char *hash;    /* stored; "": nobody's, it takes as long */
	const char *login;   /* as given */
	const char *address; /* of the client, as bucket_address has it */
	const char *password;
};
/* Known to be right from a moment ago? */
bool passwords_known(struct passwords *p, const struct password_ask *ask);
/* fn comes once, later, unless the wait is cancelled.  Copies. */
typedef void password_fn(enum password_verdict v, int64_t retry_ms, void *arg);
struct password_wait *passwords_ask(struct passwords *p,
    const struct password_ask *ask, password_fn *fn, void *arg);
void passwords_cancel(struct password_wait *w);

/* The hash of a new password, "" when that failed; once, later. */
typedef void password_hash_fn(const char *hash, void *arg);
void passwords_hash(
    struct passwords *p, const char *password, password_hash_fn *fn, void *arg);

/* main of the worker: one question on standard input. */
int passwordworker_main(void);

#endif
