/* label: what the pages of labels and of milestones share: a list whose rows
 * have small forms, and one form that makes one or changes the one of ?edit=ID.
 */
#ifndef SERVER_WEB_LABEL_H
#define SERVER_WEB_LABEL_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct form;
struct project;
struct web;

/* The page begun; -1 after the reply. */
int label_begin(
    struct web *w, struct call *c, bool milestones, struct project *p);
/* Which is edited, 0: none. */
int64_t label_edited(struct web *w);
/* The link to change a row, and its form up to post_form_end. */
void label_row_form(struct web *w, const struct project *p, const char *at,
    int64_t id, const char *what);
/* The form of one, id 0: of a new one. */
void label_edit_form(
    struct web *w, const struct project *p, const char *at, int64_t id);
void label_edit_end(
    struct web *w, const struct project *p, const char *at, int64_t id);
/* What a form is about: 0: a new one; -1: of no one. */
int64_t label_form_id(const struct form *f);
/* put, remove, open, or `end`: what a button of the form sends. */
bool label_act_known(const char *act, const char *end);

#endif
