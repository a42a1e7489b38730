/*
 * settings: what the pages of a project's settings share: who sees them, the
 * links between them, and the way back to one after a form.
 */
#ifndef SERVER_WEB_SETTINGS_H
#define SERVER_WEB_SETTINGS_H

#include "server/domain/perm.h"

struct call;
struct err;
struct form;
struct project;
struct web;

/* Title, links and the page begun, `at` being the one's link ("hooks"; "" the
 * first); the caller releases the project and replies.  -1 after the reply:
 * only maintainers see settings. */
int settings_begin(
    struct web *w, struct call *c, const char *at, struct project *out);
/* <form> of POST .../settings/AT, with its secret; the caller ends it. */
void settings_form(
    struct web *w, const struct project *p, const char *cls, const char *at);
/* Body and project of a POST; the caller releases the form.  -1 after the
 * reply. */
int settings_take(
    struct call *c, enum perm_verb verb, struct form *f, struct project *out);
/* 303 to .../settings/AT. */
void settings_back(struct call *c, const char *at);
/* A done callback's end: back, or what is wrong. */
void settings_done(const struct err *fail, struct call *c, const char *at);

/* settings_upstream.c: what is below those of the mirror. */
void settings_upstream(struct web *w, const struct project *p);

#endif
