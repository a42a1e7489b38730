#include "server/store/event_ages.h"

#include "server/domain/work.h"
#include "server/store/db_priv.h"
#include "server/store/hooks.h"

/* The newest that nobody needs any more; the newest of all is always kept, for
 * its number must not come again. */
static int
eventages_free(
    struct txn *t, const struct event_age *a, int64_t *seq, struct err *e)
{
	static const char
	    sql[] = "SELECT min(seq) FROM ("
		    "SELECT max(seq) - 1 AS seq FROM event"
		    " UNION ALL SELECT seq FROM reader_cursor"
		    "  WHERE account_id = ?1 OR at >= ?2"
		    " UNION ALL SELECT behind - 1 FROM hook WHERE behind > 0"
		    " UNION ALL SELECT event - 1 FROM run WHERE state < ?3"
		    " UNION ALL SELECT o.event - 1 FROM run r"
		    "  JOIN run_order o ON o.run_id = r.id WHERE r.state < ?3)";
	int64_t hooks;

	if (hooks_cursor(t, &hooks, e) == -1 ||
	    db_number(t, sql,
		BINDS(I(a->agentd_id), I(a->cursors_from), I(RUN_DONE)), seq,
		e) == -1)
		return -1;
	if (*seq > hooks)
		*seq = hooks;
	return 0;
}

/* As far as they are old enough, at most a->max further than before. */
static int
eventages_old(struct txn *t, const struct event_age *a, int64_t start,
    int64_t last, int64_t *to, bool *more, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int64_t n = 0;
	int rc;

	*to = start;
	if (query_open(&q, t,
		"SELECT seq, at FROM event WHERE seq > ? AND seq <= ?"
		" ORDER BY seq LIMIT ?",
		BINDS(I(start), I(last), I(a->max)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		int64_t seq = query_i64(&q);

		if (query_i64(&q) >= a->until)
			return 0;
		*to = seq;
		n++;
	}
	*more = n == a->max;
	return rc;
}

int
eventages_start(struct txn *t, int64_t *seq, struct err *e)
{
	return db_number(
	    t, "SELECT seq FROM event_start WHERE id = 1", NULL, seq, e);
}

int
eventages_prune(struct txn *t, const struct event_age *a, int64_t *n,
    bool *more, struct err *e)
{
	int64_t start, last, to;

	*n = 0;
	*more = false;
	if (eventages_start(t, &start, e) == -1 ||
	    eventages_free(t, a, &last, e) == -1 ||
	    eventages_old(t, a, start, last, &to, more, e) == -1)
		return -1;
	if (to == start)
		return 0;
	/* What was the last of a project, and is not any more, goes too. */
	if (db_exec(t,
		"DELETE FROM event WHERE seq <= ? AND seq <"
		" (SELECT max(x.seq) FROM event x"
		"  WHERE x.project_id = event.project_id)",
		BINDS(I(to)), n, e) == -1)
		return -1;
	return db_exec(t,
	    "INSERT INTO event_start (id, seq) VALUES (1, ?)"
	    " ON CONFLICT (id) DO UPDATE SET seq = excluded.seq",
	    BINDS(I(to)), NULL, e);
}
