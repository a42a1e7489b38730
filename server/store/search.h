/*
 * search: items by the words of their title, body and comments.  The index is
 * kept by the schema's triggers.  Of a very common word the newest
 * SEARCH_TEXTS_MAX texts are looked at, so that an answer stays quick.
 */
#ifndef SERVER_STORE_SEARCH_H
#define SERVER_STORE_SEARCH_H

/* Texts looked at, in SQL. */
#define SEARCH_TEXTS "5000"
/*
 * For a WHERE over "issue i": one value, the expression of
 * server/domain/search_query.h.
 */
#define SEARCH_ITEMS                                                   \
	"i.id IN (SELECT rowid >> 32 FROM word WHERE word MATCH ?"     \
	" ORDER BY rowid DESC LIMIT " SEARCH_TEXTS ")"

#endif
