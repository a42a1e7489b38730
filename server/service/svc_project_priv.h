/* svc_project_priv: making and removing a project, for the use cases that are
 * more than that. */
#ifndef SERVER_SERVICE_SVC_PROJECT_PRIV_H
#define SERVER_SERVICE_SVC_PROJECT_PRIV_H

#include "server/service/svc_project.h"

struct project;
struct txn;

/* For a struct that begins with one: its defaults, and what it owns. */
void svc_project_create_init(struct svc_project_create *op);
void svc_project_create_release(void *op);
/* On the loop: name, upstream and settings; fills in the name. */
int svc_project_check_new(struct svc_project_create *op, struct err *e);
/* In a job: rows and events; op->project is the new one. */
int svc_project_insert(
    struct txn *t, struct svc_project_create *op, struct err *e);
/* In a job.  want NULL: no data. */
int svc_project_event(struct txn *t, const struct svc_op *op, int64_t id,
    const char *kind, const char *want, struct err *e);
/* In a job: begins the removal, and ends it when there is no sandbox. */
int svc_project_remove(struct txn *t, const struct svc_op *op,
    const struct project *p, bool *purged, struct err *e);
/* In a job.  Some rows of one that is being removed; the last: *purged. */
int svc_project_purge(struct txn *t, const struct svc_op *op, int64_t id,
    bool *purged, struct err *e);
/* On the loop, when the rows of one are gone: its files. */
void svc_project_forget(struct svc *s, int64_t id);

#endif
