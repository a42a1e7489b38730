/*
 * audit_ask: rows of the audit log, as a command's options choose them.
 */
#ifndef CLI_AUDIT_ASK_H
#define CLI_AUDIT_ASK_H

#include <stdint.h>

struct cli;
struct err;
struct json;
struct str;

#define AUDIT_PATH "/api/coffer/v1/audit"

enum {
	AUDIT_PAGE = 500
};

struct audit_ask {
	const char *who, *what, *project; /* NULL: any */
};

/* -1 ends it. */
typedef int audit_ask_fn(const struct json *row, void *arg, struct err *e);

/* All of them on stdout, the oldest first, an object of JSON a line. */
int audit_ask_lines(struct cli *c, const struct audit_ask *a, struct err *e);
/* The newest n of them, the newest first. */
int audit_ask_newest(struct cli *c, const struct audit_ask *a, int64_t n,
    audit_ask_fn *fn, void *arg, struct err *e);

#endif
