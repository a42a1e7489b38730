/*
 * http_stats: how many requests of which kind ended how, and how long they
 * took.  The labels are few, whatever is asked.
 */
#ifndef SERVER_HTTP_HTTP_STATS_H
#define SERVER_HTTP_HTTP_STATS_H

#include <stdint.h>

struct http_stats;
struct str;

enum http_kind {
	HTTP_OTHER, /* no such path */
	HTTP_API,
	HTTP_PAGE,
	HTTP_GIT,
	HTTP_KINDS
};

struct http_stats *http_stats_new(void) __attribute__((returns_nonnull));
void http_stats_free(struct http_stats *s);
void http_stats_begin(struct http_stats *s, enum http_kind kind);
/* status 0: the client left before there was one. */
void http_stats_end(
    struct http_stats *s, enum http_kind kind, unsigned status, int64_t ms);
/* Requests that are being answered. */
int64_t http_stats_open(const struct http_stats *s);
void http_stats_write(const struct http_stats *s, struct str *out);

#endif
