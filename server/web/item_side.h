/*
 * item_side: what is set on an issue or a pull request, beside what is said of
 * it, with forms for who may change it.
 *
 *	item_side_begin(w);
 *	... what stands beside it
 *	item_side_end(w, p, i);
 */
#ifndef SERVER_WEB_ITEM_SIDE_H
#define SERVER_WEB_ITEM_SIDE_H

#include <stdint.h>

struct issue;
struct project;
struct web;

void item_side_begin(struct web *w);
void item_side_end(
    struct web *w, const struct project *p, const struct issue *i);

/* <datalist id="people">: names to choose from, of who may write. */
void item_people(struct web *w, int64_t project);
/* <option> of each open milestone, and of the chosen one whatever it is. */
void item_milestone_options(struct web *w, int64_t project, int64_t chosen);

#endif
