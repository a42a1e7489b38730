/*
 * search_query: what a person types into a search box as an expression of the
 * index (SQLite FTS5).  Words are looked for in full, whatever their ending;
 * "several words" as they stand; a leading '-' excludes.  All must be there.
 * Pure; the result holds literals and nothing of the index's own language.
 */
#ifndef SERVER_DOMAIN_SEARCH_QUERY_H
#define SERVER_DOMAIN_SEARCH_QUERY_H

struct err;
struct str;

enum {
	SEARCH_QUERY_MAX = 500, /* bytes */
	SEARCH_TERMS_MAX = 16
};

/* 0; 1 when q has no word, so that it asks for nothing; ERR_INVALID names "q".
 */
int search_query(struct str *out, const char *q, struct err *e);

#endif
