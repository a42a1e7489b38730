/*
 * protections: the branch protections of a project, in the order in which they
 * are asked.
 */
#ifndef SERVER_STORE_PROTECTIONS_H
#define SERVER_STORE_PROTECTIONS_H

#include "server/domain/protect_rule.h"

struct err;
struct txn;

/* All of a project with their people, the first that matches first. */
int protections_list(
    struct txn *t, int64_t project_id, struct protect_list *out, struct err *e);
/* ERR_NOTFOUND. */
int protections_get(struct txn *t, int64_t project_id, const char *name,
    struct protect_rule *out, struct err *e);
/*
 * r->priority 0: after the others.  The project has that name: ERR_EXISTS; has
 * PROTECT_RULES_MAX: ERR_INVALID.
 */
int protections_insert(
    struct txn *t, const struct protect_rule *r, int64_t *id, struct err *e);
/* All but name and created_at, by r->id. */
int protections_update(
    struct txn *t, const struct protect_rule *r, struct err *e);
int protections_delete(
    struct txn *t, int64_t project_id, const char *name, struct err *e);
/* One id that the project has not is ERR_NOTFOUND. */
int protections_set_priority(struct txn *t, int64_t project_id, int64_t id,
    int64_t priority, struct err *e);

#endif
