#include "server/store/seed.h"

#include <stddef.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "server/store/db.h"
#include "server/store/tokens.h"
#include "server/store/users.h"

/* Where in seed_secrets the secret of a user is; none for `agent`. */
struct seed_row {
	const char *login;
	enum user_kind kind;
	bool has_token;
	size_t offset;
};

static const struct seed_row seed_rows[] = {
	{ SEED_ADMIN, USER_ADMIN, true, offsetof(struct seed_secrets, admin) },
	{ SEED_AGENT, USER_AGENT, false, 0 },
	{ SEED_CI, USER_CI, true, offsetof(struct seed_secrets, runner) },
	{ SEED_AGENTD, USER_SERVICE, true,
	    offsetof(struct seed_secrets, agentd) },
};

struct seed_job {
	struct seed_secrets *secrets;
	int64_t now;
};

static int
seed_user(struct txn *t, const struct seed_row *row, int64_t now, int64_t *id,
    struct err *e)
{
	struct user u;

	if (users_by_name(t, row->login, &u, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		return users_insert(t, row->login, row->kind, now, id, e);
	}
	if (u.kind != row->kind)
		return err_set(e, ERR_EXISTS,
		    "the user %s is of kind %s, it must be %s: delete it",
		    row->login, user_kind_name(u.kind),
		    user_kind_name(row->kind));
	*id = u.id;
	return 0;
}

static int
seed_token(
    struct txn *t, int64_t user_id, char *secret, int64_t now, struct err *e)
{
	char name[NAME_LEN_MAX + 1];
	struct token known;
	struct token_new n = {
		.user_id = user_id,
		.kind = TOKEN_USER,
		.name = name,
		.secret = secret,
		.now = now,
	};
	int64_t id;
	bool mine;

	if (secret[0] == '\0') {
		tokens_make_secret(secret);
	} else if (tokens_by_secret(t, secret, &known, e) == 0) {
		mine = known.user_id == user_id;
		token_release(&known);
		if (mine)
			return 0;
		return err_set(e, ERR_EXISTS,
		    "a secret on file is the token of another user");
	} else if (e->code != ERR_NOTFOUND) {
		return -1;
	}
	(void)snprintf(name, sizeof(name), "setup-%lld-%.8s", (long long)now,
	    secret + TOKEN_SECRET_HEX - TOKEN_LAST_EIGHT);
	return tokens_insert(t, &n, &id, e);
}

static int
seed_run(struct txn *t, void *arg, struct err *e)
{
	struct seed_job *job = arg;

	for (size_t i = 0; i < sizeof(seed_rows) / sizeof(seed_rows[0]); i++) {
		const struct seed_row *row = &seed_rows[i];
		int64_t id = 0;

		if (seed_user(t, row, job->now, &id, e) == -1)
			return err_wrap(e, "user %s", row->login);
		if (row->has_token &&
		    seed_token(t, id, (char *)job->secrets + row->offset,
			job->now, e) == -1)
			return err_wrap(e, "token of %s", row->login);
	}
	return 0;
}

int
store_init_home(
    struct db *d, struct seed_secrets *s, int64_t now, struct err *e)
{
	struct seed_job job = { .secrets = s, .now = now };

	return db_write_now(d, seed_run, &job, e);
}
