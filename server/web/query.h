/* query: what the lists take of their address. */
#ifndef SERVER_WEB_QUERY_H
#define SERVER_WEB_QUERY_H

#include <stdint.h>

#include "server/domain/types.h"

struct call;
struct web;

enum {
	QUERY_PAGE = 25 /* rows of a page */
};

/* ?page=N; -1 after the reply. */
int query_page(struct call *c, uint32_t *page, uint32_t *limit);

/* ?owner=O&name=N or ?project=O/N: of one project alone. */
struct query_project {
	int64_t id; /* 0: of all */
	char name[2 * NAME_LEN_MAX + 2];
	char query[8 * NAME_LEN_MAX]; /* for web_pager */
};
int query_project(struct call *c, struct query_project *out);
/* "of OWNER/NAME", with a link to all. */
void query_project_says(
    struct web *w, const struct query_project *q, const char *all);

#endif
