/* milestones: of a project, with the counts of their items. */
#ifndef SERVER_STORE_MILESTONES_H
#define SERVER_STORE_MILESTONES_H

#include "server/domain/items.h"

struct err;
struct txn;

/* ERR_LIMIT: the project has PROJECT_MILESTONES_MAX. */
int milestones_insert(
    struct txn *t, const struct milestone *m, int64_t *id, struct err *e);
int milestones_get(struct txn *t, int64_t project_id, int64_t id,
    struct milestone *out, struct err *e);
/* Without case, the oldest of that title. */
int milestones_by_title(struct txn *t, int64_t project_id, const char *title,
    struct milestone *out, struct err *e);

struct milestone_filter {
	int64_t project_id;
	enum issue_state state; /* 0: any */
	const char *title;      /* part of it, NULL or "": any */
	int64_t limit;
	int64_t offset;
};

/* Soonest due first, those without last; then by id. */
int milestones_list(struct txn *t, const struct milestone_filter *f,
    struct milestone_list *out, struct err *e);
/* Writes title, description, state and times by its id. */
int milestones_update(struct txn *t, const struct milestone *m, struct err *e);
/* Its items have none then. */
int milestones_delete(
    struct txn *t, int64_t project_id, int64_t id, struct err *e);

#endif
