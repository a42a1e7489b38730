/* audit_priv: what the writer's connection does for the audit log. */
#ifndef SERVER_STORE_AUDIT_PRIV_H
#define SERVER_STORE_AUDIT_PRIV_H

struct err;
struct txn;

/* Of the writer, after the migration: makes its triggers. */
int audit_watch(struct txn *t, struct err *e);
void audit_unwatch(struct txn *t);
/* Before COMMIT: links the rows of the group. */
int audit_seal(struct txn *t, struct err *e);

#endif
