#include "server/store/timeline.h"

#include <stdlib.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/store/items_priv.h"

void
timeline_entry_release(struct timeline_entry *x)
{
	free(x->kind);
	free(x->data);
	*x = (struct timeline_entry){ .id = 0 };
}

/* Takes the id that the next comment would have had. */
int
timeline_add(
    struct txn *t, const struct timeline_new *n, int64_t *id, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO timeline (id, project_id, item, at, account_id, kind,"
	    " data) VALUES (1 + (SELECT max(seq) FROM sqlite_sequence"
	    " WHERE name IN ('comment', 'timeline')), ?, ?, ?, ?, ?, ?)";

	if (db_exec(t, sql,
		BINDS(I(n->project_id), I(n->item), I(n->now), I(n->actor_id),
		    S(n->kind), S(n->data != NULL ? n->data : "{}")),
		NULL, e) == -1)
		return -1;
	*id = db_last_id(t);
	return db_exec(t,
	    "UPDATE sqlite_sequence SET seq = ? WHERE name = 'comment'",
	    BINDS(I(*id)), NULL, e);
}

#define TIMELINE_COLS "x.id, x.at, x.kind, x.data, " AUTHOR_COLS
#define TIMELINE_FROM " FROM timeline x JOIN account a ON a.id = x.account_id"

static void
timeline_fill(struct query *q, struct timeline_entry *out)
{
	out->id = query_i64(q);
	out->at = query_i64(q);
	out->kind = query_text(q);
	out->data = query_text(q);
	author_fill(q, &out->actor);
}

int
timeline_get(struct txn *t, int64_t project_id, int64_t id,
    struct timeline_entry *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct timeline_entry){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " TIMELINE_COLS TIMELINE_FROM
		" WHERE x.id = ? AND x.project_id = ?",
		BINDS(I(id), I(project_id)), "there is no such entry", e) == -1)
		return -1;
	timeline_fill(&q, out);
	return 0;
}

void
timeline_list_release(struct timeline_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		timeline_entry_release(&l->at[i]);
	free(l->at);
	*l = (struct timeline_list){ .n = 0 };
}

int
timeline_many(struct txn *t, int64_t project_id, const int64_t *ids, size_t n,
    struct timeline_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_STR struct str list = STR_INIT;
	int rc;

	*out = (struct timeline_list){ .n = 0 };
	ids_put(&list, ids, n);
	if (query_open(&q, t,
		"SELECT " TIMELINE_COLS TIMELINE_FROM
		" WHERE x.id IN (SELECT value FROM json_each(?))"
		" AND x.project_id = ? ORDER BY x.id",
		BINDS(S(str_cstr(&list)), I(project_id)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		timeline_fill(&q, LIST_ADD(out));
	if (rc == -1)
		timeline_list_release(out);
	return rc;
}

/* One of the two lists that are merged, open at its next row. */
struct timeline_half {
	struct query q;
	struct timeline_ref next;
	bool has;
};

static int
timeline_step(struct timeline_half *h, struct err *e)
{
	int rc = query_next(&h->q, e);

	h->has = rc == 1;
	if (h->has) {
		h->next.id = query_i64(&h->q);
		h->next.at = query_i64(&h->q);
	}
	return rc == -1 ? -1 : 0;
}

static int
timeline_half(struct txn *t, const struct timeline_filter *f, bool comments,
    struct timeline_half *h, int64_t *total, struct err *e)
{
	static const char *const parts[2][2] = {
		{ "SELECT x.id, x.at FROM timeline x", " ORDER BY x.at, x.id" },
		{ "SELECT x.id, x.created_at FROM comment x",
		    " ORDER BY x.id" },
	};
	AUTO_STR struct str sql = STR_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	int64_t n;

	h->next.is_comment = comments;
	where_add2(&w, "x.project_id = ? AND x.item = ?", I(f->project_id),
	    I(f->item));
	if (f->since > 0)
		where_add1(&w, comments ? "x.created_at >= ?" : "x.at >= ?",
		    I(f->since));
	if (f->before > 0)
		where_add1(&w, comments ? "x.created_at <= ?" : "x.at <= ?",
		    I(f->before));
	str_addf(&sql, "%s%s%s", parts[comments][0], str_cstr(&w.sql),
	    parts[comments][1]);
	if (where_count(&w, t, comments ? "comment x" : "timeline x", &n, e) ==
		-1 ||
	    query_open(&h->q, t, str_cstr(&sql), w.binds, e) == -1)
		return -1;
	*total += n;
	return timeline_step(h, e);
}

int
timeline_find(struct txn *t, const struct timeline_filter *f,
    struct timeline_page *out, struct err *e)
{
	struct timeline_half a = { .q = QUERY_INIT }, b = { .q = QUERY_INIT };
	int64_t skip = f->offset;
	int rc;

	*out = (struct timeline_page){ .n = 0 };
	rc = timeline_half(t, f, true, &a, &out->total, e);
	if (rc == 0)
		rc = timeline_half(t, f, false, &b, &out->total, e);
	while (rc == 0 && (a.has || b.has) && (int64_t)out->n < f->limit &&
	    out->n < TIMELINE_PAGE_MAX) {
		bool first = a.has &&
		    (!b.has || a.next.at < b.next.at ||
			(a.next.at == b.next.at && a.next.id < b.next.id));

		if (skip > 0)
			skip--;
		else
			out->at[out->n++] = first ? a.next : b.next;
		rc = timeline_step(first ? &a : &b, e);
	}
	query_end(&a.q);
	query_end(&b.q);
	return rc;
}
