#include "server/service/svc_user.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "server/auth/password.h"
#include "server/domain/scope.h"
#include "server/service/svc_project_priv.h"
#include "server/service/svc_purge.h"
#include "server/store/projects.h"
#include "server/store/seed.h"
#include "server/store/users.h"

/* First segments of our own paths, and words that would mislead. */
static const char *const svc_user_reserved[] = { "api", "assets", "attachments",
	"coffer", "cofferd", "explore", "ghost", "healthz", "login", "metrics",
	"new", "notifications", "org", "orgs", "readyz", "repo", "repos",
	"swagger", "upstream", "user", "users", "v2" };

static const char *const svc_user_ends[] = { ".atom", ".git", ".gpg", ".keys",
	".png", ".rss" };

static const char *const svc_user_seeds[] = { SEED_ADMIN, SEED_AGENT, SEED_CI,
	SEED_AGENTD };

static bool
svc_user_is_among(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(name, list[i]) == 0)
			return true;
	return false;
}

static bool
svc_user_is_seed(const char *login)
{
	return svc_user_is_among(login, svc_user_seeds,
	    sizeof(svc_user_seeds) / sizeof(svc_user_seeds[0]));
}

static void
svc_user_wipe(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void
user_fields_release(struct user_fields *f)
{
	free(f->full_name);
	free(f->email);
	free(f->description);
	free(f->website);
	free(f->location);
	svc_user_wipe(f->password);
	*f = USER_FIELDS_INIT;
}

static void
svc_user_edit_release(void *arg)
{
	struct svc_user_edit *op = arg;

	free(op->login);
	free(op->new_login);
	free(op->gone);
	user_fields_release(&op->fields);
}

struct svc_user_edit *
svc_user_edit_new(
    struct svc *s, const struct identity *who, enum svc_user_verb verb)
{
	struct svc_user_edit *op = svc_op_new(
	    s, sizeof(struct svc_user_edit), who, svc_user_edit_release);

	op->verb = verb;
	op->fields = USER_FIELDS_INIT;
	return op;
}

static int
svc_user_text(
    const char *key, const char *text, char *out, size_t size, struct err *e)
{
	if (text == NULL)
		return 0;
	if (strlen(text) >= size)
		return err_set(e, ERR_INVALID, "%s: want at most %zu bytes",
		    key, size - 1);
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return err_set(e, ERR_INVALID,
			    "%s: it has a control character", key);
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int
svc_user_address(const char *email, struct err *e)
{
	const char *at = strchr(email, '@');

	if (email[0] == '\0' ||
	    (at != NULL && at > email && at[1] != '\0' &&
		strchr(at + 1, '@') == NULL &&
		strpbrk(email, " <>\"(),:;[]\\") == NULL && email[0] != '-'))
		return 0;
	return err_set(e, ERR_INVALID, "email: want NAME@HOST");
}

/* The profile's texts over those of u. */
static int
svc_user_profile(const struct user_fields *f, struct user *u, struct err *e)
{
#define TEXT(key) svc_user_text(#key, f->key, u->key, sizeof(u->key), e)
	if (TEXT(full_name) == -1 || TEXT(email) == -1 ||
	    TEXT(description) == -1 || TEXT(website) == -1 ||
	    TEXT(location) == -1 || svc_user_address(u->email, e) == -1)
		return -1;
#undef TEXT
	if (u->website[0] != '\0' && strncmp(u->website, "http://", 7) != 0 &&
	    strncmp(u->website, "https://", 8) != 0)
		return err_set(
		    e, ERR_INVALID, "website: want http:// or https://");
	return 0;
}

static void
svc_user_flag(int said, bool *out)
{
	if (said != -1)
		*out = said != 0;
}

/* The fields over u, which is a row or a new one. */
static int
svc_user_merge(struct svc_user_edit *op, struct user *u, struct err *e)
{
	const struct user_fields *f = &op->fields;
	bool person = u->kind == USER_ADMIN || u->kind == USER_PERSON;
	bool barred = f->admin == 0 || f->active == 0 || f->no_login == 1 ||
	    f->bot == 1;

	if (!person && (f->admin != -1 || f->bot != -1 || op->hash[0] != '\0'))
		return err_set(e, ERR_INVALID,
		    "username: %s is a user that the server needs", u->login);
	if (barred && svc_user_is_seed(u->login))
		return err_set(e, ERR_INVALID,
		    "username: %s is a user that the server needs", u->login);
	if (barred && u->id == op->op.who.user_id)
		return err_set(e, ERR_INVALID,
		    "username: nobody takes rights from himself");
	if (f->admin != -1)
		u->kind = f->admin != 0 ? USER_ADMIN : USER_PERSON;
	svc_user_flag(f->active, &u->active);
	svc_user_flag(f->no_login, &u->no_login);
	svc_user_flag(f->bot, &u->bot);
	svc_user_flag(f->must_change, &u->must_change);
	if (u->bot && u->kind == USER_ADMIN)
		return err_set(e, ERR_INVALID, "type: a bot is no admin");
	if (u->bot && op->hash[0] != '\0')
		return err_set(e, ERR_INVALID, "password: a bot has none");
	return svc_user_profile(f, u, e);
}

static int
svc_user_write(
    struct svc_user_edit *op, struct txn *t, struct user *u, struct err *e)
{
	bool forget = u->bot && u->has_password;

	if (svc_user_merge(op, u, e) == -1 || users_update(t, u, e) == -1)
		return -1;
	if ((op->hash[0] != '\0' || forget) &&
	    users_set_password(t, u->id, op->hash, u->must_change, e) == -1)
		return -1;
	return users_by_id(t, u->id, &op->user, e);
}

static int
svc_user_create_rows(struct svc_user_edit *op, struct txn *t, struct err *e)
{
	struct user u;
	int64_t id;

	if (users_insert(t, op->login, USER_PERSON, op->op.now, &id, e) == -1)
		return -1;
	if (users_by_id(t, id, &u, e) == -1)
		return -1;
	/* As in Gitea, a password from an admin is good for one sign-in. */
	if (op->fields.must_change == -1)
		u.must_change = op->hash[0] != '\0';
	return svc_user_write(op, t, &u, e);
}

static int
svc_user_remove_projects(struct svc_user_edit *op, struct txn *t, struct err *e)
{
	int64_t ids[USER_PURGE_MAX];
	size_t n;

	if (users_projects(t, op->user.id, ids, USER_PURGE_MAX, &n, e) == -1)
		return -1;
	if (n > 0 && !op->purge)
		return err_set(e, ERR_INVALID,
		    "user still has ownership of repositories [uid: %lld]",
		    (long long)op->user.id);
	op->gone = xcalloc(n + 1, sizeof(*op->gone));
	for (size_t i = 0; i < n; i++) {
		struct project p = { .id = 0 };
		int rc = projects_by_id(t, ids[i], &p, e);

		if (rc == 0)
			rc = svc_project_remove(
			    t, &op->op, &p, &op->gone[i].purged, e);
		project_release(&p);
		if (rc == -1)
			return -1;
		op->gone[i].id = ids[i];
		op->n_gone = i + 1;
	}
	return 0;
}

static int
svc_user_remove_rows(struct svc_user_edit *op, struct txn *t, struct err *e)
{
	if ((op->user.kind != USER_PERSON && op->user.kind != USER_ADMIN) ||
	    svc_user_is_seed(op->user.login))
		return err_set(e, ERR_INVALID,
		    "username: %s is a user that the server needs",
		    op->user.login);
	if (op->user.id == op->op.who.user_id)
		return err_set(
		    e, ERR_INVALID, "username: nobody removes himself");
	op->n_gone = 0;
	free(op->gone);
	op->gone = NULL;
	if (svc_user_remove_projects(op, t, e) == -1)
		return -1;
	return users_delete(t, op->user.id, e);
}

static int
svc_user_edit_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_user_edit *op = arg;
	struct user u;

	if (op->verb == USER_CREATE)
		return svc_user_create_rows(op, t, e);
	if (users_by_name(t, op->login, &op->user, e) == -1)
		return -1;
	switch (op->verb) {
	case USER_RENAME:
		if (svc_user_is_seed(op->user.login))
			return err_set(e, ERR_INVALID,
			    "username: %s is a user that the server needs",
			    op->user.login);
		return users_rename(t, op->user.id, op->new_login, e);
	case USER_REMOVE:
		return svc_user_remove_rows(op, t, e);
	case USER_EDIT:
	case USER_CREATE:
	default:
		u = op->user;
		return svc_user_write(op, t, &u, e);
	}
}

/* After the removal is on disk: what the rows do not hold. */
static bool
svc_user_edited(void *arg)
{
	struct svc_user_edit *op = arg;
	struct svc *s = op->op.svc;

	for (size_t i = 0; i < op->n_gone; i++) {
		if (op->gone[i].purged)
			svc_project_forget(s, op->gone[i].id);
		else
			s->upper->mirror_forget(s->mirror, op->gone[i].id);
	}
	if (op->n_gone > 0)
		svc_purge_soon(s->purge);
	return false;
}

static void
svc_user_on_hash(const char *hash, void *arg)
{
	struct svc_user_edit *op = arg;
	struct err e = ERR_INIT;

	if (hash[0] == '\0' || strlen(hash) >= sizeof(op->hash)) {
		(void)err_set(
		    &e, ERR_BUSY, "the password cannot be hashed now");
		svc_op_end_later(op, &e);
		return;
	}
	memcpy(op->hash, hash, strlen(hash) + 1);
	svc_op_run(op, svc_user_edit_job, op->op.done, op->op.arg);
}

/* What an address has behind a name. */
static bool
svc_user_has_end(const char *login)
{
	const char *dot = strrchr(login, '.');

	return dot != NULL &&
	    svc_user_is_among(dot, svc_user_ends,
		sizeof(svc_user_ends) / sizeof(svc_user_ends[0]));
}

/* A name that is to become one. */
static int
svc_user_name_ok(const char *login, struct err *e)
{
	if (login == NULL || !path_component_ok(login))
		return err_set(e, ERR_INVALID,
		    "username: want 1 to 100 of A-Z a-z 0-9 . _ -, not "
		    "beginning with . or -");
	if (svc_user_is_among(login, svc_user_reserved,
		sizeof(svc_user_reserved) / sizeof(svc_user_reserved[0])) ||
	    svc_user_has_end(login))
		return err_set(e, ERR_INVALID,
		    "username: name is reserved [name: %s]", login);
	return 0;
}

static int
svc_user_edit_check(struct svc_user_edit *op, struct err *e)
{
	struct user u = { .id = 0 };

	if (op->verb == USER_CREATE && svc_user_name_ok(op->login, e) == -1)
		return -1;
	if (op->verb == USER_RENAME && svc_user_name_ok(op->new_login, e) == -1)
		return -1;
	if (svc_user_profile(&op->fields, &u, e) == -1)
		return -1;
	return op->fields.password == NULL
	    ? 0
	    : password_check_new(op->fields.password, e);
}

void
svc_user_edit(struct svc_user_edit *op, svc_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	op->op.then = svc_user_edited;
	if (svc_user_edit_check(op, &e) == -1)
		svc_op_end_later(op, &e);
	else if (op->fields.password != NULL)
		passwords_hash(op->op.svc->passwords, op->fields.password,
		    svc_user_on_hash, op);
	else
		svc_op_run(op, svc_user_edit_job, done, arg);
}

static void
svc_password_release(void *arg)
{
	struct svc_password *op = arg;

	svc_user_wipe(op->old);
	svc_user_wipe(op->new);
}

struct svc_password *
svc_password_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_password), who, svc_password_release);
}

static int
svc_password_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_password *op = arg;

	return users_set_password(t, op->op.who.user_id, op->hash, false, e);
}

static void
svc_password_on_hash(const char *hash, void *arg)
{
	struct svc_password *op = arg;
	struct err e = ERR_INIT;

	if (hash[0] == '\0' || strlen(hash) >= sizeof(op->hash)) {
		(void)err_set(
		    &e, ERR_BUSY, "the password cannot be hashed now");
		svc_op_end_later(op, &e);
		return;
	}
	memcpy(op->hash, hash, strlen(hash) + 1);
	svc_op_run(op, svc_password_job, op->op.done, op->op.arg);
}

static void
svc_password_on_old(enum password_verdict v, int64_t retry_ms, void *arg)
{
	struct svc_password *op = arg;
	struct err e = ERR_INIT;

	if (v == PASSWORD_RIGHT) {
		passwords_hash(
		    op->op.svc->passwords, op->new, svc_password_on_hash, op);
		return;
	}
	op->retry_ms = retry_ms;
	if (v == PASSWORD_WRONG)
		(void)err_set(&e, ERR_DENIED, "old: it is not the password");
	else
		(void)err_set(&e, ERR_BUSY, "too many passwords; try again");
	svc_op_end_later(op, &e);
}

/* A password may all that its user may, for ever: so must who sets the first
 * one without another. */
static bool
svc_password_first(const struct identity *who)
{
	return scope_holds(who->scopes, SCOPE_ALL) && who->expires_at == 0 &&
	    who->bound_project == 0;
}

void
svc_password_set(struct svc_password *op, svc_done_fn *done, void *arg)
{
	struct svc *s = op->op.svc;
	struct err e = ERR_INIT;
	struct auth_account a;
	struct password_ask ask = { .login = op->op.who.login,
		.hash = a.hash,
		.address = op->address,
		.password = svc_text(op->old) };

	op->op.done = done;
	op->op.arg = arg;
	if (password_check_new(svc_text(op->new), &e) == -1 ||
	    auth_account(db_reader(s->db), op->op.who.login, &a, &e) == -1) {
		svc_op_end_later(op, &e);
		return;
	}
	ask.user_id = a.who.user_id;
	if (a.who.kind == IDENTITY_NONE) {
		(void)err_set(&e, ERR_DENIED, "this user has no password");
		svc_op_end_later(op, &e);
	} else if (a.hash[0] == '\0' && !svc_password_first(&op->op.who)) {
		(void)err_set(&e, ERR_DENIED,
		    "the first password needs a token with all scopes and "
		    "without an end, or an admin");
		svc_op_end_later(op, &e);
	} else if (a.hash[0] == '\0') {
		passwords_hash(s->passwords, op->new, svc_password_on_hash, op);
	} else {
		(void)passwords_ask(
		    s->passwords, &ask, svc_password_on_old, op);
	}
}
