/*
 * svc_purge: ends the removal of projects that have too many rows for one
 * transaction: a few at a time, between other writes, one project after the
 * other.  A start goes on with what the last one left.  Then the files that no
 * row names any more: environments of runs that ended.
 */
#ifndef SERVER_SERVICE_SVC_PURGE_H
#define SERVER_SERVICE_SVC_PURGE_H

struct svc;
struct svc_purge;

struct svc_purge *svc_purge_new(struct svc *s) __attribute__((returns_nonnull));
void svc_purge_stop(struct svc_purge *p);
void svc_purge_free(struct svc_purge *p); /* when the database is closed */
/* Soon looks for what is to go; NULL is fine. */
void svc_purge_soon(struct svc_purge *p);

#endif
