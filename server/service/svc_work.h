/*
 * svc_work: may a sandbox be taken away?  Not while runs go on in it, nor while
 * there is work in it that exists nowhere else: agentd is asked, by the event
 * sandbox.asked, and looks into it.  One that agentd cannot look into, or does
 * not in time, is refused as well.  All on the loop.
 */
#ifndef SERVER_SERVICE_SVC_WORK_H
#define SERVER_SERVICE_SVC_WORK_H

#include "lib/base/str.h"
#include "lib/base/view.h"
#include "server/service/svc.h"

struct svc_works;

enum {
	SVC_WORK_WAIT_MS = 90 * 1000
};

struct svc_works *svc_works_new(struct svc *s) __attribute__((returns_nonnull));
/* Who waits is refused, and who comes later. */
void svc_works_stop(struct svc_works *w);
void svc_works_free(struct svc_works *w); /* when the database is closed */

struct svc_work_check {
	struct svc_op op;
	int64_t project_id;
	enum perm_verb verb; /* what is to be done needs it */
	struct str lost;     /* out, with ERR_EXISTS: what agentd saw, or "" */
};
struct svc_work_check *svc_work_check_new(
    struct svc *s, const struct identity *who);
/* ERR_EXISTS: something would be lost, or nobody can say.  Done at once for a
 * project without a sandbox. */
void svc_work_check(struct svc_work_check *op, svc_done_fn *done, void *arg);

/* What agentd saw in a project's sandbox, as in the event sandbox.work; it
 * began when the event `asked` was the newest to ask.  Did somebody wait? */
bool svc_work_heard(
    struct svc_works *w, int64_t project, int64_t asked, struct view data);

#endif
