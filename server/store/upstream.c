#include "server/store/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "server/store/db_priv.h"

void
upstream_info_release(struct upstream_info *x)
{
	free(x->etag);
	free(x->full_name);
	free(x->description);
	free(x->default_branch);
	free(x->parent);
	free(x->pushed_at);
	free(x->moved_to);
	free(x->error);
	memset(x, 0, sizeof(*x));
}

/* 0 a row, 1 none, -1. */
static int
upstream_row(struct query *q, struct txn *t, const char *sql,
    int64_t project_id, struct err *e)
{
	int rc;

	if (query_open(q, t, sql, BINDS(I(project_id)), e) == -1)
		return -1;
	rc = query_next(q, e);
	return rc == -1 ? -1 : 1 - rc;
}

int
upstream_get(
    struct txn *t, int64_t project_id, struct upstream_info *out, struct err *e)
{
	static const char sql[] =
	    "SELECT checked_at, etag, full_name, description, default_branch,"
	    " parent, pushed_at, archived, private, disabled, moved_to, error"
	    " FROM upstream WHERE project_id = ?";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct upstream_info){ .checked_at = 0 };
	rc = upstream_row(&q, t, sql, project_id, e);
	if (rc != 0)
		return rc == -1 ? -1 : 0;
	out->checked_at = query_i64(&q);
	out->etag = query_text(&q);
	out->full_name = query_text(&q);
	out->description = query_text(&q);
	out->default_branch = query_text(&q);
	out->parent = query_text(&q);
	out->pushed_at = query_text(&q);
	out->archived = query_bool(&q);
	out->is_private = query_bool(&q);
	out->disabled = query_bool(&q);
	out->moved_to = query_text(&q);
	out->error = query_text(&q);
	return 0;
}

int
upstream_put(struct txn *t, int64_t project_id, const struct upstream_info *x,
    struct err *e)
{
	return db_exec(t,
	    "INSERT OR REPLACE INTO upstream (project_id, checked_at, etag,"
	    " full_name, description, default_branch, parent, pushed_at,"
	    " archived, private, disabled, moved_to, error)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    BINDS(I(project_id), I(x->checked_at), S(x->etag), S(x->full_name),
		S(x->description), S(x->default_branch), S(x->parent),
		S(x->pushed_at), I(x->archived), I(x->is_private),
		I(x->disabled), S(x->moved_to), S(x->error)),
	    NULL, e);
}

void
mirror_memo_release(struct mirror_memo *x)
{
	free(x->waiting);
	free(x->report);
	free(x->contents);
	free(x->unverified);
	memset(x, 0, sizeof(*x));
}

int
mirror_memo_get(
    struct txn *t, int64_t project_id, struct mirror_memo *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct mirror_memo){ .waiting = NULL };
	rc = upstream_row(&q, t,
	    "SELECT waiting, report, contents, unverified FROM mirror_memo"
	    " WHERE project_id = ?",
	    project_id, e);
	if (rc != 0)
		return rc == -1 ? -1 : 0;
	out->waiting = query_text(&q);
	out->report = query_text(&q);
	out->contents = query_text(&q);
	out->unverified = query_text(&q);
	return 0;
}

int
mirror_memo_set(struct txn *t, int64_t project_id, enum mirror_memo_part part,
    const char *json, struct err *e)
{
	static const char *const sql[] = {
		[MIRROR_MEMO_WAITING] =
		    "INSERT INTO mirror_memo (project_id, waiting)"
		    " VALUES (?, ?) ON CONFLICT (project_id)"
		    " DO UPDATE SET waiting = excluded.waiting",
		[MIRROR_MEMO_REPORT] =
		    "INSERT INTO mirror_memo (project_id, report)"
		    " VALUES (?, ?) ON CONFLICT (project_id)"
		    " DO UPDATE SET report = excluded.report",
		[MIRROR_MEMO_CONTENTS] =
		    "INSERT INTO mirror_memo (project_id, contents)"
		    " VALUES (?, ?) ON CONFLICT (project_id)"
		    " DO UPDATE SET contents = excluded.contents",
		[MIRROR_MEMO_UNVERIFIED] =
		    "INSERT INTO mirror_memo (project_id, unverified)"
		    " VALUES (?, ?) ON CONFLICT (project_id)"
		    " DO UPDATE SET unverified = excluded.unverified",
	};

	return db_exec(t, sql[part], BINDS(I(project_id), S(json)), NULL, e);
}
