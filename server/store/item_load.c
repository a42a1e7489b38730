#include "server/store/item_load.h"

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/store/items_priv.h"
#include "server/store/tracker_priv.h"

struct item_set {
	char *first;
	size_t n;
	size_t stride;
	int64_t project; /* of all of them; 0: of several */
};

enum item_id {
	ITEM_ID,
	ITEM_NUMBER,
	ITEM_MILESTONE
};

/* Which rows of table x belong to the items: by number in one project, or by
 * the items' ids, where the project is not asked. */
#define ITEM_X_OF_PROJECT(table)                      \
	" FROM json_each(?) j CROSS JOIN " table " x" \
	" ON x.project_id = ? AND x.item = j.value"
#define ITEM_X_OF_IDS(table)                                     \
	" FROM json_each(?) j"                                   \
	" CROSS JOIN issue i ON i.id = j.value + 0 * ?"          \
	" CROSS JOIN " table " x ON x.project_id = i.project_id" \
	" AND x.item = i.number"

static struct issue *
item_at(const struct item_set *s, size_t k)
{
	return (struct issue *)(void *)(s->first + k * s->stride);
}

/* Each query answers with the place of its item first. */
static int
item_load_labels(
    struct txn *t, const struct item_set *s, const char *ids, struct err *e)
{
#define ITEM_LABEL_END                             \
	" CROSS JOIN label l ON l.id = x.label_id" \
	" ORDER BY j.key, l.name COLLATE NOCASE, l.id"
	static const char *const sql[2] = {
		"SELECT j.key, " LABEL_COLS ITEM_X_OF_IDS("item_label")
		    ITEM_LABEL_END,
		"SELECT j.key, " LABEL_COLS ITEM_X_OF_PROJECT("item_label")
		    ITEM_LABEL_END,
	};
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, t, sql[s->project != 0],
		BINDS(S(ids), I(s->project)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		size_t k = (size_t)query_i64(&q);

		label_fill(&q, LIST_ADD(&item_at(s, k)->labels));
	}
	return rc;
}

static int
item_load_assignees(
    struct txn *t, const struct item_set *s, const char *ids, struct err *e)
{
#define ITEM_ASSIGNEE_END                              \
	" CROSS JOIN account a ON a.id = x.account_id" \
	" ORDER BY j.key, a.id"
	static const char *const sql[2] = {
		"SELECT j.key, " AUTHOR_COLS ITEM_X_OF_IDS("assignee")
		    ITEM_ASSIGNEE_END,
		"SELECT j.key, " AUTHOR_COLS ITEM_X_OF_PROJECT("assignee")
		    ITEM_ASSIGNEE_END,
	};
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, t, sql[s->project != 0],
		BINDS(S(ids), I(s->project)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		size_t k = (size_t)query_i64(&q);

		author_fill(&q, LIST_ADD(&item_at(s, k)->assignees));
	}
	return rc;
}

static int
item_load_milestones(
    struct txn *t, const struct item_set *s, const char *ids, struct err *e)
{
	static const char sql[] = "SELECT j.key, " MILESTONE_COLS
				  " FROM json_each(?) j"
				  " CROSS JOIN milestone m ON m.id = j.value";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, t, sql, BINDS(S(ids)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		size_t k = (size_t)query_i64(&q);

		milestone_fill(&q, &item_at(s, k)->milestone);
	}
	return rc;
}

/* When it was merged, and whether it is a draft. */
static int
item_load_pulls(
    struct txn *t, const struct item_set *s, const char *ids, struct err *e)
{
	static const char
	    sql[] = "SELECT j.key, p.merged_at, p.draft FROM json_each(?) j"
		    " CROSS JOIN issue i ON i.id = j.value"
		    " CROSS JOIN pull p ON p.project_id = i.project_id"
		    " AND p.number = i.number";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, t, sql, BINDS(S(ids)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct issue *i = item_at(s, (size_t)query_i64(&q));

		i->merged_at = query_i64(&q);
		i->draft = query_bool(&q);
	}
	return rc;
}

static bool
item_any_pull(const struct item_set *s)
{
	for (size_t k = 0; k < s->n; k++)
		if (item_at(s, k)->is_pull)
			return true;
	return false;
}

/* false: all are 0. */
static bool
item_ids(const struct item_set *s, enum item_id which, struct str *out)
{
	bool any = false;
	struct jw w;

	jw_init(&w, out);
	jw_array(&w, NULL);
	for (size_t k = 0; k < s->n; k++) {
		const struct issue *i = item_at(s, k);
		int64_t id = which == ITEM_MILESTONE ? i->milestone.id
		    : which == ITEM_NUMBER           ? i->number
						     : i->id;

		jw_i64(&w, NULL, id);
		any = any || id != 0;
	}
	jw_end(&w);
	return any;
}

static int64_t
item_project(const struct item_set *s)
{
	int64_t project = item_at(s, 0)->project_id;

	for (size_t k = 1; k < s->n; k++)
		if (item_at(s, k)->project_id != project)
			return 0;
	return project;
}

int
item_load(
    struct txn *t, struct issue *first, size_t n, size_t stride, struct err *e)
{
	struct item_set s = { (char *)(void *)first, n, stride, 0 };
	struct str ids = STR_INIT;
	int rc = 0;

	if (n == 0)
		return 0;
	s.project = item_project(&s);
	if (item_ids(&s, s.project != 0 ? ITEM_NUMBER : ITEM_ID, &ids) &&
	    (item_load_labels(t, &s, str_cstr(&ids), e) == -1 ||
		item_load_assignees(t, &s, str_cstr(&ids), e) == -1))
		rc = -1;
	if (rc == 0 && item_any_pull(&s)) {
		str_reset(&ids);
		(void)item_ids(&s, ITEM_ID, &ids);
		rc = item_load_pulls(t, &s, str_cstr(&ids), e);
	}
	str_reset(&ids);
	if (rc == 0 && item_ids(&s, ITEM_MILESTONE, &ids))
		rc = item_load_milestones(t, &s, str_cstr(&ids), e);
	str_release(&ids);
	return rc;
}
