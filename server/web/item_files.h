/* item_files: files that hang on an item or a comment of it: a list with sizes,
 * and a form to send more, which needs no JavaScript. */
#ifndef SERVER_WEB_ITEM_FILES_H
#define SERVER_WEB_ITEM_FILES_H

#include <stdbool.h>
#include <stdint.h>

struct attachment_list;
struct call;
struct project;
struct web;
struct words_target;

enum {
	ITEM_FILES_AT_ONCE = 10 /* files of one form */
};

/* comment 0: the item's own. */
bool item_files_may(
    struct web *w, const struct project *p, int64_t number, int64_t comment);
/* Nothing for who may not. */
void item_files_form(
    struct web *w, const struct project *p, int64_t number, int64_t comment);
/* Those of the list that hang on it, to be removed. */
void item_files_list(struct web *w, const struct project *p, int64_t number,
    int64_t comment, const struct attachment_list *l);

/* item_upload.c: takes the body, whose first part must be what binds a form to
 * the session; replies with a redirect, or with rows for app.js. */
void item_files_take(struct call *c, const struct words_target *on);
/* Where one sees what hangs on it. */
void item_files_back(struct call *c, const struct words_target *on);

#endif
