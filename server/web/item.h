/* item: issues and pull requests: lists, one with what is said of it, and
 * saying something, which may be an order. */
#ifndef SERVER_WEB_ITEM_H
#define SERVER_WEB_ITEM_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct comment_list;
struct issue;
struct project;
struct web;

/* "#7" as a link to it. */
void item_link(
    struct web *w, const char *full_name, int64_t number, bool is_pull);
/* The page of an issue; of a pull request what was said in it. */
void item_get(struct call *c);
/* Title, state and the project; then what was said, a page of it, and the form
 * to say more. */
void item_title(struct web *w, const struct project *p, const struct issue *i);
void item_conversation(struct web *w, const struct issue *i,
    const struct comment_list *said, uint32_t page);
void item_say(struct web *w, const struct project *p, const struct issue *i);
enum {
	ITEM_COMMENTS = 50 /* of a page */
};
/* One of a list: number, title, who and when. */
void item_line(struct web *w, const struct project *p, const struct issue *i);

#endif
