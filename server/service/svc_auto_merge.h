/*
 * svc_auto_merge: merges that wait for the gate.  Whatever may open it (a
 * status, a verdict, the end of a check, a changed protection) is an event;
 * after the commit that brings one, what waits in its project is tried again.
 */
#ifndef SERVER_SERVICE_SVC_AUTO_MERGE_H
#define SERVER_SERVICE_SVC_AUTO_MERGE_H

#include "server/service/svc.h"

struct svc_auto;

struct svc_auto *svc_auto_new(struct svc *s);
/* Nothing more is tried; before the free. */
void svc_auto_stop(struct svc_auto *a);
void svc_auto_free(struct svc_auto *a); /* NULL is fine */
/* What waited when the server ended is tried. */
void svc_auto_start(struct svc *s);
/* To be called after each commit, with the newest event. */
void svc_auto_on_commit(struct svc *s, int64_t last_seq);

/* One waits now in that project. */
void svc_auto_merge_added(struct svc *s, int64_t project);
/* Somebody's role in that project changed, of which there is no event. */
void svc_auto_merge_look(struct svc *s, int64_t project);
/* In a job: the timeline and the event of one that waits, or no longer. */
int svc_auto_merge_say(struct txn *t, const struct svc_op *op, int64_t project,
    int64_t number, bool waits, struct err *e);
/* In a job: what waits waits no longer; nothing waiting is no error. */
int svc_auto_merge_end(struct txn *t, const struct svc_op *op, int64_t project,
    int64_t number, struct err *e);

/* A maintainer's. */
struct svc_auto_cancel {
	struct svc_op op;
	int64_t project_id;
	int64_t number;
};
struct svc_auto_cancel *svc_auto_cancel_new(
    struct svc *s, const struct identity *who);
void svc_auto_cancel(struct svc_auto_cancel *op, svc_done_fn *done, void *arg);

#endif
