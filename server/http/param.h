/* param: a number of a query string, and the Link header of a list.  Pure. */
#ifndef SERVER_HTTP_PARAM_H
#define SERVER_HTTP_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct str;

enum {
	PARAM_LIMIT_DEFAULT = 30,
	PARAM_LIMIT_MAX = 50,
	PARAM_PAGE_MAX = 1000000
};

struct param_page {
	uint32_t page;
	uint32_t limit;
};

/* text NULL or "": *out stays.  ERR_INVALID names the parameter. */
int param_i64(const char *name, const char *text, int64_t min, int64_t max,
    int64_t *out, struct err *e);
/* "1", "true", "yes" are true. */
bool param_bool(const char *text);
/* page from 1; limit 0 or less is the default, over the maximum the maximum. */
int param_page(
    const char *page, const char *limit, struct param_page *out, struct err *e);
/* base is URL and path; filters is "" or "&a=b..." already escaped. */
void param_link(struct str *out, const char *base, const char *filters,
    const struct param_page *p, int64_t total);

/* "bytes A-B/..." of a request: A and B, or -1. */
int param_range(const char *text, int64_t *from, int64_t *to, struct err *e);

#endif
