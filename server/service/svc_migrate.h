/*
 * svc_migrate: a project made and its first sync waited for.  It has no sandbox
 * until then, and when the sync fails it is removed again, so that a failure
 * leaves nothing.
 */
#ifndef SERVER_SERVICE_SVC_MIGRATE_H
#define SERVER_SERVICE_SVC_MIGRATE_H

#include "lib/base/err.h"
#include "server/domain/mirror_fail.h"
#include "server/service/svc_project.h"

struct timer;

enum {
	SVC_MIGRATE_MAX_S = 600
};

struct svc_migrate {
	struct svc_project_create make; /* .project is the result */
	char *token;                    /* of the upstream, NULL: none */
	enum mirror_fail kind;          /* out: why the sync failed */
	/* The rest is its own. */
	struct timer *timer;
	uint64_t handle;
	struct err fail;
	bool purged;
};
struct svc_migrate *svc_migrate_new(struct svc *s, const struct identity *who);
void svc_migrate(struct svc_migrate *op, svc_done_fn *done, void *arg);

#endif
