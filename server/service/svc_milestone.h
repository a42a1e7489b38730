/* svc_milestone: a project's milestones; a maintainer's work. */
#ifndef SERVER_SERVICE_SVC_MILESTONE_H
#define SERVER_SERVICE_SVC_MILESTONE_H

#include "server/domain/items.h"
#include "server/service/svc.h"

/* Makes one when id is 0, else changes it; NULL and 0: as it is. */
struct svc_milestone_write {
	struct svc_op op;
	int64_t project_id;
	int64_t id;
	char *title;
	char *description;
	enum issue_state state;
	bool set_due;
	int64_t due_at;             /* 0: none */
	bool remove;                /* instead */
	struct milestone milestone; /* out */
};
struct svc_milestone_write *svc_milestone_write_new(
    struct svc *s, const struct identity *who);
void svc_milestone_write(
    struct svc_milestone_write *op, svc_done_fn *done, void *arg);

#endif
