/*
 * pull: the pages of a pull request: what is said of it, the gate's list, what
 * checks and reviews say, what was found in it; its commits; its files with
 * words on lines; and what may be done with it.
 */
#ifndef SERVER_WEB_PULL_H
#define SERVER_WEB_PULL_H

#include "server/domain/items.h"
#include "server/web/web.h"

/* "/O/P/pulls/N" and a query or "", escaped; free(3). */
char *pull_path(const struct call *c, const char *more);
/* Title and tabs; tab is one of their words. */
void pull_begin(struct web *w, const struct project *p, const struct pull *x,
    const char *tab);
/* To who may open one: the way to it. */
void pull_new_link(struct web *w, const struct project *p);
/* Who may: forms to review, merge, update, close. */
void pull_forms(struct web *w, const struct project *p, const struct pull *x,
    bool open, bool may_override);

#endif
