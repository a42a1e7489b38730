/* item_files: files that hang on an item or a comment of it: a list with sizes,
 * and a form to send more, which needs no JavaScript. */
#ifndef SERVER_WEB_ITEM_FILES_H
#define SERVER_WEB_ITEM_FILES_H

#include <stdbool.h>
#include <stdint.h>

struct attachment_list;
struct project;
struct web;

/* comment 0: the item's own. */
bool item_files_may(
    struct web *w, const struct project *p, int64_t number, int64_t comment);
/* Nothing for who may not. */
void item_files_form(
    struct web *w, const struct project *p, int64_t number, int64_t comment);
/* Those of the list that hang on it, to be removed. */
void item_files_list(struct web *w, const struct project *p, int64_t number,
    int64_t comment, const struct attachment_list *l);

#endif
