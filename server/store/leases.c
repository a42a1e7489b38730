#include "server/store/leases.h"

#include "lib/base/err.h"
#include "server/store/db_priv.h"

/* A project that is being deleted needs none. */
#define LEASES_OVER                                           \
	" FROM lease l JOIN project p ON p.id = l.project_id" \
	" WHERE l.until < ?1 AND p.state = 1"

int
leases_set(struct txn *t, int64_t project_id, int64_t seconds, int64_t now,
    struct err *e)
{
	if (seconds == 0)
		return db_exec(t, "DELETE FROM lease WHERE project_id = ?",
		    BINDS(I(project_id)), NULL, e);
	return db_exec(t,
	    "INSERT INTO lease (project_id, seconds, until) VALUES (?, ?, ?)"
	    " ON CONFLICT (project_id) DO UPDATE SET"
	    " seconds = excluded.seconds, until = excluded.until",
	    BINDS(I(project_id), I(seconds), I(now + seconds * 1000)), NULL, e);
}

int
leases_is_over(
    struct txn *t, int64_t project_id, int64_t now, bool *over, struct err *e)
{
	int64_t n = 0;

	if (db_number(t, "SELECT count(*)" LEASES_OVER " AND l.project_id = ?2",
		BINDS(I(now), I(project_id)), &n, e) == -1)
		return -1;
	*over = n > 0;
	return 0;
}

int
leases_over(struct txn *t, int64_t now, struct lease *out, size_t max,
    size_t *n, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc = 0;

	*n = 0;
	if (query_open(&q, t,
		"SELECT l.project_id, l.seconds, l.until" LEASES_OVER
		" ORDER BY l.until LIMIT ?2",
		BINDS(I(now), I((int64_t)max)), e) == -1)
		return -1;
	while (*n < max && (rc = query_next(&q, e)) == 1) {
		struct lease *l = &out[(*n)++];

		l->project_id = query_i64(&q);
		l->seconds = query_i64(&q);
		l->until = query_i64(&q);
	}
	return rc == -1 ? -1 : 0;
}
