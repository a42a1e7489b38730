/*
 * users: who there is, and the role of each in a project.  Names are compared
 * without case.  A deleted user keeps its row, for what it wrote; its name
 * cannot be taken again, its tokens and roles are gone.
 */
#ifndef SERVER_STORE_USERS_H
#define SERVER_STORE_USERS_H

#include "server/domain/types.h"

struct err;
struct txn;

/* ERR_EXISTS when the name is taken. */
int users_insert(struct txn *t, const char *login, enum user_kind kind,
    int64_t now, int64_t *id, struct err *e);
/* ERR_NOTFOUND; a deleted user is found by id only. */
int users_by_id(struct txn *t, int64_t id, struct user *out, struct err *e);
int users_by_name(
    struct txn *t, const char *login, struct user *out, struct err *e);
/* By name, without the deleted; total counts all. */
int users_list(struct txn *t, int64_t limit, int64_t offset,
    struct user_list *out, struct err *e);
int users_delete(struct txn *t, int64_t id, struct err *e);

/* ROLE_ADMIN for an admin; a user without a role: ROLE_NONE, not an error. */
int roles_get(struct txn *t, int64_t project_id, int64_t user_id,
    enum role *out, struct err *e);
/* READER or MAINTAINER; replaces. */
int roles_set(struct txn *t, int64_t project_id, int64_t user_id,
    enum role role, struct err *e);
/* ERR_NOTFOUND when there was none. */
int roles_remove(
    struct txn *t, int64_t project_id, int64_t user_id, struct err *e);

#endif
