#include "server/store/issue_span.h"

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/store/items_priv.h"

/* By is_pull and by state. */
static const char *const issue_span_kind[2][2] = {
	{ "", " INDEXED BY issue_state" },
	{ " INDEXED BY issue_number", " INDEXED BY issue_kind" },
};
static const char *const issue_span_updated[2] = {
	" INDEXED BY issue_updated",
	" INDEXED BY issue_state_updated",
};

/* Who was updated by then was made by then: *top is the last number of that
 * time, found by halves. */
static int
issue_span_top(
    struct txn *t, const struct issue_span *s, int64_t *top, struct err *e)
{
	static const char
	    last[] = "SELECT max(number) FROM issue WHERE project_id = ?";
	static const char at[] = "SELECT created_at FROM issue"
				 " WHERE project_id = ? AND number <= ?"
				 " ORDER BY number DESC LIMIT 1";
	int64_t low = 0, high, created;

	if (db_number(t, last, BINDS(I(s->project_id)), &high, e) == -1)
		return -1;
	while (low < high) {
		int64_t middle = low + (high - low + 1) / 2;

		if (db_number(t, at, BINDS(I(s->project_id), I(middle)),
			&created, e) == -1)
			return -1;
		if (created <= s->until + ISSUE_CLOCK_MS)
			low = middle;
		else
			high = middle - 1;
	}
	*top = low > 0 ? low : 1;
	return 0;
}

/* How many were updated then; it stops counting where they are many. */
static int
issue_span_count(struct txn *t, const struct issue_span *s, const char *index,
    int64_t *n, struct err *e)
{
	AUTO_WHERE struct where w = WHERE_INIT;
	AUTO_STR struct str sql = STR_INIT;

	where_add1(&w, "i.project_id = ?", I(s->project_id));
	if (s->state != 0)
		where_add1(&w, "i.state = ?", I(s->state));
	if (s->since > 0)
		where_add1(&w, "i.updated_at >= ?", I(s->since));
	if (s->until > 0)
		where_add1(&w, "i.updated_at <= ?", I(s->until));
	str_addf(&sql,
	    "SELECT count(*) FROM (SELECT 1 FROM issue i%s%s LIMIT %d)", index,
	    str_cstr(&w.sql), DB_COUNT_MAX + 1);
	return db_number(t, str_cstr(&sql), w.binds, n, e);
}

int
issue_span_index(struct txn *t, const struct issue_span *s,
    struct issue_lead_by *out, struct err *e)
{
	int64_t n = 0;

	*out = (struct issue_lead_by){ .index = "", .span = "" };
	if (issue_total(t, s->project_id, s->is_pull, s->state, &n, e) == -1)
		return -1;
	if (n <= ISSUE_SORT_MAX) {
		out->index = issue_span_kind[s->is_pull >= 0][s->state != 0];
		return 0;
	}
	if (s->since <= 0 && s->until <= 0)
		return 0;
	out->span = issue_span_updated[s->state != 0];
	if (issue_span_count(t, s, out->span, &n, e) == -1)
		return -1;
	if (n <= DB_COUNT_MAX)
		out->index = out->span;
	else if (s->until > 0)
		return issue_span_top(t, s, &out->top, e);
	return 0;
}
