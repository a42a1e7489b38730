#include "server/store/milestones.h"

#include "lib/base/err.h"
#include "server/store/items_priv.h"
#include "server/store/tracker_priv.h"

#define MILESTONE_NONE "milestone does not exist"

static int
milestones_state(const struct milestone *m)
{
	return m->closed ? MILESTONE_CLOSED : MILESTONE_OPEN;
}

int
milestones_insert(
    struct txn *t, const struct milestone *m, int64_t *id, struct err *e)
{
	static const char sql
	    [] = "INSERT INTO milestone (project_id, title, state, created_at,"
		 " updated_at, closed_at, due_at, description)"
		 " VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
	int64_t n = 0;

	if (db_number(t, "SELECT count(*) FROM milestone WHERE project_id = ?",
		BINDS(I(m->project_id)), &n, e) == -1)
		return -1;
	if (n >= PROJECT_MILESTONES_MAX)
		return err_set(e, ERR_LIMIT,
		    "a project has at most %d milestones",
		    PROJECT_MILESTONES_MAX);
	if (db_exec(t, sql,
		BINDS(I(m->project_id), S(m->title), I(milestones_state(m)),
		    I(m->created_at), I(m->updated_at), I(m->closed_at),
		    I(m->due_at), S(m->description)),
		NULL, e) == -1)
		return -1;
	*id = db_last_id(t);
	return 0;
}

static int
milestones_one(struct txn *t, const char *sql, const struct bind *binds,
    struct milestone *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct milestone){ .id = 0 };
	if (query_one(&q, t, sql, binds, MILESTONE_NONE, e) == -1)
		return -1;
	milestone_fill(&q, out);
	return 0;
}

int
milestones_get(struct txn *t, int64_t project_id, int64_t id,
    struct milestone *out, struct err *e)
{
	return milestones_one(t,
	    "SELECT " MILESTONE_COLS
	    " FROM milestone m WHERE m.id = ? AND m.project_id = ?",
	    BINDS(I(id), I(project_id)), out, e);
}

int
milestones_by_title(struct txn *t, int64_t project_id, const char *title,
    struct milestone *out, struct err *e)
{
	return milestones_one(t,
	    "SELECT " MILESTONE_COLS " FROM milestone m WHERE m.project_id = ?"
	    " AND m.title = ? COLLATE NOCASE ORDER BY m.id LIMIT 1",
	    BINDS(I(project_id), S(title)), out, e);
}

int
milestones_list(struct txn *t, const struct milestone_filter *f,
    struct milestone_list *out, struct err *e)
{
	static const char *const sql[3] = { "SELECT " MILESTONE_COLS
					    " FROM milestone m",
		" ORDER BY m.due_at = 0, m.due_at, m.id" };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	int rc;

	*out = (struct milestone_list){ .n = 0 };
	where_add1(&w, "m.project_id = ?", I(f->project_id));
	if (f->state != 0)
		where_add1(&w, "m.state = ?",
		    I(f->state == ISSUE_CLOSED ? MILESTONE_CLOSED
					       : MILESTONE_OPEN));
	if (f->title != NULL && f->title[0] != '\0')
		where_add1(
		    &w, "instr(lower(m.title), lower(?)) > 0", S(f->title));
	if (where_count(&w, t, "milestone m", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, f->limit, f->offset, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		milestone_fill(&q, LIST_ADD(out));
	if (rc == -1)
		milestone_list_release(out);
	return rc;
}

int
milestones_update(struct txn *t, const struct milestone *m, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE milestone SET title = ?, description = ?, state = ?,"
	    " updated_at = ?, closed_at = ?, due_at = ?"
	    " WHERE id = ? AND project_id = ?",
	    BINDS(S(m->title), S(m->description), I(milestones_state(m)),
		I(m->updated_at), I(m->closed_at), I(m->due_at), I(m->id),
		I(m->project_id)),
	    ERR_NOTFOUND, MILESTONE_NONE, e);
}

int
milestones_delete(struct txn *t, int64_t project_id, int64_t id, struct err *e)
{
	if (db_exec_one(t,
		"DELETE FROM milestone WHERE id = ? AND project_id = ?",
		BINDS(I(id), I(project_id)), ERR_NOTFOUND, MILESTONE_NONE,
		e) == -1)
		return -1;
	return db_exec(t,
	    "UPDATE issue SET milestone_id = 0 WHERE project_id = ?"
	    " AND milestone_id = ?",
	    BINDS(I(project_id), I(id)), NULL, e);
}
