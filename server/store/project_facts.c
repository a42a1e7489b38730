#include "server/store/project_facts.h"

#include "server/domain/approval.h"
#include "server/domain/items.h"
#include "server/store/db_priv.h"

/* A pull request waits for one's review when one is asked for it, or while an
 * approval of its head is missing that one could give and did not.  The first
 * hundred are looked at: a query on the loop is short. */
#define PROJECT_FACTS_VERDICT                              \
	" FROM review r WHERE r.project_id = u.project_id" \
	" AND r.item = u.number AND r.dismissed = 0 AND r.sha = u.head_sha"
#define PROJECT_FACTS_REVIEWS                                      \
	" (SELECT count(*) FROM (SELECT * FROM pull"               \
	" WHERE project_id = ?1 AND is_open = 1 AND draft = 0"     \
	" AND ?5 <> 0 LIMIT 100) u JOIN issue i"                   \
	" ON i.project_id = u.project_id AND i.number = u.number"  \
	" WHERE"                                                   \
	" i.author_id <> ?5"                                       \
	" AND (EXISTS (SELECT 1 FROM review r"                     \
	" WHERE r.project_id = u.project_id AND r.item = u.number" \
	" AND r.author_id = ?5 AND r.state = 5 AND r.state > 3)"   \
	" OR ((SELECT count(*)" PROJECT_FACTS_VERDICT              \
	" AND r.state = 1 AND r.official = 1) < ?6"                \
	" AND NOT EXISTS (SELECT 1" PROJECT_FACTS_VERDICT          \
	" AND r.author_id = ?5 AND r.state < 3))))"

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
    " AND is_pull = 1 AND state = ?4)," PROJECT_FACTS_REVIEWS
    " FROM run WHERE project_id = ?1 AND created_at > ?3";

int
project_facts_get(struct txn *t, const struct project_facts_ask *ask,
    struct project_facts *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct project_facts){ .asked = 0 };
	if (query_one(&q, t, project_facts_sql,
		BINDS(I(ask->project_id), I(ask->now), I(ask->since),
		    I(ISSUE_OPEN), I(ask->reviewer), I(ask->approvals)),
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
	out->reviews = query_i64(&q);
	return 0;
}
