#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "server/store/db_priv.h"

enum {
	STMTS_MAX = 400, /* cached per connection; bounds composed WHEREs */
	PROGRESS_OPS = 500
};

struct stmt {
	sqlite3_stmt *st;
	bool cached;
	bool busy; /* a second use at the same time gets one of its own */
};

static int64_t
txn_cpu_us(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == -1)
		return 0;
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* CPU time, so that a busy machine does not cut off an innocent query. */
static int
txn_on_progress(void *arg)
{
	const struct txn *t = arg;

	return t->limit_ms > 0 && txn_cpu_us() > t->deadline_us;
}

void
txn_limit(struct txn *t, int ms)
{
	t->limit_ms = ms;
	sqlite3_progress_handler(
	    t->sq, PROGRESS_OPS, ms > 0 ? txn_on_progress : NULL, t);
}

int
txn_allow(struct txn *t, int n)
{
	int was = t->limit_ms;

	t->limit_ms *= n;
	return was;
}

int
txn_open(struct txn *t, const char *path, struct err *e)
{
	static const char pragmas[] = "PRAGMA journal_mode=WAL;"
				      "PRAGMA synchronous=FULL;"
				      "PRAGMA foreign_keys=ON;"
				      "PRAGMA wal_autocheckpoint=0;"
				      "PRAGMA temp_store=MEMORY;"
				      "PRAGMA cache_size=-16384;";
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int rc;

	memset(t, 0, sizeof(*t));
	rc = sqlite3_open_v2(path, &t->sq, flags, NULL);
	if (rc != SQLITE_OK) {
		(void)txn_fail(t, rc, "open", e);
		txn_close(t);
		return -1;
	}
	t->stmts = map_new();
	(void)sqlite3_busy_timeout(t->sq, 5000);
	(void)sqlite3_db_config(
	    t->sq, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	rc = sqlite3_exec(t->sq, pragmas, NULL, NULL, NULL);
	if (rc != SQLITE_OK) {
		(void)txn_fail(t, rc, "prepare connection", e);
		txn_close(t);
		return -1;
	}
	return 0;
}

void
txn_close(struct txn *t)
{
	size_t cursor = 0;
	void *v = NULL;

	if (t->stmts != NULL) {
		while (map_next(t->stmts, &cursor, NULL, &v)) {
			struct stmt *s = v;

			(void)sqlite3_finalize(s->st);
			free(s);
		}
		map_free(t->stmts);
		t->stmts = NULL;
	}
	(void)sqlite3_close(t->sq);
	t->sq = NULL;
}

static enum err_code
txn_error_code(int rc)
{
	switch (rc) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return ERR_EXISTS;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return ERR_NOTFOUND;
	default:
		break;
	}
	switch (rc & 0xff) {
	/* ERR_BUSY is a compare-and-set that found another value. */
	case SQLITE_INTERRUPT:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
		return ERR_TIMEOUT;
	case SQLITE_TOOBIG:
		return ERR_LIMIT;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_IO;
	default:
		return ERR_INTERNAL;
	}
}

int
txn_fail(struct txn *t, int rc, const char *what, struct err *e)
{
	return err_set(e, txn_error_code(rc), "database: %s: %s%s", what,
	    t->sq == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(t->sq),
	    (rc & 0xff) == SQLITE_FULL ? "; make room on the disk of HOME"
				       : "");
}

static struct stmt *
stmt_find(struct txn *t, const char *sql, struct err *e)
{
	struct stmt *s = map_get(t->stmts, sql);
	int rc;

	if (s != NULL && !s->busy)
		return s;
	s = xcalloc(1, sizeof(*s));
	rc = sqlite3_prepare_v3(
	    t->sq, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->st, NULL);
	if (rc != SQLITE_OK) {
		free(s);
		(void)txn_fail(t, rc, "prepare", e);
		return NULL;
	}
	if (map_get(t->stmts, sql) == NULL && map_count(t->stmts) < STMTS_MAX) {
		s->cached = true;
		(void)map_put(t->stmts, sql, s);
	}
	return s;
}

static int
stmt_bind(sqlite3_stmt *st, int at, const struct bind *b)
{
	switch (b->type) {
	case BIND_I64:
		return sqlite3_bind_int64(st, at, b->i);
	case BIND_TEXT:
		return sqlite3_bind_text(
		    st, at, b->s == NULL ? "" : b->s, -1, SQLITE_STATIC);
	case BIND_BLOB:
		return sqlite3_bind_blob64(st, at, b->s, b->n, SQLITE_STATIC);
	case BIND_END:
	default:
		die("store bad-bind type=%d", (int)b->type);
	}
}

int
query_open(struct query *q, struct txn *t, const char *sql,
    const struct bind *binds, struct err *e)
{
	struct stmt *s = stmt_find(t, sql, e);
	int at = 0, rc = SQLITE_OK;

	if (s == NULL)
		return -1;
	s->busy = true;
	*q = (struct query){ .t = t, .stmt = s };
	for (; binds != NULL && binds[at].type != BIND_END; at++) {
		rc = stmt_bind(s->st, at + 1, &binds[at]);
		if (rc != SQLITE_OK)
			break;
	}
	if (rc == SQLITE_OK && at != sqlite3_bind_parameter_count(s->st))
		die("store values-do-not-match sql=%s", log_val(sql));
	if (rc != SQLITE_OK) {
		(void)txn_fail(t, rc, "bind", e);
		query_end(q);
		return -1;
	}
	if (t->limit_ms > 0)
		t->deadline_us = txn_cpu_us() + (int64_t)t->limit_ms * 1000;
	return 0;
}

int
query_next(struct query *q, struct err *e)
{
	int rc = sqlite3_step(q->stmt->st);

	q->col = 0;
	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	return txn_fail(q->t, rc, "query", e);
}

int
query_one(struct query *q, struct txn *t, const char *sql,
    const struct bind *binds, const char *what, struct err *e)
{
	int rc;

	if (query_open(q, t, sql, binds, e) == -1)
		return -1;
	rc = query_next(q, e);
	if (rc == -1)
		return -1;
	return rc == 1 ? 0 : err_set(e, ERR_NOTFOUND, "%s", what);
}

void
query_end(struct query *q)
{
	struct stmt *s = q->stmt;

	if (s == NULL)
		return;
	q->stmt = NULL;
	if (!s->cached) {
		(void)sqlite3_finalize(s->st);
		free(s);
		return;
	}
	(void)sqlite3_reset(s->st);
	(void)sqlite3_clear_bindings(s->st);
	s->busy = false;
}

int64_t
query_i64(struct query *q)
{
	return sqlite3_column_int64(q->stmt->st, q->col++);
}

bool
query_bool(struct query *q)
{
	return query_i64(q) != 0;
}

char *
query_text(struct query *q)
{
	const void *p = sqlite3_column_text(q->stmt->st, q->col);
	int n = sqlite3_column_bytes(q->stmt->st, q->col);

	q->col++;
	return xstrndup(p == NULL ? "" : p, p == NULL ? 0 : (size_t)n);
}

size_t
query_blob(struct query *q, unsigned char *out, size_t size)
{
	const void *p = sqlite3_column_blob(q->stmt->st, q->col);
	size_t n = (size_t)sqlite3_column_bytes(q->stmt->st, q->col);

	q->col++;
	if (p != NULL && n > 0)
		memcpy(out, p, n < size ? n : size);
	return n;
}

void
query_name(struct query *q, char *out, size_t size)
{
	const void *p = sqlite3_column_text(q->stmt->st, q->col);
	size_t n = (size_t)sqlite3_column_bytes(q->stmt->st, q->col);

	q->col++;
	if (p == NULL)
		n = 0;
	if (n > size - 1)
		n = size - 1;
	if (n > 0)
		memcpy(out, p, n);
	out[n] = '\0';
}

int
db_exec(struct txn *t, const char *sql, const struct bind *binds,
    int64_t *changes, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, t, sql, binds, e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		continue;
	if (rc == -1)
		return -1;
	if (changes != NULL)
		*changes = sqlite3_changes64(t->sq);
	return 0;
}

int
db_exec_one(struct txn *t, const char *sql, const struct bind *binds,
    enum err_code none, const char *what, struct err *e)
{
	int64_t n = 0;

	if (db_exec(t, sql, binds, &n, e) == -1)
		return -1;
	if (n == 0)
		return err_set(e, none, "%s", what);
	return 0;
}

int
db_number(struct txn *t, const char *sql, const struct bind *binds,
    int64_t *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, t, sql, binds, e) == -1)
		return -1;
	rc = query_next(&q, e);
	if (rc == -1)
		return -1;
	*out = rc == 1 ? query_i64(&q) : 0;
	/* A statement with RETURNING is complete at its end only. */
	while (rc == 1)
		rc = query_next(&q, e);
	return rc;
}

int64_t
db_last_id(struct txn *t)
{
	return sqlite3_last_insert_rowid(t->sq);
}

void
where_release(struct where *w)
{
	str_release(&w->sql);
}

void
where_add(struct where *w, const char *cond)
{
	str_add(&w->sql, w->sql.len == 0 ? " WHERE " : " AND ");
	str_add(&w->sql, cond);
}

static void
where_bind(struct where *w, struct bind b)
{
	if (w->n >= WHERE_MAX)
		die("store where-too-long n=%zu", w->n);
	w->binds[w->n++] = b;
}

void
where_value(struct where *w, struct bind a)
{
	where_bind(w, a);
}

void
where_add1(struct where *w, const char *cond, struct bind a)
{
	where_add(w, cond);
	where_bind(w, a);
}

void
where_add2(struct where *w, const char *cond, struct bind a, struct bind b)
{
	where_add1(w, cond, a);
	where_bind(w, b);
}

void
where_add3(struct where *w, const char *cond, struct bind a, struct bind b,
    struct bind c)
{
	where_add2(w, cond, a, b);
	where_bind(w, c);
}

int
where_count(const struct where *w, struct txn *t, const char *from,
    int64_t *out, struct err *e)
{
	AUTO_STR struct str sql = STR_INIT;

	str_addf(&sql, "SELECT count(*) FROM (SELECT 1 FROM %s%s LIMIT %d)",
	    from, str_cstr(&w->sql), (int)DB_COUNT_MAX);
	return db_number(t, str_cstr(&sql), w->binds, out, e);
}

int
where_number(const struct where *w, struct txn *t, const char *head,
    int64_t *out, struct err *e)
{
	AUTO_STR struct str sql = STR_INIT;

	str_add(&sql, head);
	str_addv(&sql, str_view(&w->sql));
	return db_number(t, str_cstr(&sql), w->binds, out, e);
}

int
where_open(struct where *w, struct query *q, struct txn *t,
    const char *const parts[3], int64_t limit, int64_t offset, struct err *e)
{
	AUTO_STR struct str sql = STR_INIT;

	str_add(&sql, parts[0]);
	str_addv(&sql, str_view(&w->sql));
	str_add(&sql, parts[1]);
	str_add(&sql, " LIMIT ? OFFSET ?");
	if (parts[2] != NULL)
		str_add(&sql, parts[2]);
	where_bind(w, I(db_limit(limit)));
	where_bind(w, I(offset < 0 ? 0 : offset));
	return query_open(q, t, str_cstr(&sql), w->binds, e);
}

int64_t
db_limit(int64_t limit)
{
	return limit <= 0 || limit > DB_LIST_MAX ? DB_LIST_MAX : limit;
}

void *
rows_grow(void *at, size_t n, size_t size)
{
	if (n == 0)
		at = xrealloc(at, 8 * size);
	else if (n >= 8 && (n & (n - 1)) == 0)
		at = xrealloc(at, 2 * n * size);
	memset((char *)at + n * size, 0, size);
	return at;
}

void
store_hash(const char *secret, unsigned char out[HASH_BYTES])
{
	(void)crypto_hash_sha256(
	    out, (const unsigned char *)secret, strlen(secret));
}
