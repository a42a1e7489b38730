/*
 * admin: what the administrators' pages share.  For anybody else there are
 * none: 404.
 */
#ifndef SERVER_WEB_ADMIN_H
#define SERVER_WEB_ADMIN_H

struct call;
struct form;
struct user;
struct web;

/* -1 after the reply. */
int admin_is(struct call *c);
/* The page begun, with title and links; at: "users", "runners", "health",
 * "audit".  -1 after the reply. */
int admin_begin(struct web *w, struct call *c, const char *at);
/* The body of a POST; the caller releases it.  -1 after the reply. */
int admin_take(struct call *c, struct form *f);

/* admin_users.c: their list. */
void admin_users_get(struct call *c);
/* admin_user.c: "person", and whether he may sign in. */
const char *admin_user_kind(const struct user *u);
void admin_user_state(struct web *w, const struct user *u);

#endif
