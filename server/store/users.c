#include "server/store/users.h"

#include "lib/base/err.h"
#include "server/store/db_priv.h"

#define USER_COLS                                                          \
	"id, login, kind, deleted, is_bot, active, no_login, must_change," \
	" password <> '', created_at, login_at, full_name, email,"         \
	" description, website, location"

static void
users_fill(struct query *q, struct user *u)
{
	*u = (struct user){ .id = query_i64(q) };
	QUERY_NAME(q, u->login);
	u->kind = (enum user_kind)query_i64(q);
	u->deleted = query_bool(q);
	u->bot = query_bool(q);
	u->active = query_bool(q);
	u->no_login = query_bool(q);
	u->must_change = query_bool(q);
	u->has_password = query_bool(q);
	u->created_at = query_i64(q);
	u->login_at = query_i64(q);
	QUERY_NAME(q, u->full_name);
	QUERY_NAME(q, u->email);
	QUERY_NAME(q, u->description);
	QUERY_NAME(q, u->website);
	QUERY_NAME(q, u->location);
}

/* Who has a name now is whom it means. */
static int
users_was_forget(struct txn *t, const char *login, struct err *e)
{
	return db_exec(t, "DELETE FROM account_was WHERE login = ?",
	    BINDS(S(login)), NULL, e);
}

int
users_now(
    struct txn *t, const char *was, char out[NAME_LEN_MAX + 1], struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	if (query_one(&q, t,
		"SELECT a.login FROM account_was w JOIN account a"
		" ON a.id = w.account_id WHERE w.login = ? AND a.deleted = 0",
		BINDS(S(was)), "user does not exist", e) == -1)
		return -1;
	query_name(&q, out, NAME_LEN_MAX + 1);
	return 0;
}

int
users_insert(struct txn *t, const char *login, enum user_kind kind, int64_t now,
    int64_t *id, struct err *e)
{
	static const char sql[] = "INSERT INTO account (login, kind, "
				  "created_at) VALUES (?, ?, ?)";

	if (db_exec(t, sql, BINDS(S(login), I(kind), I(now)), NULL, e) == -1) {
		if (e->code == ERR_EXISTS)
			(void)err_set(
			    e, ERR_EXISTS, "user already exists: %s", login);
		return -1;
	}
	*id = db_last_id(t);
	return users_was_forget(t, login, e);
}

static int
users_one(struct txn *t, const char *sql, struct bind key, struct user *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	if (query_one(&q, t, sql, BINDS(key), "user does not exist", e) == -1)
		return -1;
	users_fill(&q, out);
	return 0;
}

int
users_by_id(struct txn *t, int64_t id, struct user *out, struct err *e)
{
	return users_one(
	    t, "SELECT " USER_COLS " FROM account WHERE id = ?", I(id), out, e);
}

int
users_by_name(struct txn *t, const char *login, struct user *out, struct err *e)
{
	return users_one(t,
	    "SELECT " USER_COLS " FROM account WHERE login = ? AND deleted = 0",
	    S(login), out, e);
}

int
users_by_email(
    struct txn *t, const char *email, struct user *out, struct err *e)
{
	/* The second condition lets SQLite use the partial index. */
	return users_one(t,
	    "SELECT " USER_COLS " FROM account"
	    " WHERE email = ? COLLATE NOCASE AND email <> ''",
	    S(email), out, e);
}

static const char *const users_orders[][2] = {
	[USERS_BY_NAME] = { " ORDER BY login", " ORDER BY login DESC" },
	[USERS_BY_ID] = { " ORDER BY id", " ORDER BY id DESC" },
	[USERS_BY_CREATED] = { " ORDER BY created_at, id",
	    " ORDER BY created_at DESC, id DESC" },
	[USERS_BY_LOGIN_AT] = { " ORDER BY login_at, id",
	    " ORDER BY login_at DESC, id DESC" },
};

static void
users_where(struct where *w, const struct users_filter *f)
{
	where_add(w, "deleted = 0");
	if (f->q != NULL && f->q[0] != '\0') {
		if (f->q_names)
			where_add1(w,
			    "instr(lower(login || ' ' || full_name),"
			    " lower(?)) > 0",
			    S(f->q));
		else
			where_add1(w,
			    "instr(lower(login || ' ' || full_name || ' ' ||"
			    " email), lower(?)) > 0",
			    S(f->q));
	}
	if (f->id != 0)
		where_add1(w, "id = ?", I(f->id));
	if (f->is_active != -1)
		where_add1(w, "active = ?", I(f->is_active));
	if (f->is_admin != -1)
		where_add1(w, "(kind = 1) = ?", I(f->is_admin));
	if (f->no_login != -1)
		where_add1(w, "no_login = ?", I(f->no_login));
}

int
users_list(struct txn *t, const struct users_filter *f, struct user_list *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	const char *const sql[3] = { "SELECT " USER_COLS " FROM account",
		users_orders[f->sort][f->descending] };
	int rc;

	*out = (struct user_list){ .n = 0 };
	users_where(&w, f);
	if (where_count(&w, t, "account", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, f->limit, f->offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		users_fill(&q, LIST_ADD(out));
	if (rc == -1)
		user_list_release(out);
	return rc;
}

static int
users_end_sessions(struct txn *t, int64_t id, struct err *e)
{
	return db_exec(t, "DELETE FROM token WHERE account_id = ? AND kind = ?",
	    BINDS(I(id), I(TOKEN_WEB)), NULL, e);
}

int
users_update(struct txn *t, const struct user *u, struct err *e)
{
	static const char sql[] =
	    "UPDATE account SET kind = ?, is_bot = ?, active = ?, no_login = ?,"
	    " must_change = ?, full_name = ?, email = ?, description = ?,"
	    " website = ?, location = ? WHERE id = ? AND deleted = 0";

	if (db_exec_one(t, sql,
		BINDS(I(u->kind), I(u->bot), I(u->active), I(u->no_login),
		    I(u->must_change), S(u->full_name), S(u->email),
		    S(u->description), S(u->website), S(u->location), I(u->id)),
		ERR_NOTFOUND, "user does not exist", e) == 0)
		return u->active && !u->no_login && !u->must_change && !u->bot
		    ? 0
		    : users_end_sessions(t, u->id, e);
	if (e->code == ERR_EXISTS)
		(void)err_set(e, ERR_EXISTS,
		    "e-mail already in use [email: %s]", u->email);
	return -1;
}

int
users_rename(struct txn *t, int64_t id, const char *login, struct err *e)
{
	if (db_exec(t,
		"INSERT OR REPLACE INTO account_was (login, account_id)"
		" SELECT login, id FROM account WHERE id = ? AND deleted = 0",
		BINDS(I(id)), NULL, e) == -1 ||
	    users_was_forget(t, login, e) == -1 ||
	    db_exec(t,
		"UPDATE project SET owner = ? WHERE owner ="
		" (SELECT login FROM account WHERE id = ?)",
		BINDS(S(login), I(id)), NULL, e) == -1 ||
	    db_exec(t,
		"UPDATE pull SET head = ?1 || substr(head, instr(head, ':'))"
		" WHERE head_project_id > 0 AND head_project_id IN"
		" (SELECT id FROM project WHERE owner = ?1)",
		BINDS(S(login)), NULL, e) == -1)
		return -1;
	if (db_exec_one(t,
		"UPDATE account SET login = ? WHERE id = ? AND deleted = 0",
		BINDS(S(login), I(id)), ERR_NOTFOUND, "user does not exist",
		e) == 0)
		return 0;
	if (e->code == ERR_EXISTS)
		(void)err_set(e, ERR_EXISTS, "user already exists: %s", login);
	return -1;
}

int
users_delete(struct txn *t, int64_t id, struct err *e)
{
	const struct bind *key = BINDS(I(id));

	if (db_exec_one(t,
		"UPDATE account SET deleted = 1, email = '', password = ''"
		" WHERE id = ? AND deleted = 0",
		key, ERR_NOTFOUND, "user does not exist", e) == -1 ||
	    db_exec(t, "DELETE FROM token WHERE account_id = ?", key, NULL,
		e) == -1 ||
	    db_exec(t, "DELETE FROM ticket WHERE account_id = ?", key, NULL,
		e) == -1)
		return -1;
	return db_exec(
	    t, "DELETE FROM role WHERE account_id = ?", key, NULL, e);
}

int
users_projects(struct txn *t, int64_t id, int64_t *out, size_t max, size_t *n,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc = 1;

	*n = 0;
	if (query_open(&q, t,
		"SELECT p.id FROM account a JOIN project p ON p.owner = a.login"
		" WHERE a.id = ? ORDER BY p.id",
		BINDS(I(id)), e) == -1)
		return -1;
	while (*n < max && (rc = query_next(&q, e)) == 1)
		out[(*n)++] = query_i64(&q);
	return rc == -1 ? -1 : 0;
}

int
users_password(
    struct txn *t, int64_t id, char out[PASSWORD_HASH_MAX + 1], struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	if (query_one(&q, t,
		"SELECT password FROM account WHERE id = ? AND deleted = 0",
		BINDS(I(id)), "user does not exist", e) == -1)
		return -1;
	query_name(&q, out, PASSWORD_HASH_MAX + 1);
	return 0;
}

int
users_set_password(struct txn *t, int64_t id, const char *hash,
    bool must_change, struct err *e)
{
	if (db_exec_one(t,
		"UPDATE account SET password = ?, must_change = ?"
		" WHERE id = ? AND deleted = 0",
		BINDS(S(hash), I(must_change), I(id)), ERR_NOTFOUND,
		"user does not exist", e) == -1)
		return -1;
	return users_end_sessions(t, id, e);
}

int
users_touch(struct txn *t, int64_t id, int64_t now, struct err *e)
{
	return db_exec(t, "UPDATE account SET login_at = ? WHERE id = ?",
	    BINDS(I(now), I(id)), NULL, e);
}

int
roles_get(struct txn *t, int64_t project_id, int64_t user_id, enum role *out,
    struct err *e)
{
	static const char sql[] = "SELECT CASE WHEN a.kind = 1 THEN 3 ELSE "
				  "coalesce(r.role, 0) END"
				  " FROM account a LEFT JOIN role r"
				  " ON r.account_id = a.id AND r.project_id = ?"
				  " WHERE a.id = ? AND a.deleted = 0";
	int64_t role = 0;

	if (db_number(t, sql, BINDS(I(project_id), I(user_id)), &role, e) == -1)
		return -1;
	*out = (enum role)role;
	return 0;
}

int
roles_set(struct txn *t, int64_t project_id, int64_t user_id, enum role role,
    struct err *e)
{
	static const char sql[] = "INSERT INTO role (project_id, account_id, "
				  "role) VALUES (?, ?, ?)"
				  " ON CONFLICT (project_id, account_id)"
				  " DO UPDATE SET role = excluded.role";

	if (role < ROLE_READER || role > ROLE_ADMIN)
		return err_set(e, ERR_INVALID, "not a role in a project");
	return db_exec(
	    t, sql, BINDS(I(project_id), I(user_id), I(role)), NULL, e);
}

int
roles_remove(struct txn *t, int64_t project_id, int64_t user_id, struct err *e)
{
	return db_exec_one(t,
	    "DELETE FROM role WHERE project_id = ? AND account_id = ?",
	    BINDS(I(project_id), I(user_id)), ERR_NOTFOUND,
	    "the user has no role in this project", e);
}
