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

enum {
	PASSWORD_HASH_MAX = 127 /* bytes of a stored hash */
};

/* ERR_EXISTS when the name is taken. */
int users_insert(struct txn *t, const char *login, enum user_kind kind,
    int64_t now, int64_t *id, struct err *e);
/* ERR_NOTFOUND; a deleted user is found by id only. */
int users_by_id(struct txn *t, int64_t id, struct user *out, struct err *e);
int users_by_name(
    struct txn *t, const char *login, struct user *out, struct err *e);
/* By address, without case; ERR_NOTFOUND, also for the empty one. */
int users_by_email(
    struct txn *t, const char *email, struct user *out, struct err *e);

enum users_sort {
	USERS_BY_NAME,
	USERS_BY_ID,
	USERS_BY_CREATED,
	USERS_BY_LOGIN_AT
};

/* Pointers NULL and numbers 0 or -1: any. */
struct users_filter {
	const char *q; /* part of the name, full name or address */
	bool q_names;  /* not of the address */
	int64_t id;
	int is_active; /* -1, 0, 1, as the next */
	int is_admin;
	int no_login;
	enum users_sort sort;
	bool descending;
	int64_t limit;
	int64_t offset;
};
#define USERS_FILTER_INIT       \
	((struct users_filter){ \
	    .is_active = -1, .is_admin = -1, .no_login = -1 })
/* Without the deleted; total counts all that fit. */
int users_list(struct txn *t, const struct users_filter *f,
    struct user_list *out, struct err *e);
/* Writes what may change of the row u.id: profile, flags; ends the
 * sessions of the browsers of who may have none.  ERR_EXISTS: the address is
 * another user's. */
int users_update(struct txn *t, const struct user *u, struct err *e);
/* Name and, of its projects, the owner's name.  ERR_EXISTS when taken. */
int users_rename(struct txn *t, int64_t id, const char *login, struct err *e);
/* What the user is called now who was called so, and nobody is now;
 * ERR_NOTFOUND. */
int users_now(
    struct txn *t, const char *was, char out[NAME_LEN_MAX + 1], struct err *e);
int users_delete(struct txn *t, int64_t id, struct err *e);

/* Its projects, by id: at most max, *n of them. */
int users_projects(struct txn *t, int64_t id, int64_t *out, size_t max,
    size_t *n, struct err *e);

/* The stored hash, "" for none. */
int users_password(
    struct txn *t, int64_t id, char out[PASSWORD_HASH_MAX + 1], struct err *e);
/* Ends the sessions of the user's browsers. */
int users_set_password(struct txn *t, int64_t id, const char *hash,
    bool must_change, struct err *e);
/* The newest sign-in by password. */
int users_touch(struct txn *t, int64_t id, int64_t now, struct err *e);

/* ROLE_ADMIN for an admin; a user without a role: ROLE_NONE, not an error. */
int roles_get(struct txn *t, int64_t project_id, int64_t user_id,
    enum role *out, struct err *e);
/* READER, MAINTAINER or ADMIN of this project alone; replaces. */
int roles_set(struct txn *t, int64_t project_id, int64_t user_id,
    enum role role, struct err *e);
/* ERR_NOTFOUND when there was none. */
int roles_remove(
    struct txn *t, int64_t project_id, int64_t user_id, struct err *e);

#endif
