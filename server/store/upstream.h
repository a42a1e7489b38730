/*
 * upstream: what is known of a project's upstream beside its refs: what the
 * API of its forge says, and what the mirror remembers between two
 * synchronisations.  A project without a row has an empty struct.
 */
#ifndef SERVER_STORE_UPSTREAM_H
#define SERVER_STORE_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct txn;

/* Text is owned, never NULL when it comes from the store, "" is none. */
struct upstream_info {
	int64_t checked_at; /* 0: never; also of a check that failed */
	char *etag;
	char *full_name;
	char *description;
	char *default_branch;
	char *parent; /* what it is a fork of */
	char *pushed_at;
	bool archived;
	bool is_private;
	bool disabled;
	char *moved_to; /* where its API says it went: shown, not followed */
	char *error;
};

void upstream_info_release(struct upstream_info *x);
int upstream_get(struct txn *t, int64_t project_id, struct upstream_info *out,
    struct err *e);
/* The whole struct. */
int upstream_put(struct txn *t, int64_t project_id,
    const struct upstream_info *x, struct err *e);

/* Each is JSON that the server wrote, or "". */
struct mirror_memo {
	char *waiting;    /* an array */
	char *report;     /* an object */
	char *contents;   /* an object */
	char *unverified; /* an array */
};

enum mirror_memo_part {
	MIRROR_MEMO_WAITING,
	MIRROR_MEMO_REPORT,
	MIRROR_MEMO_CONTENTS,
	MIRROR_MEMO_UNVERIFIED
};

void mirror_memo_release(struct mirror_memo *x);
int mirror_memo_get(
    struct txn *t, int64_t project_id, struct mirror_memo *out, struct err *e);
int mirror_memo_set(struct txn *t, int64_t project_id,
    enum mirror_memo_part part, const char *json, struct err *e);

#endif
