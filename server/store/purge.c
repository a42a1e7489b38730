#include "server/store/purge.h"

#include "lib/base/err.h"
#include "server/domain/types.h"
#include "server/store/db_priv.h"

#define PURGE_OF(table)                                            \
	"DELETE FROM " table " WHERE id IN (SELECT id FROM " table \
	" WHERE project_id = ? LIMIT ?)"

/* What a project may have very many of.  The small rest goes with its row. */
static const char *const purge_kinds[] = {
	PURGE_OF("comment"),
	PURGE_OF("revision"),
	PURGE_OF("reaction"),
	PURGE_OF("notification"),
	PURGE_OF("timeline"),
	PURGE_OF("review_comment"),
	PURGE_OF("review"),
	PURGE_OF("issue"),
	PURGE_OF("status"),
	PURGE_OF("run"),
	PURGE_OF("job"),
	"DELETE FROM ref WHERE (project_id, name) IN"
	" (SELECT project_id, name FROM ref WHERE project_id = ? LIMIT ?)",
	"DELETE FROM kept WHERE (project_id, name) IN"
	" (SELECT project_id, name FROM kept WHERE project_id = ? LIMIT ?)",
	"DELETE FROM commit_writer WHERE (project_id, sha, account_id) IN"
	" (SELECT project_id, sha, account_id FROM commit_writer"
	" WHERE project_id = ? LIMIT ?)",
};

int
purge_some(struct txn *t, int64_t project, bool *rest, struct err *e)
{
	int64_t left = PURGE_ROWS, n = 0;

	for (size_t i = 0; i < sizeof(purge_kinds) / sizeof(purge_kinds[0]);
	     i++) {
		if (db_exec(t, purge_kinds[i], BINDS(I(project), I(left)), &n,
			e) == -1)
			return -1;
		left -= n;
		if (left <= 0)
			break;
	}
	*rest = left <= 0;
	return 0;
}

/* As the statement above takes them. */
static int
purge_ids(struct txn *t, const char *sql, int64_t project,
    int64_t ids[PURGE_ROWS], size_t *n, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc = 0;

	*n = 0;
	if (query_open(&q, t, sql, BINDS(I(project), I(PURGE_ROWS)), e) == -1)
		return -1;
	while (*n < PURGE_ROWS && (rc = query_next(&q, e)) == 1)
		ids[(*n)++] = query_i64(&q);
	return rc == -1 ? -1 : 0;
}

int
purge_runs(struct txn *t, int64_t project, int64_t ids[PURGE_ROWS], size_t *n,
    struct err *e)
{
	return purge_ids(t, "SELECT id FROM run WHERE project_id = ? LIMIT ?",
	    project, ids, n, e);
}

int
purge_jobs(struct txn *t, int64_t project, int64_t ids[PURGE_ROWS], size_t *n,
    struct err *e)
{
	return purge_ids(t, "SELECT id FROM job WHERE project_id = ? LIMIT ?",
	    project, ids, n, e);
}

int
purge_next(struct txn *t, int64_t *project, struct err *e)
{
	return db_number(t,
	    "SELECT id FROM project WHERE state = ? AND sandbox_state = ?"
	    " ORDER BY id LIMIT 1",
	    BINDS(I(PROJECT_DELETING), I(SANDBOX_ABSENT)), project, e);
}
