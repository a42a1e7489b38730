/*
 * svc_audit: rows of the audit log for what is no row of a table: files that a
 * person sets, refs that one brings back, and what was done to a home from
 * outside.
 */
#ifndef SERVER_SERVICE_SVC_AUDIT_H
#define SERVER_SERVICE_SVC_AUDIT_H

#include <stdint.h>

struct identity;
struct svc;

struct svc_audit_note {
	const char *what;
	const char *subject;
	int64_t project;     /* 0: none */
	const char *details; /* JSON; NULL: {} */
};
/* Copied.  It is queued before the caller goes on: what is set by a file is
 * set after it. */
void svc_audit_note(
    struct svc *s, const struct identity *who, const struct svc_audit_note *n);

/* At start: when this home was restored from a backup (the file `path` says
 * so), a row of that; then the file goes. */
void svc_audit_restored(struct svc *s, const char *path);

/* A row for each backup that was made since the last look (its file in HOME/db
 * says so); then the file goes. */
void svc_audit_backups(struct svc *s);

#endif
