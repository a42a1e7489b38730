/*
 * settings: what the pages of a project's settings share: who sees them, the
 * links between them, and the way back to one after a form.
 */
#ifndef SERVER_WEB_SETTINGS_H
#define SERVER_WEB_SETTINGS_H

#include "server/http/route.h"

struct call;
struct err;
struct project;
struct web;

/* Title, links and the page begun, `at` being the one's link ("hooks"; "" the
 * first); the caller releases the project and replies.  -1 after the reply:
 * only maintainers see settings. */
int settings_begin(
    struct web *w, struct call *c, const char *at, struct project *out);
/* As those of post.h, of .../settings/AT. */
void settings_form(struct web *w, const struct project *p, const char *cls,
    const char *at, const char *name);
void settings_back(struct call *c, const char *at);
void settings_done(
    const struct err *fail, struct call *c, route_fn *page, const char *at);

/* settings_rows.c: words of fields, ended by NULL; the page of the mirror. */
struct settings_word {
	const char *word, *text;
};
extern const struct settings_word settings_networks[];
extern const struct settings_word settings_agents[];
void settings_mirror_get(struct call *c);
/* settings_upstream.c: what is below those of the mirror. */
void settings_upstream(struct web *w, const struct project *p);

#endif
