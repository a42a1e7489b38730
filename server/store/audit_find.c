/*
 * audit_find: rows of the log by what they are, by whom, and of which project,
 * from one row on.  No index has all three, so it looks at some thousand rows
 * that one of them chooses, of the three the one that leads farthest, and says
 * how far it came.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/store/audit.h"
#include "server/store/audit_priv.h"
#include "server/store/db_priv.h"

enum {
	AUDIT_LOOK = 1000, /* rows that are looked at in a turn */
	AUDIT_TURNS = 4,
	AUDIT_KINDS = 32, /* of one word */
	AUDIT_BYTES = 1 << 20
};

enum audit_by {
	BY_PROJECT,
	BY_WHO,
	BY_WHAT,
	BY_SEQ
};

static const char *const audit_from[] = {
	[BY_PROJECT] = "SELECT seq FROM audit INDEXED BY audit_project",
	[BY_WHO] = "SELECT seq FROM audit INDEXED BY audit_who",
	[BY_WHAT] = "SELECT seq FROM audit INDEXED BY audit_what",
	[BY_SEQ] = "SELECT seq FROM audit",
};

struct audit_scan {
	struct txn *t;
	const struct audit_filter *f;
	const char *kinds[AUDIT_KINDS];
	size_t n_kinds;    /* 0: any */
	int64_t low, high; /* low < seq < high are to be looked at */
	int64_t seqs[DB_LIST_MAX];
	int64_t n, want;
	bool is_end;
};

static bool
audit_has(const struct audit_scan *s, enum audit_by by)
{
	switch (by) {
	case BY_PROJECT:
		return s->f->project_id != 0;
	case BY_WHO:
		return s->f->who != NULL;
	case BY_WHAT:
		return s->n_kinds > 0;
	case BY_SEQ:
	default:
		return false;
	}
}

static void
audit_where_kinds(
    struct where *w, const char *const *kinds, size_t n, struct str *cond)
{
	str_add(cond, "what IN (");
	for (size_t i = 0; i < n; i++)
		str_add(cond, i == 0 ? "?" : ", ?");
	str_addc(cond, ')');
	where_add(w, str_cstr(cond));
	for (size_t i = 0; i < n; i++)
		where_value(w, S(kinds[i]));
}

static void
audit_where(struct where *w, const struct audit_scan *s, enum audit_by by)
{
	AUTO_STR struct str cond = STR_INIT;

	if (by == BY_PROJECT)
		where_add1(w, "project_id = ?", I(s->f->project_id));
	else if (by == BY_WHO)
		where_add1(w, "who = ?", S(s->f->who));
	else if (by == BY_WHAT)
		audit_where_kinds(w, s->kinds, s->n_kinds, &cond);
}

static void
audit_where_span(struct where *w, int64_t low, int64_t high)
{
	where_add1(w, "seq > ?", I(low));
	where_add1(w, "seq < ?", I(high));
}

static const char *
audit_order(const struct audit_scan *s)
{
	return s->f->newest ? " ORDER BY seq DESC" : " ORDER BY seq";
}

/* The nth row that is so; what is behind all rows when there is none. */
static int
audit_nth(const struct audit_scan *s, enum audit_by by, const char *kind,
    int64_t n, int64_t *seq, struct err *e)
{
	const char *const sql[3] = { audit_from[by], audit_order(s) };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	int rc;

	if (kind != NULL)
		where_add1(&w, "what = ?", S(kind));
	else
		audit_where(&w, s, by);
	audit_where_span(&w, s->low, s->high);
	if (where_open(&w, &q, s->t, sql, 1, n, e) == -1 ||
	    (rc = query_next(&q, e)) == -1)
		return -1;
	if (rc == 1)
		*seq = query_i64(&q);
	else
		*seq = s->f->newest ? s->low : s->high;
	return 0;
}

static bool
audit_is_farther(const struct audit_scan *s, int64_t a, int64_t b)
{
	return s->f->newest ? a < b : a > b;
}

/* How far some rows of that lead. */
static int
audit_reach(
    const struct audit_scan *s, enum audit_by by, int64_t *seq, struct err *e)
{
	if (by != BY_WHAT)
		return audit_nth(s, by, NULL, AUDIT_LOOK, seq, e);
	for (size_t i = 0; i < s->n_kinds; i++) {
		int64_t to;

		if (audit_nth(s, by, s->kinds[i],
			AUDIT_LOOK / (int64_t)s->n_kinds, &to, e) == -1)
			return -1;
		if (i == 0 || audit_is_farther(s, *seq, to))
			*seq = to;
	}
	return 0;
}

/* By what to look, and as far as which row; that one, too. */
static int
audit_choose(
    struct audit_scan *s, enum audit_by *by, int64_t *until, struct err *e)
{
	int n = 0;

	*by = BY_SEQ;
	*until = s->f->newest ? s->low : s->high;
	for (enum audit_by b = BY_PROJECT; b < BY_SEQ; b++)
		if (audit_has(s, b)) {
			*by = b;
			n++;
		}
	/* What one index has in order needs no end. */
	if (n == 0 || (n == 1 && s->n_kinds < 2))
		return 0;
	*by = BY_SEQ;
	for (enum audit_by b = BY_PROJECT; b < BY_SEQ; b++) {
		int64_t to;

		if (!audit_has(s, b))
			continue;
		if (audit_reach(s, b, &to, e) == -1)
			return -1;
		if (*by == BY_SEQ || audit_is_farther(s, to, *until)) {
			*by = b;
			*until = to;
		}
	}
	return 0;
}

/* One turn: the numbers of the next rows. */
static int
audit_look(struct audit_scan *s, struct err *e)
{
	const char *sql[3] = { NULL, audit_order(s) };
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_WHERE struct where w = WHERE_INIT;
	enum audit_by by;
	int64_t until;
	int rc;

	if (audit_choose(s, &by, &until, e) == -1)
		return -1;
	sql[0] = audit_from[by];
	for (enum audit_by b = BY_PROJECT; b < BY_SEQ; b++)
		if (audit_has(s, b))
			audit_where(&w, s, b);
	s->is_end = until <= s->low || until >= s->high;
	if (s->is_end)
		audit_where_span(&w, s->low, s->high);
	else if (s->f->newest)
		audit_where_span(&w, until - 1, s->high);
	else
		audit_where_span(&w, s->low, until + 1);
	if (where_open(&w, &q, s->t, sql, s->want - s->n, 0, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1 && s->n < s->want)
		s->seqs[s->n++] = query_i64(&q);
	if (s->f->newest)
		s->high = until;
	else
		s->low = until;
	return rc == -1 ? -1 : 0;
}

/* The rows themselves, until they weigh too much; one at least. */
static int
audit_load(
    struct audit_scan *s, int64_t limit, struct audit_list *out, struct err *e)
{
	size_t bytes = 0;

	for (int64_t i = 0; i < s->n; i++) {
		AUTO_QUERY struct query q = QUERY_INIT;
		struct audit_row r;
		int rc;

		if (i == limit) {
			out->more = true;
			return 0;
		}
		if (query_open(&q, s->t,
			"SELECT " AUDIT_COLS
			" FROM audit WHERE seq = ? AND hash <> ''",
			BINDS(I(s->seqs[i])), e) == -1 ||
		    (rc = query_next(&q, e)) == -1)
			return -1;
		if (rc == 1) {
			audit_fill(&q, &r);
			bytes += strlen(r.old) + strlen(r.new_);
			if (bytes > AUDIT_BYTES && out->n > 0) {
				audit_row_release(&r);
				out->more = true;
				return 0;
			}
			*LIST_ADD(out) = r;
		}
		out->next = s->seqs[i];
	}
	out->more = !s->is_end;
	if (out->more)
		out->next = s->f->newest ? s->high : s->low;
	return 0;
}

/* What it is, and what begins with it and a dot. */
static int
audit_kinds(struct audit_scan *s, struct audit_whats *family, struct err *e)
{
	static const char
	    sql[] = "WITH RECURSIVE kind (k) AS (SELECT min(what) FROM audit"
		    " WHERE what > ?1 || '.' AND what < ?1 || '/'"
		    " UNION ALL SELECT (SELECT min(what) FROM audit"
		    " WHERE what > k AND what < ?1 || '/') FROM kind"
		    " WHERE k IS NOT NULL)"
		    " SELECT k FROM kind WHERE k IS NOT NULL LIMIT ?2";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	family->n = 0;
	if (s->f->what == NULL)
		return 0;
	s->kinds[s->n_kinds++] = s->f->what;
	if (query_open(
		&q, s->t, sql, BINDS(S(s->f->what), I(AUDIT_KINDS)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		if (s->n_kinds == AUDIT_KINDS)
			return err_set(e, ERR_LIMIT,
			    "more than %d kinds begin with %.64s.",
			    AUDIT_KINDS - 1, s->f->what);
		QUERY_NAME(&q, family->at[family->n]);
		s->kinds[s->n_kinds++] = family->at[family->n++];
	}
	return rc;
}

int
audit_find(struct txn *t, const struct audit_filter *f, struct audit_list *out,
    struct err *e)
{
	AUTO_FREE struct audit_whats *family = xcalloc(1, sizeof(*family));
	AUTO_FREE struct audit_scan *s = xcalloc(1, sizeof(*s));
	int64_t limit = db_limit(f->limit);
	int rc;

	*out = (struct audit_list){ .n = 0 };
	if (limit == DB_LIST_MAX)
		limit--;
	s->t = t;
	s->f = f;
	s->low = f->after;
	s->high = f->before != 0 ? f->before : INT64_MAX;
	s->want = limit + 1; /* One more tells whether there is more. */
	rc = audit_kinds(s, family, e);
	for (int i = 0;
	     rc == 0 && i < AUDIT_TURNS && !s->is_end && s->n < s->want; i++)
		rc = audit_look(s, e);
	if (rc == 0)
		rc = audit_load(s, limit, out, e);
	if (rc == -1)
		audit_list_release(out);
	return rc;
}
