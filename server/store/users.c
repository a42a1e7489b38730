#include "server/store/users.h"

#include "lib/base/err.h"
#include "server/store/db_priv.h"

#define USER_COLS "id, login, kind, deleted, created_at"

static void
users_fill(struct query *q, struct user *u)
{
	*u = (struct user){ .id = query_i64(q) };
	QUERY_NAME(q, u->login);
	u->kind = (enum user_kind)query_i64(q);
	u->deleted = query_bool(q);
	u->created_at = query_i64(q);
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
	return 0;
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
users_list(struct txn *t, int64_t limit, int64_t offset, struct user_list *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	static const char *const sql[3] = { "SELECT " USER_COLS " FROM account",
		" ORDER BY login" };
	int rc;

	*out = (struct user_list){ .n = 0 };
	where_add(&w, "deleted = 0");
	if (where_count(&w, t, "account", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, limit, offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		users_fill(&q, LIST_ADD(out));
	if (rc == -1)
		user_list_release(out);
	return rc;
}

int
users_delete(struct txn *t, int64_t id, struct err *e)
{
	const struct bind *key = BINDS(I(id));

	if (db_exec_one(t,
		"UPDATE account SET deleted = 1 WHERE id = ? AND deleted = 0",
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

	if (role != ROLE_READER && role != ROLE_MAINTAINER)
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
