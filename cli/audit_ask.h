/*
 * audit_ask: rows of the audit log, as a command's options choose them.
 */
#ifndef CLI_AUDIT_ASK_H
#define CLI_AUDIT_ASK_H

#include <stdint.h>

struct cli;
struct err;
struct str;

#define AUDIT_PATH "/api/coffer/v1/audit"

enum {
	AUDIT_PAGE = 500
};

struct audit_ask {
	const char *who, *what, *project; /* NULL: any */
};

/* "&who=...&what=...&project=ID" of what is asked for. */
int audit_ask_query(
    struct cli *c, const struct audit_ask *a, struct str *out, struct err *e);
/* All of them on stdout, the oldest first, an object of JSON a line. */
int audit_ask_lines(struct cli *c, const struct audit_ask *a, struct err *e);

#endif
