/* item: issues and pull requests: lists, one with what is said of it, and
 * saying something, which may be an order. */
#ifndef SERVER_WEB_ITEM_H
#define SERVER_WEB_ITEM_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct issue;
struct project;
struct web;

/* "#7" as a link to it. */
void item_link(
    struct web *w, const char *full_name, int64_t number, bool is_pull);
/* The page of an issue; of a pull request what was said in it. */
void item_get(struct call *c);
/* Title, state and the project; the form to say something. */
void item_title(struct web *w, const struct project *p, const struct issue *i);
void item_say(struct web *w, const struct project *p, const struct issue *i);
/* One of a list: number, title, who and when. */
void item_line(struct web *w, const struct project *p, const struct issue *i);

#endif
