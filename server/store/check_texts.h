/* check_texts: a project's own checks, which win over .coffer/checks.yml. */
#ifndef SERVER_STORE_CHECK_TEXTS_H
#define SERVER_STORE_CHECK_TEXTS_H

#include <stdint.h>

struct err;
struct txn;

/* *text is NULL when it has none; the caller frees it. */
int check_texts_get(
    struct txn *t, int64_t project_id, char **text, struct err *e);
/* When they were given, 0: it has none. */
int check_texts_at(
    struct txn *t, int64_t project_id, int64_t *at, struct err *e);
struct check_text_new {
	int64_t project_id;
	const char *text; /* NULL: the file counts again */
	int64_t by_id;
	int64_t now;
};
int check_texts_put(
    struct txn *t, const struct check_text_new *n, struct err *e);

#endif
