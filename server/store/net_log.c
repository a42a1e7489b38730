#include "server/store/net_log.h"

#include <string.h>

#include "lib/base/err.h"
#include "server/store/db_priv.h"

int
net_log_put(struct txn *t, const struct net_seen *s, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO net_seen (project_id, allowed, verdict, name, address,"
	    " port, proto, base, epoch, counted, first, last, up, down, reason,"
	    " rule, process) SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9, ?8,"
	    " ?10, ?11, ?12, ?13, ?14, ?15 FROM project WHERE id = ?1"
	    " ON CONFLICT (project_id, verdict, name, address, port, proto)"
	    " DO UPDATE SET"
	    " base = base + CASE WHEN epoch = excluded.epoch THEN 0"
	    " ELSE counted END,"
	    " epoch = excluded.epoch, counted = excluded.counted,"
	    " first = min(first, excluded.first), last = excluded.last,"
	    " up = excluded.up, down = excluded.down,"
	    " reason = excluded.reason, rule = excluded.rule,"
	    " process = CASE excluded.process WHEN '' THEN process"
	    " ELSE excluded.process END",
	    BINDS(I(s->project_id), I(net_verdict_is_allowed(s->verdict)),
		S(s->verdict), S(s->name), S(s->address), I(s->port),
		S(s->proto), I(s->first), I(s->count), I(s->last), I(s->up),
		I(s->down), S(s->reason), S(s->rule), S(s->process)),
	    NULL, e);
}

int
net_log_prune(struct txn *t, int64_t project_id, struct err *e)
{
	for (int allowed = 0; allowed <= 1; allowed++)
		if (db_exec(t,
			"DELETE FROM net_seen WHERE id IN (SELECT id FROM"
			" net_seen WHERE project_id = ? AND allowed = ?"
			" ORDER BY last DESC, id DESC LIMIT -1 OFFSET ?)",
			BINDS(I(project_id), I(allowed), I(NET_SEEN_KEEP)),
			NULL, e) == -1)
			return -1;
	return 0;
}

static void
net_log_fill(struct query *q, struct net_seen *s)
{
	s->project_id = query_i64(q);
	QUERY_NAME(q, s->verdict);
	QUERY_NAME(q, s->name);
	QUERY_NAME(q, s->address);
	s->port = query_i64(q);
	QUERY_NAME(q, s->proto);
	s->count = query_i64(q);
	s->first = query_i64(q);
	s->last = query_i64(q);
	s->up = query_i64(q);
	s->down = query_i64(q);
	QUERY_NAME(q, s->reason);
	QUERY_NAME(q, s->rule);
	QUERY_NAME(q, s->process);
}

int
net_log_list(struct txn *t, const struct net_log_ask *ask,
    struct net_seen_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct net_seen_list){ .n = 0 };
	if (query_open(&q, t,
		"SELECT * FROM (SELECT project_id, verdict, name, address,"
		" port, proto, base + counted, first, last, up, down, reason,"
		" rule, process FROM net_seen WHERE project_id = ?"
		" AND (allowed = ? OR allowed = ?) AND last >= ?"
		" ORDER BY last DESC, id DESC LIMIT ?) ORDER BY last",
		BINDS(I(ask->project_id), I(ask->allowed ? 1 : 0),
		    I(ask->blocked ? 0 : 1), I(ask->since),
		    I(db_limit(ask->limit))),
		e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		net_log_fill(&q, LIST_ADD(out));
	if (rc == -1)
		net_seen_list_release(out);
	return rc;
}
