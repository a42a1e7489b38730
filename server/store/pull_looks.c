#include "server/store/pull_looks.h"

#include "server/store/db_priv.h"

int
pull_looks_get(struct txn *t, int64_t project_id, int64_t item,
    struct look *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct look){ .at = 0 };
	if (query_open(&q, t,
		"SELECT head, base, at, why FROM pull_look"
		" WHERE project_id = ? AND item = ?",
		BINDS(I(project_id), I(item)), e) == -1)
		return -1;
	rc = query_next(&q, e);
	if (rc != 1)
		return rc;
	QUERY_NAME(&q, out->head);
	QUERY_NAME(&q, out->base);
	out->at = query_i64(&q);
	QUERY_NAME(&q, out->why);
	return 0;
}

static int
pull_looks_insert(struct txn *t, int64_t project_id, int64_t item,
    const struct look_finding *f, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO pull_finding (project_id, item, rule, severity, line,"
	    " content, file, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	    BINDS(I(project_id), I(item), S(f->rule), I(f->severity),
		I(f->line), S(f->of), S(f->file), S(f->message)),
	    NULL, e);
}

int
pull_looks_put(struct txn *t, int64_t project_id, int64_t item,
    const struct look *l, const struct look_list *found, struct err *e)
{
	if (db_exec(t,
		"INSERT INTO pull_look (project_id, item, head, base, at, why)"
		" VALUES (?, ?, ?, ?, ?, ?)"
		" ON CONFLICT (project_id, item) DO UPDATE SET"
		" head = excluded.head, base = excluded.base,"
		" at = excluded.at, why = excluded.why",
		BINDS(I(project_id), I(item), S(l->head), S(l->base), I(l->at),
		    S(l->why)),
		NULL, e) == -1 ||
	    db_exec(t,
		"DELETE FROM pull_finding WHERE project_id = ? AND item = ?",
		BINDS(I(project_id), I(item)), NULL, e) == -1)
		return -1;
	for (size_t i = 0; i < found->n; i++)
		if (pull_looks_insert(t, project_id, item, &found->at[i], e) ==
		    -1)
			return -1;
	return 0;
}

static int
pull_looks_read(struct query *q, struct look_list *out, struct err *e)
{
	int rc;

	while ((rc = query_next(q, e)) == 1) {
		struct look_finding *f = LIST_ADD(out);

		f->id = query_i64(q);
		f->rule = query_text(q);
		f->severity = (enum look_severity)query_i64(q);
		f->line = query_i64(q);
		QUERY_NAME(q, f->of);
		f->file = query_text(q);
		f->message = query_text(q);
		f->dismissed.id = query_i64(q);
		QUERY_NAME(q, f->dismissed.login);
		f->dismissed_at = query_i64(q);
		f->reason = query_text(q);
		f->counts = query_i64(q) >= ROLE_MAINTAINER;
	}
	if (rc == -1)
		look_list_release(out);
	return rc;
}

#define PULL_LOOKS_SELECT                                                 \
	"SELECT f.id, f.rule, f.severity, f.line, f.content, f.file,"     \
	" f.message, ifnull(d.account_id, 0), ifnull(a.login, ''),"       \
	" ifnull(d.at, 0), ifnull(d.reason, ''),"                         \
	" CASE WHEN a.id IS NULL OR a.deleted OR NOT a.active THEN 0"     \
	" WHEN a.kind = 1 THEN 3 ELSE ifnull((SELECT r.role FROM role r"  \
	" WHERE r.project_id = f.project_id AND r.account_id = a.id), 0)" \
	" END FROM pull_finding f"                                        \
	" LEFT JOIN pull_dismissal d ON d.project_id = f.project_id"      \
	" AND d.item = f.item AND d.rule = f.rule"                        \
	" AND d.content = f.content AND d.file = f.file"                  \
	" LEFT JOIN account a ON a.id = d.account_id"                     \
	" WHERE f.project_id = ? AND f.item = ?"

int
pull_looks_list(struct txn *t, int64_t project_id, int64_t item,
    struct look_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct look_list){ .at = NULL };
	if (query_open(&q, t,
		PULL_LOOKS_SELECT " ORDER BY f.severity DESC, f.id",
		BINDS(I(project_id), I(item)), e) == -1)
		return -1;
	return pull_looks_read(&q, out, e);
}

int
pull_looks_finding(struct txn *t, int64_t project_id, int64_t item, int64_t id,
    struct look_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct look_list){ .at = NULL };
	if (query_open(&q, t, PULL_LOOKS_SELECT " AND f.id = ?",
		BINDS(I(project_id), I(item), I(id)), e) == -1 ||
	    pull_looks_read(&q, out, e) == -1)
		return -1;
	if (out->n == 0)
		return err_set(e, ERR_NOTFOUND, "no such finding");
	return 0;
}

int
pull_looks_dismiss(struct txn *t, const struct look_dismissal *d, struct err *e)
{
	return db_exec_one(t,
	    "INSERT OR REPLACE INTO pull_dismissal (project_id, item, rule,"
	    " content, file, account_id, at, reason)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	    BINDS(I(d->project_id), I(d->item), S(d->of->rule), S(d->of->of),
		S(d->of->file), I(d->account_id), I(d->at), S(d->reason)),
	    ERR_INTERNAL, "it was not written", e);
}
