/* item: issues and pull requests: lists, one with what is said of it, and
 * saying something, which may be an order. */
#ifndef SERVER_WEB_ITEM_H
#define SERVER_WEB_ITEM_H

#include <stdbool.h>
#include <stdint.h>

#include "server/domain/items.h"

struct call;
struct err;
struct field;
struct said;
struct str;
struct web;

/* "#7" as a link to it. */
void item_link(
    struct web *w, const char *full_name, int64_t number, bool is_pull);
/* The page of an issue; of a pull request what was said in it. */
void item_get(struct call *c);
void item_go(struct said *x);
/* item_edit.c: its title and text, to be changed. */
void item_edit_get(struct call *c);
/* Title, state and the project; the form to say something. */
void item_title(struct web *w, const struct project *p, const struct issue *i);
void item_say(struct web *w, const struct project *p, const struct issue *i);
/* "open", "draft", "closed", "merged" as a badge. */
void item_state(struct web *w, const struct issue *i);
/* The address of the page of an item of the call's project. */
void item_path(
    struct str *out, const struct call *c, bool is_pull, int64_t number);
/* May who looks change its title and text?  Say something?  As the use cases
 * have it. */
bool item_may_edit(struct web *w, const struct issue *i);
bool item_may_speak(struct web *w, const struct issue *i);

/* Is it a failure of what was typed, which is then shown again? */
bool item_refused(const struct err *fail);
extern const struct field item_title_field;

/* item_row.c: one of a list: number, title, labels, who and when; and what its
 * checks say, 0: nothing. */
void item_row(struct web *w, const struct project *p, const struct issue *i,
    enum status_state checks);
void item_line(struct web *w, const struct project *p, const struct issue *i);
/* A label: its name beside its colour, as a link to what has it. */
void item_chip(struct web *w, const struct project *p, const struct label *l,
    bool is_pull);
void item_dot(struct web *w, const char *color);

#endif
