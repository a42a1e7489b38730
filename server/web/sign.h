/*
 * sign: signing in and out.  Before there is a session, the form is bound to a
 * cookie of its own, so that nobody signs another in.
 */
#ifndef SERVER_WEB_SIGN_H
#define SERVER_WEB_SIGN_H

#include <stdbool.h>

#include "lib/base/view.h"

struct call;
struct web;

/* The secret that forms are bound to: of the session, or of the sign-in form
 * for who has none; false: there is none.  Borrowed from the request. */
bool sign_cookie(const struct call *c, struct view *out);
/* The hidden field of a form. */
void sign_form_value(struct web *w);

#endif
