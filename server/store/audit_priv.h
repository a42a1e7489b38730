/* audit_priv: what the writer's connection does for the audit log. */
#ifndef SERVER_STORE_AUDIT_PRIV_H
#define SERVER_STORE_AUDIT_PRIV_H

#include "lib/base/view.h"
#include "lib/wire/audit_row.h"

struct err;
struct query;
struct str;
struct txn;

#define AUDIT_COLS                                                         \
	"seq, at, who_id, who, via, origin, request, project_id, project," \
	" what, subject, event, old, new, hash"

/* A row of these columns; its texts are its own. */
void audit_fill(struct query *q, struct audit_row *r);
void audit_row_release(struct audit_row *r);
void audit_hash(
    const struct audit_row *r, const char *before, char out[AUDIT_HASH_HEX]);

/* JSON of more than a KiB, with its long values told by their hash. */
void audit_short(struct view text, struct str *out);
/* Makes it a function of SQL, which leaves a short text as it is. */
int audit_short_register(struct txn *t);

/* Of the writer, after the migration: makes its triggers. */
int audit_watch(struct txn *t, struct err *e);
void audit_unwatch(struct txn *t);
/* Before COMMIT: links the rows of the group. */
int audit_seal(struct txn *t, struct err *e);

#endif
