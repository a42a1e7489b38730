#include "server/store/labels.h"

#include "lib/base/err.h"
#include "server/store/items_priv.h"
#include "server/store/tracker_priv.h"

#define LABEL_NONE "label does not exist"

int
labels_insert(struct txn *t, const struct label *l, int64_t *id, struct err *e)
{
	static const char sql[] = "INSERT INTO label (project_id, name, color, "
				  "exclusive, archived,"
				  " description) VALUES (?, ?, ?, ?, ?, ?)";
	int64_t n = 0;

	if (db_number(t, "SELECT count(*) FROM label WHERE project_id = ?",
		BINDS(I(l->project_id)), &n, e) == -1)
		return -1;
	if (n >= PROJECT_LABELS_MAX)
		return err_set(e, ERR_LIMIT, "a project has at most %d labels",
		    PROJECT_LABELS_MAX);
	if (db_exec(t, sql,
		BINDS(I(l->project_id), S(l->name), S(l->color),
		    I(l->exclusive), I(l->archived), S(l->description)),
		NULL, e) == -1)
		return -1;
	*id = db_last_id(t);
	return 0;
}

static int
labels_one(struct txn *t, const char *sql, const struct bind *binds,
    struct label *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct label){ .id = 0 };
	if (query_one(&q, t, sql, binds, LABEL_NONE, e) == -1)
		return -1;
	label_fill(&q, out);
	return 0;
}

int
labels_get(struct txn *t, int64_t project_id, int64_t id, struct label *out,
    struct err *e)
{
	return labels_one(t,
	    "SELECT " LABEL_COLS
	    " FROM label l WHERE l.id = ? AND l.project_id = ?",
	    BINDS(I(id), I(project_id)), out, e);
}

int
labels_by_name(struct txn *t, int64_t project_id, const char *name,
    struct label *out, struct err *e)
{
	return labels_one(t,
	    "SELECT " LABEL_COLS " FROM label l WHERE l.project_id = ?"
	    " AND l.name = ? COLLATE NOCASE ORDER BY l.id LIMIT 1",
	    BINDS(I(project_id), S(name)), out, e);
}

static int
labels_rows(struct query *q, struct label_list *out, struct err *e)
{
	int rc;

	while ((rc = query_next(q, e)) == 1)
		label_fill(q, LIST_ADD(out));
	if (rc == -1)
		label_list_release(out);
	return rc;
}

int
labels_list(struct txn *t, int64_t project_id, int64_t limit, int64_t offset,
    struct label_list *out, struct err *e)
{
	static const char *const sql[3] = { "SELECT " LABEL_COLS
					    " FROM label l",
		" ORDER BY l.name COLLATE NOCASE, l.id" };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;

	*out = (struct label_list){ .n = 0 };
	where_add1(&w, "l.project_id = ?", I(project_id));
	if (where_count(&w, t, "label l", &out->total, e) == -1 ||
	    where_open(&w, &q, t, sql, limit, offset, e) == -1)
		return -1;
	return labels_rows(&q, out, e);
}

int
labels_update(struct txn *t, const struct label *l, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE label SET name = ?, color = ?, exclusive = ?,"
	    " archived = ?, description = ? WHERE id = ? AND project_id = ?",
	    BINDS(S(l->name), S(l->color), I(l->exclusive), I(l->archived),
		S(l->description), I(l->id), I(l->project_id)),
	    ERR_NOTFOUND, LABEL_NONE, e);
}

int
labels_delete(struct txn *t, int64_t project_id, int64_t id, struct err *e)
{
	return db_exec_one(t,
	    "DELETE FROM label WHERE id = ? AND project_id = ?",
	    BINDS(I(id), I(project_id)), ERR_NOTFOUND, LABEL_NONE, e);
}

int
item_labels_get(struct txn *t, int64_t project_id, int64_t item,
    struct label_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct label_list){ .n = 0 };
	if (query_open(&q, t,
		"SELECT " LABEL_COLS " FROM item_label x"
		" CROSS JOIN label l ON l.id = x.label_id"
		" WHERE x.project_id = ? AND x.item = ?"
		" ORDER BY l.name COLLATE NOCASE, l.id",
		BINDS(I(project_id), I(item)), e) == -1)
		return -1;
	if (labels_rows(&q, out, e) == -1)
		return -1;
	out->total = (int64_t)out->n;
	return 0;
}

int
item_labels_add(struct txn *t, const struct issue *i, int64_t label,
    bool *changed, struct err *e)
{
	int64_t n = 0;

	if (db_exec(t,
		"INSERT INTO item_label (project_id, item, label_id, state,"
		" is_pull) VALUES (?, ?, ?, ?, ?)"
		" ON CONFLICT (project_id, item, label_id) DO NOTHING",
		BINDS(I(i->project_id), I(i->number), I(label), I(i->state),
		    I(i->is_pull)),
		&n, e) == -1)
		return -1;
	*changed = n > 0;
	return 0;
}

int
item_labels_remove(struct txn *t, const struct issue *i, int64_t label,
    bool *changed, struct err *e)
{
	int64_t n = 0;

	if (db_exec(t,
		"DELETE FROM item_label WHERE project_id = ? AND item = ?"
		" AND label_id = ?",
		BINDS(I(i->project_id), I(i->number), I(label)), &n, e) == -1)
		return -1;
	*changed = n > 0;
	return 0;
}
