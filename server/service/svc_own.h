/*
 * svc_own: a project without an upstream, with a first commit if that is asked
 * for.  When the commit cannot be made the project is removed again.
 */
#ifndef SERVER_SERVICE_SVC_OWN_H
#define SERVER_SERVICE_SVC_OWN_H

#include "lib/base/err.h"
#include "server/service/svc_project.h"

struct svc_own {
	struct svc_project_create make; /* .project is the result */
	bool auto_init;                 /* README.md on the default branch */
	char *noreply;   /* address of whoever asks and has none */
	int64_t lease_s; /* 0: it stays; else svc_lease's */
	/* The rest is its own. */
	struct err fail;
	bool purged;
};
struct svc_own *svc_own_new(struct svc *s, const struct identity *who);
void svc_own(struct svc_own *op, svc_done_fn *done, void *arg);

#endif
