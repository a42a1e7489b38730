/*
 * unsent: what somebody wrote is not lost with a form that was refused, or that
 * came when he was not signed in any more: the page that says why has it, to be
 * copied.  The request came from a page of ours (ROUTE_PAGE).
 */
#ifndef SERVER_WEB_UNSENT_H
#define SERVER_WEB_UNSENT_H

struct call;
struct web;

/* The words of the form in the call's body; nothing when it has none.  Fields
 * that may have a secret are not among them. */
void unsent_write(struct web *w);
/* Takes the body of whoever is not signed in, and says so. */
void unsent_take(struct call *c);

#endif
