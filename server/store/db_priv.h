/*
 * db_priv: what the files of server/store share: a connection with its cached
 * statements, and queries over it.  SQL text is composed of literals only;
 * every value is bound.
 */
#ifndef SERVER_STORE_DB_PRIV_H
#define SERVER_STORE_DB_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/store/db.h"

struct audit_actor;
struct map;

struct txn {
	sqlite3 *sq;
	struct map *stmts;         /* SQL text -> struct stmt */
	int limit_ms;              /* CPU time of a query, 0: none */
	int64_t deadline_us;       /* of the query that runs */
	int64_t last_seq;          /* newest event appended by the group */
	struct audit_actor *actor; /* the writer's: for whom the job is */
};

int txn_open(struct txn *t, const char *path, struct err *e);
void txn_close(struct txn *t);
/* Begins to cut queries off. */
void txn_limit(struct txn *t, int ms);
/* From now on n times as long; returns the limit of before, for txn_limit. */
int txn_allow(struct txn *t, int n);
/* Always -1: what SQLite last said, as an error. */
int txn_fail(struct txn *t, int rc, const char *what, struct err *e);
/* To that version, DB_SCHEMA_VERSION but in tests. */
int schema_migrate(struct txn *t, int64_t to, struct err *e);

enum bind_type {
	BIND_END,
	BIND_I64,
	BIND_TEXT, /* NULL is "" */
	BIND_BLOB
};

struct bind {
	enum bind_type type;
	int64_t i;
	const char *s; /* lives until query_end */
	size_t n;
};

#define I(v) ((struct bind){ .type = BIND_I64, .i = (int64_t)(v) })
#define S(v) ((struct bind){ .type = BIND_TEXT, .s = (v) })
#define B(p, len) \
	((struct bind){ .type = BIND_BLOB, .s = (const char *)(p), .n = (len) })
#define BINDS(...) ((const struct bind[]){ __VA_ARGS__, { .type = BIND_END } })

/*
 * One execution of a statement.  Columns are read left to right: each query_*
 * takes the next one of the row.
 */
struct query {
	struct txn *t;
	struct stmt *stmt;
	int col;
};

#define AUTO_QUERY __attribute__((cleanup(query_end)))
#define QUERY_INIT ((struct query){ .t = NULL })

int query_open(struct query *q, struct txn *t, const char *sql,
    const struct bind *binds, struct err *e);
int query_next(struct query *q, struct err *e); /* 1 a row, 0 the end, -1 */
/* Opens at the first row; there is none: ERR_NOTFOUND with `what`. */
int query_one(struct query *q, struct txn *t, const char *sql,
    const struct bind *binds, const char *what, struct err *e);
void query_end(struct query *q); /* idempotent */
int64_t query_i64(struct query *q);
bool query_bool(struct query *q);
/* Owned. */
char *query_text(struct query *q) __attribute__((returns_nonnull));
void query_name(struct query *q, char *out, size_t size);
/* At most size bytes; how many there are. */
size_t query_blob(struct query *q, unsigned char *out, size_t size);
#define QUERY_NAME(q, array) query_name((q), (array), sizeof(array))

/* Runs to the end; *changes may be NULL. */
int db_exec(struct txn *t, const char *sql, const struct bind *binds,
    int64_t *changes, struct err *e);
/* As above; no row changed: ERR_BUSY or whatever `none` says, with `what`. */
int db_exec_one(struct txn *t, const char *sql, const struct bind *binds,
    enum err_code none, const char *what, struct err *e);
/* One number; 0 when there is no row. */
int db_number(struct txn *t, const char *sql, const struct bind *binds,
    int64_t *out, struct err *e);
int64_t db_last_id(struct txn *t);

/* A WHERE of literals, AND between them.  At most WHERE_MAX values. */
enum {
	WHERE_MAX = 64
};

struct where {
	struct str sql;
	struct bind binds[WHERE_MAX + 1];
	size_t n;
};

#define WHERE_INIT ((struct where){ .n = 0 })
#define AUTO_WHERE __attribute__((cleanup(where_release)))

void where_release(struct where *w);
/* cond has as many '?' as there are values. */
void where_add(struct where *w, const char *cond);
void where_add1(struct where *w, const char *cond, struct bind a);
void where_add2(
    struct where *w, const char *cond, struct bind a, struct bind b);
void where_add3(struct where *w, const char *cond, struct bind a, struct bind b,
    struct bind c);
/* For a '?' behind the WHERE, before the LIMIT. */
void where_value(struct where *w, struct bind a);
/* How many rows of `from` are under w, at most DB_COUNT_MAX. */
int where_count(const struct where *w, struct txn *t, const char *from,
    int64_t *out, struct err *e);
/* parts[0] + w + parts[1] + LIMIT ? OFFSET ? + parts[2], if not NULL. */
int where_open(struct where *w, struct query *q, struct txn *t,
    const char *const parts[3], int64_t limit, int64_t offset, struct err *e);
/* One number of `head` + w. */
int where_number(const struct where *w, struct txn *t, const char *head,
    int64_t *out, struct err *e);
int64_t db_limit(int64_t limit); /* in 1..DB_LIST_MAX; 0 is the maximum */

/* The next element, zeroed; doubles the array as it grows. */
void *rows_grow(void *at, size_t n, size_t size);
#define LIST_ADD(l)                                              \
	((l)->at = rows_grow((l)->at, (l)->n, sizeof(*(l)->at)), \
	    &(l)->at[(l)->n++])

enum {
	HASH_BYTES = 32
};

void store_hash(const char *secret, unsigned char out[HASH_BYTES]);

#endif
