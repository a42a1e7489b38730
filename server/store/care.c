#include "server/store/care.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "server/store/db_priv.h"

#define CARE_PAST_COLS                                                    \
	"p.created_at, coalesce(c.full_at, 0), coalesce(c.pruned_at, 0)," \
	" coalesce(c.checked_at, 0), coalesce(c.walked_at, 0),"           \
	" coalesce(c.purge_at, 0), coalesce(c.health, 0)"
#define CARE_FROM " FROM project p LEFT JOIN care c ON c.project_id = p.id"

void
care_row_release(struct care_row *r)
{
	free(r->problem);
	free(r->error);
	memset(r, 0, sizeof(*r));
}

static void
care_fill_past(struct query *q, struct care_past *p)
{
	p->since = query_i64(q);
	p->full_at = query_i64(q);
	p->pruned_at = query_i64(q);
	p->checked_at = query_i64(q);
	p->walked_at = query_i64(q);
	p->purge_at = query_i64(q);
	p->health = (enum care_health)query_i64(q);
}

int
care_get(struct txn *t, int64_t project_id, struct care_row *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct care_row){ .project_id = project_id };
	if (query_one(&q, t,
		"SELECT coalesce(c.size, 0), coalesce(c.packs, 0),"
		" coalesce(c.loose, 0), coalesce(c.surveyed_at, 0),"
		" coalesce(c.maintained_at, 0), coalesce(c.failures, 0),"
		" coalesce(c.next_at, 0), " CARE_PAST_COLS
		", coalesce(c.problem, ''), coalesce(c.error, '')" CARE_FROM
		" WHERE p.id = ?",
		BINDS(I(project_id)), "project does not exist", e) == -1)
		return -1;
	out->size = query_i64(&q);
	out->packs = query_i64(&q);
	out->loose = query_i64(&q);
	out->surveyed_at = query_i64(&q);
	out->maintained_at = query_i64(&q);
	out->failures = query_i64(&q);
	out->next_at = query_i64(&q);
	care_fill_past(&q, &out->past);
	out->problem = query_text(&q);
	out->error = query_text(&q);
	return 0;
}

int
care_put(struct txn *t, const struct care_row *r, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO care (project_id, size, packs, loose, surveyed_at,"
	    " maintained_at, full_at, pruned_at, checked_at, walked_at,"
	    " health, failures, next_at, problem, error)"
	    " SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
	    " ?14, ?15 FROM project WHERE id = ?1"
	    " ON CONFLICT (project_id) DO UPDATE SET size = ?2, packs = ?3,"
	    " loose = ?4, surveyed_at = ?5, maintained_at = ?6, full_at = ?7,"
	    " pruned_at = ?8, checked_at = ?9, walked_at = ?10, health = ?11,"
	    " failures = ?12, next_at = ?13, problem = ?14, error = ?15",
	    BINDS(I(r->project_id), I(r->size), I(r->packs), I(r->loose),
		I(r->surveyed_at), I(r->maintained_at), I(r->past.full_at),
		I(r->past.pruned_at), I(r->past.checked_at),
		I(r->past.walked_at), I(r->past.health), I(r->failures),
		I(r->next_at), S(r->problem), S(r->error)),
	    NULL, e);
}

int
care_set_purge(struct txn *t, int64_t project_id, int64_t at, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO care (project_id, purge_at) VALUES (?1, ?2)"
	    " ON CONFLICT (project_id) DO UPDATE SET purge_at = ?2",
	    BINDS(I(project_id), I(at)), NULL, e);
}

int
care_purged(struct txn *t, int64_t project_id, int64_t at, struct err *e)
{
	return db_exec(t,
	    "UPDATE care SET purge_at = 0 WHERE project_id = ?"
	    " AND purge_at <= ?",
	    BINDS(I(project_id), I(at)), NULL, e);
}

int
care_list(struct txn *t, int64_t after, struct care_due *v, size_t n,
    size_t *got, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*got = 0;
	if (query_open(&q, t,
		"SELECT p.id, coalesce(c.surveyed_at, 0),"
		" coalesce(c.next_at, 0), " CARE_PAST_COLS CARE_FROM
		" WHERE p.id > ? AND p.state = 1 AND p.mirror_ok_at > 0"
		" ORDER BY p.id LIMIT ?",
		BINDS(I(after), I(n)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct care_due *d = &v[(*got)++];

		d->project_id = query_i64(&q);
		d->surveyed_at = query_i64(&q);
		d->next_at = query_i64(&q);
		care_fill_past(&q, &d->past);
	}
	return rc;
}
