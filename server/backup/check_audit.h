/*
 * check_audit: the audit log of a home's database against itself, and against
 * the heads that agentd signed where cofferd cannot write.
 */
#ifndef SERVER_BACKUP_CHECK_AUDIT_H
#define SERVER_BACKUP_CHECK_AUDIT_H

struct err;
struct snapshot;

typedef void checkaudit_fn(const char *name, const char *what, void *arg);

/* A call for each thing that is wrong. */
int checkaudit(const char *home, struct snapshot *db, checkaudit_fn *fn,
    void *arg, struct err *e);

#endif
