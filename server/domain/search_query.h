/*
 * search_query: what a person types into a search box as an expression of the
 * index (SQLite FTS5).  Words are looked for in full, whatever their ending;
 * "several words" as they stand; WORD* (3 letters or more) as a beginning; a
 * leading '-' excludes.  All must be there.  Pure; the result holds literals
 * and nothing of the index's own language.
 */
#ifndef SERVER_DOMAIN_SEARCH_QUERY_H
#define SERVER_DOMAIN_SEARCH_QUERY_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct str;

enum {
	SEARCH_QUERY_MAX = 500, /* bytes */
	SEARCH_TERMS_MAX = 16,
	SEARCH_PREFIX_MIN = 3,
	SEARCH_SCOPE_MAX = 64 /* projects in one expression */
};

/*
 * In the projects of ids (n 0: in all).  0; 1 when q has no word, so that it
 * asks for nothing; ERR_INVALID names "q".
 */
int search_query(struct str *out, const char *q, const int64_t *ids, size_t n,
    struct err *e);

#endif
