#include "server/store/project_facts.h"

#include "server/domain/approval.h"
#include "server/domain/items.h"
#include "server/store/db_priv.h"

/* One row, columns as in the struct. */
static const char project_facts_sql[] =
    "SELECT"
    " (SELECT count(*) FROM approval WHERE project_id = ?1 AND state = 1"
    " AND expires_at > ?2),"
    " (SELECT coalesce(sum(base + counted), 0) FROM net_seen"
    " WHERE project_id = ?1 AND allowed = 1),"
    " (SELECT coalesce(sum(base + counted), 0) FROM net_seen"
    " WHERE project_id = ?1 AND allowed = 0),"
    " (SELECT count(*) FROM net_seen WHERE project_id = ?1 AND allowed = 0),"
    " count(*), coalesce(sum(state < 5), 0),"
    " coalesce(sum(CASE WHEN json_valid(record)"
    " THEN json_extract(record, '$.models.spent_micros') ELSE 0 END), 0),"
    " (SELECT coalesce(sum(n), 0) FROM issue_count WHERE project_id = ?1"
    " AND is_pull = 0 AND state = ?4),"
    " (SELECT coalesce(sum(n), 0) FROM issue_count WHERE project_id = ?1"
    " AND is_pull = 1 AND state = ?4)"
    " FROM run WHERE project_id = ?1 AND created_at > ?3";

int
project_facts_get(struct txn *t, int64_t project_id, int64_t now, int64_t since,
    struct project_facts *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct project_facts){ .asked = 0 };
	if (query_one(&q, t, project_facts_sql,
		BINDS(I(project_id), I(now), I(since), I(ISSUE_OPEN)),
		"no such project", e) == -1)
		return -1;
	out->asked = query_i64(&q);
	out->allowed = query_i64(&q);
	out->blocked = query_i64(&q);
	out->blocked_kinds = query_i64(&q);
	out->runs = query_i64(&q);
	out->runs_open = query_i64(&q);
	out->spent = query_i64(&q);
	out->issues = query_i64(&q);
	out->pulls = query_i64(&q);
	return 0;
}
