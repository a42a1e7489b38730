#include "server/store/issues.h"

#include "lib/base/err.h"
#include "server/store/item_load.h"
#include "server/store/items_priv.h"

#define ISSUE_FROM " FROM issue i JOIN account a ON a.id = i.author_id"
#define ISSUE_NONE "issue does not exist"

int
issues_insert(
    struct txn *t, const struct issue_new *n, int64_t *number, struct err *e)
{
	static const char
	    take[] = "UPDATE project SET next_number = next_number + 1"
		     " WHERE id = ? AND state = 1 RETURNING next_number - 1";
	static const char sql[] = "INSERT INTO issue (project_id, number, "
				  "is_pull, author_id, state,"
				  " created_at, updated_at, title, body)"
				  " VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?)";

	if (db_number(t, take, BINDS(I(n->project_id)), number, e) == -1)
		return -1;
	if (*number == 0)
		return err_set(e, ERR_NOTFOUND, "project does not exist");
	return db_exec(t, sql,
	    BINDS(I(n->project_id), I(*number), I(n->is_pull), I(n->author_id),
		I(n->now), I(n->now), S(n->title), S(n->body)),
	    NULL, e);
}

int
issues_get(struct txn *t, int64_t project_id, int64_t number, struct issue *out,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct issue){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " ISSUE_COLS ISSUE_FROM
		" WHERE i.project_id = ? AND i.number = ?",
		BINDS(I(project_id), I(number)), ISSUE_NONE, e) == -1)
		return -1;
	issue_fill(&q, out);
	query_end(&q);
	if (item_load(t, out, 1, sizeof(*out), e) == 0)
		return 0;
	issue_release(out);
	return -1;
}

int
issues_set_text(struct txn *t, int64_t project_id, int64_t number,
    const char *title, const char *body, int64_t now, struct err *e)
{
	static const char sql
	    [] = "UPDATE issue SET title = CASE WHEN ? THEN ? ELSE title END,"
		 " body = CASE WHEN ? THEN ? ELSE body END,"
		 " version = version + ?, updated_at = ?"
		 " WHERE project_id = ? AND number = ?";

	return db_exec_one(t, sql,
	    BINDS(I(title != NULL), S(title), I(body != NULL), S(body),
		I(body != NULL), I(now), I(project_id), I(number)),
	    ERR_NOTFOUND, ISSUE_NONE, e);
}

/* A closed pull request gives its pair of branches free, and takes it back. */
static int
issues_set_pull_open(
    struct txn *t, int64_t project_id, int64_t number, bool open, struct err *e)
{
	if (db_exec(t,
		"UPDATE pull SET is_open = ? WHERE project_id = ?"
		" AND number = ?",
		BINDS(I(open), I(project_id), I(number)), NULL, e) == 0)
		return 0;
	if (e->code == ERR_EXISTS)
		(void)err_set(e, ERR_EXISTS, "pull request already exists");
	return -1;
}

int
issues_set_state(struct txn *t, int64_t project_id, int64_t number,
    enum issue_state to, int64_t now, struct err *e)
{
	static const char
	    sql[] = "UPDATE issue SET state = ?, updated_at = ?, closed_at = ?"
		    " WHERE project_id = ? AND number = ? AND state <> ?"
		    " AND merged = 0";

	if (db_exec_one(t, sql,
		BINDS(I(to), I(now), I(to == ISSUE_CLOSED ? now : 0),
		    I(project_id), I(number), I(to)),
		ERR_BUSY, "the state does not change so", e) == -1)
		return -1;
	return issues_set_pull_open(t, project_id, number, to == ISSUE_OPEN, e);
}

int
issues_touch(struct txn *t, int64_t project_id, int64_t number, int64_t now,
    struct err *e)
{
	return db_exec_one(t,
	    "UPDATE issue SET updated_at = ?"
	    " WHERE project_id = ? AND number = ?",
	    BINDS(I(now), I(project_id), I(number)), ERR_NOTFOUND, ISSUE_NONE,
	    e);
}

int
issues_set_milestone(struct txn *t, int64_t project_id, int64_t number,
    int64_t milestone, int64_t now, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE issue SET milestone_id = ?, updated_at = ?"
	    " WHERE project_id = ? AND number = ?",
	    BINDS(I(milestone), I(now), I(project_id), I(number)), ERR_NOTFOUND,
	    ISSUE_NONE, e);
}

int
issues_set_due(struct txn *t, int64_t project_id, int64_t number,
    int64_t due_at, int64_t now, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE issue SET due_at = ?, updated_at = ?"
	    " WHERE project_id = ? AND number = ?",
	    BINDS(I(due_at), I(now), I(project_id), I(number)), ERR_NOTFOUND,
	    ISSUE_NONE, e);
}

int
issues_set_ref(struct txn *t, int64_t project_id, int64_t number,
    const char *ref, int64_t now, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE issue SET ref = ?, updated_at = ?"
	    " WHERE project_id = ? AND number = ?",
	    BINDS(S(ref), I(now), I(project_id), I(number)), ERR_NOTFOUND,
	    ISSUE_NONE, e);
}

int
issues_set_lock(struct txn *t, int64_t project_id, int64_t number, bool locked,
    const char *reason, int64_t now, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE issue SET locked = ?, lock_reason = ?, updated_at = ?"
	    " WHERE project_id = ? AND number = ?",
	    BINDS(I(locked), S(reason), I(now), I(project_id), I(number)),
	    ERR_NOTFOUND, ISSUE_NONE, e);
}

int
issues_pins(
    struct txn *t, int64_t project_id, bool is_pull, int64_t *n, struct err *e)
{
	return db_number(t,
	    "SELECT count(*) FROM issue WHERE project_id = ? AND is_pull = ?"
	    " AND pin > 0",
	    BINDS(I(project_id), I(is_pull)), n, e);
}

int
issues_set_pin(
    struct txn *t, const struct issue *i, int64_t place, struct err *e)
{
	static const char
	    close[] = "UPDATE issue SET pin = pin - 1 WHERE project_id = ?"
		      " AND is_pull = ? AND pin > ?";
	static const char
	    open[] = "UPDATE issue SET pin = pin + 1 WHERE project_id = ?"
		     " AND is_pull = ? AND pin > 0 AND pin >= ?";

	if (i->pin > 0 &&
	    db_exec(t, close, BINDS(I(i->project_id), I(i->is_pull), I(i->pin)),
		NULL, e) == -1)
		return -1;
	/* A pinned one that moves does not count among those it passes. */
	if (db_exec_one(t,
		"UPDATE issue SET pin = 0 WHERE project_id = ?"
		" AND number = ?",
		BINDS(I(i->project_id), I(i->number)), ERR_NOTFOUND, ISSUE_NONE,
		e) == -1)
		return -1;
	if (place == 0)
		return 0;
	if (db_exec(t, open, BINDS(I(i->project_id), I(i->is_pull), I(place)),
		NULL, e) == -1)
		return -1;
	return db_exec(t,
	    "UPDATE issue SET pin = ? WHERE project_id = ? AND number = ?",
	    BINDS(I(place), I(i->project_id), I(i->number)), NULL, e);
}

int
issues_pinned(struct txn *t, int64_t project_id, bool is_pull,
    struct issue_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct issue_list){ .n = 0 };
	if (query_open(&q, t,
		"SELECT " ISSUE_COLS ISSUE_FROM
		" WHERE i.project_id = ? AND i.is_pull = ? AND i.pin > 0"
		" ORDER BY i.pin",
		BINDS(I(project_id), I(is_pull)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		issue_fill(&q, LIST_ADD(out));
	if (rc == 0)
		rc = item_load(t, out->at, out->n, sizeof(*out->at), e);
	if (rc == -1)
		issue_list_release(out);
	return rc;
}

int
issues_delete(struct txn *t, int64_t project_id, int64_t number, struct err *e)
{
	if (db_exec(t, "DELETE FROM timeline WHERE project_id = ? AND item = ?",
		BINDS(I(project_id), I(number)), NULL, e) == -1)
		return -1;
	return db_exec_one(t,
	    "DELETE FROM issue WHERE project_id = ? AND number = ?",
	    BINDS(I(project_id), I(number)), ERR_NOTFOUND, ISSUE_NONE, e);
}
