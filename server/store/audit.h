/*
 * audit: the log of decisions and settings, a hash chain.  Rows come of the
 * writer's triggers (audit_watch.c), so that no change of a watched table is
 * without its row, and of audit_add, for what is no row of a table.  Who it
 * was is said by audit_as, before the writes of a job, and holds to the job's
 * end; without it, it was cofferd itself.
 */
#ifndef SERVER_STORE_AUDIT_H
#define SERVER_STORE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/wire/audit_row.h"

struct err;
struct str;
struct txn;

enum {
	AUDIT_WHO_MAX = 100,
	AUDIT_VIA_MAX = 40,
	AUDIT_ORIGIN_MAX = 80,
	AUDIT_REQUEST_MAX = 64,
	AUDIT_CHECK_MAX = 900, /* rows that are checked at once */
	AUDIT_SUBJECTS = 4000  /* of audit_newest_of */
};

struct audit_actor {
	int64_t id;
	char login[AUDIT_WHO_MAX + 1];
	char via[AUDIT_VIA_MAX + 1];
	char origin[AUDIT_ORIGIN_MAX + 1];
	char request[AUDIT_REQUEST_MAX + 1];
};

/* a NULL: cofferd itself.  Copied. */
void audit_as(struct txn *t, const struct audit_actor *a);

struct audit_new {
	const char *what; /* "sign-in.failed" */
	const char *subject;
	const char *details; /* JSON; NULL: {} */
	const char *old;     /* JSON; NULL: none */
	int64_t project_id;  /* 0: none */
};
int audit_add(struct txn *t, const struct audit_new *n, struct err *e);

/* Texts are owned by the list. */
struct audit_list {
	struct audit_row *at;
	size_t n;
	bool more;    /* or may be: as far as `next` all were looked at */
	int64_t next; /* `after` of what is more; or `before`, newest first */
};

struct audit_filter {
	int64_t after;      /* seq > after */
	int64_t before;     /* seq < before; 0: any */
	int64_t project_id; /* 0: any */
	const char *who;    /* NULL: any */
	const char *what;   /* it, or the word before its dot; NULL: any */
	bool newest;        /* newest first */
	int64_t limit;
};

/* At most a MiB of them, or one; and none, with `more`, when many had to be
 * looked at. */
int audit_find(struct txn *t, const struct audit_filter *f,
    struct audit_list *out, struct err *e);
void audit_list_release(struct audit_list *l);
/* The project that is called OWNER/NAME now, else the last that was when it was
 * deleted; ERR_NOTFOUND. */
int audit_project_id(
    struct txn *t, const char *full_name, int64_t *id, struct err *e);

enum {
	AUDIT_WHATS = 100,
	AUDIT_WHAT_SIZE = 64
};

struct audit_whats {
	char at[AUDIT_WHATS][AUDIT_WHAT_SIZE];
	size_t n;
};
/* What the newest 1000 rows are of, each once, by name. */
int audit_whats_get(struct txn *t, struct audit_whats *out, struct err *e);

/* For each subject the newest row of `word`.created, .changed or .deleted, but
 * of what is deleted. */
int audit_newest_of(
    struct txn *t, const char *word, struct audit_list *out, struct err *e);

struct audit_end {
	int64_t seq;
	char hash[AUDIT_HASH_HEX];
};
/* Where the chain begins: 0 and AUDIT_HASH_NONE, or behind what retention took;
 * and its last row. */
int audit_ends(struct txn *t, struct audit_end *start, struct audit_end *head,
    struct err *e);

/* The first row of that time (ms) or later, one behind the last when there is
 * none; as far as the clock went on. */
int audit_seq_at(struct txn *t, int64_t at, int64_t *seq, struct err *e);

struct audit_checked {
	int64_t n;   /* rows that are what was written */
	int64_t bad; /* the first that is not, 0: none */
};
/* The newest `max` rows (AUDIT_CHECK_MAX at most): does each hash follow from
 * the row and the hash before? */
int audit_check(
    struct txn *t, int64_t max, struct audit_checked *out, struct err *e);

/* All of it, from where it begins: the first thing that is wrong, as a
 * sentence; "" when it is whole. */
int audit_walk(struct txn *t, struct str *bad, struct err *e);
/* The hash of that row; "" when it is not there. */
int audit_hash_of(
    struct txn *t, int64_t seq, char out[AUDIT_HASH_HEX], struct err *e);

/*
 * Takes away at most `max` of the oldest rows of before `until` (ms), never the
 * last one, and says so in a row of its own.  *n: how many.
 */
int audit_prune(
    struct txn *t, int64_t until, int64_t max, int64_t *n, struct err *e);

#endif
