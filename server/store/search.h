/*
 * search: items by the words of their title, body and comments.  The index is
 * kept by the schema's triggers.  Of a very common word the newest
 * SEARCH_TEXTS_MAX texts are looked at, so that an answer stays quick.
 */
#ifndef SERVER_STORE_SEARCH_H
#define SERVER_STORE_SEARCH_H

#include "server/domain/items.h"

struct err;
struct txn;

/* Texts looked at, in SQL. */
#define SEARCH_TEXTS "5000"
/*
 * For a WHERE over "issue i" of one project: the expression of
 * server/domain/search_query.h, twice the project's id.
 */
#define SEARCH_ITEMS_OF                                         \
	"i.number IN (SELECT (rowid >> 24) & 4194303 FROM word" \
	" WHERE word MATCH ? AND rowid >= ? << 46"              \
	" AND rowid < (? + 1) << 46 ORDER BY rowid DESC LIMIT "
/* Behind "issue i": the numbers found lead, whatever else is asked. */
#define SEARCH_BY " INDEXED BY sqlite_autoindex_issue_1"
#define SEARCH_ITEMS SEARCH_ITEMS_OF SEARCH_TEXTS ")"

enum {
	SEARCH_PROJECTS_MAX = 500 /* the newest that the viewer sees */
};

/* 0 and NULL: any. */
struct search_filter {
	int64_t viewer;    /* user id: projects with a role; 0: all */
	const char *owner; /* of the projects */
	const char *q;     /* as typed */
	enum issue_state state;
	int is_pull;            /* -1 any */
	const char *labels;     /* a JSON array of names: it has one */
	const char *milestones; /* the same of titles */
	int64_t since;          /* updated at or after */
	int64_t before;
	int64_t author; /* user ids */
	int64_t assignee;
	int64_t mentioned;
	int64_t asked_to_review;
	int64_t reviewer;
	int64_t limit;
	int64_t offset;
};

/* Of all projects that the viewer sees, the newest first.  ERR_INVALID is
 * about q. */
int search_items(struct txn *t, const struct search_filter *f,
    struct issue_list *out, struct err *e);

#endif
