/*
 * newest: the first rows, by id, of all projects that somebody has a role in.
 * The newest of each project is looked up in an index, and the next one of the
 * project whose row was taken: what is read grows with the projects and with
 * what is shown, not with what there ever was.
 */
#ifndef SERVER_STORE_NEWEST_H
#define SERVER_STORE_NEWEST_H

#include <stdbool.h>
#include <stdint.h>

#include "server/store/db_priv.h"

struct newest {
	const char *from;   /* the table and its name in `is`, as "run r" */
	const char *id;     /* as "r.id" */
	const char *of;     /* as "r.project_id" */
	const char *select; /* all before WHERE */
	bool oldest;        /* first */
	int64_t viewer;     /* whose roles */
	int64_t project_id; /* 0: any */
	int64_t limit, offset;
};

/* `is`: what a row must be; `first`: a value of `select`, NULL: none. */
int newest_open(struct query *q, struct txn *t, const struct newest *n,
    const struct where *is, const struct bind *first, struct err *e);

#endif
