/* fetched: on a pull request's page, who brought it into a clone of his own
 * with `coffer fetch`, and what came of it. */
#ifndef SERVER_WEB_FETCHED_H
#define SERVER_WEB_FETCHED_H

#include <stdint.h>

struct project;
struct web;

void fetched_write(struct web *w, const struct project *p, int64_t number);

#endif
