/*
 * post: forms of the pages, from the page to the use case and back.  A form is
 * written by post_form, and named when its page can come again with what was
 * typed: a refusal is then said in it, above its fields, which have what was
 * sent (field.h; secrets have nothing).  Its handler takes body and project by
 * post_project, and ends by post_back, or by post_refused or post_fail with
 * the handler of the GET page, which knows nothing of it.
 */
#ifndef SERVER_WEB_POST_H
#define SERVER_WEB_POST_H

#include "server/domain/perm.h"
#include "server/http/route.h"

struct call;
struct err;
struct form;
struct project;
struct web;

/*
 * <form> of POST action, a path that is escaped already, with its secret; ended
 * by post_form_end.  name tells the form from the others of its page ("new",
 * "label-7"); "": its page does not come again.
 */
void post_form(
    struct web *w, const char *cls, const char *action, const char *name);
void post_form_end(struct web *w);
/* The same for "/OWNER/NAME/AT". */
void post_project_form(struct web *w, const struct project *p, const char *cls,
    const char *at, const char *name);
/* What was typed in a field of the form that is being written; else, value. */
const char *post_typed(
    const struct web *w, const char *field, const char *value);

/* Body and project of a form: fn borrows both, and is not called when the
 * reply was made (no form of ours; not his to see or do). */
typedef void post_fn(
    struct call *c, const struct project *p, const struct form *f);
void post_project(struct call *c, enum perm_verb verb, post_fn *fn);

/* 303 to "/OWNER/NAME/AT" of the call's first two arguments; at is a literal
 * or digits after one. */
void post_back(struct call *c, const char *at);
/* The page comes again with what was typed and why it is refused; an error page
 * when it has no form of that name any more.  page replies by web_reply, at
 * once or later; its own status is then the refusal's. */
void post_refused(struct call *c, route_fn *page, int status, const char *what);
void post_fail(struct call *c, route_fn *page, const struct err *e);
/* The end of a done callback: back, or refused; releases the call. */
void post_done(
    const struct err *fail, struct call *c, route_fn *page, const char *at);

#endif
