/*
 * seed: the users that every home has: admin `admin`, agent `agent`, CI user
 * `ci`, service user `agentd`.
 */
#ifndef SERVER_STORE_SEED_H
#define SERVER_STORE_SEED_H

#include <stdint.h>

#include "server/domain/types.h"

struct db;
struct err;

#define SEED_ADMIN "admin"
#define SEED_AGENT "agent"
#define SEED_CI "ci"
#define SEED_AGENTD "agentd"

/*
 * In: secrets that the caller has on file, "" for none.  Out: the secrets that
 * are good now.  A given secret stays good and is entered when the database
 * does not know it (a new database under old files), a missing one is made.
 */
struct seed_secrets {
	char admin[TOKEN_SECRET_HEX + 1];
	char agentd[TOKEN_SECRET_HEX + 1];
	char runner[TOKEN_SECRET_HEX + 1]; /* of the user ci */
};

/*
 * Idempotent.  Uses db_write_now: before the loop runs.  Write the files only
 * after it returned 0.
 */
int store_init_home(
    struct db *d, struct seed_secrets *s, int64_t now, struct err *e);

#endif
