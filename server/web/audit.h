/* audit: what the address of the audit page asks for, which that of its file
 * asks, too. */
#ifndef SERVER_WEB_AUDIT_H
#define SERVER_WEB_AUDIT_H

#include "server/store/audit.h"

struct call;
struct str;

enum {
	AUDIT_PAGE = 40
};

/* What the address asks for, "" when it does not. */
struct audit_asked {
	const char *who, *what, *project, *since, *until;
	struct audit_filter f;
	const char *wrong; /* NULL: nothing */
};

void audit_asked_read(struct call *c, struct audit_asked *out);
/* "&who=…" and whatever else it asks but the page. */
void audit_asked_query(const struct audit_asked *q, struct str *to);

#endif
