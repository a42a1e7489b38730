/*
 * issue_span: of a project's many items, those that were updated in a span of
 * time or are of a kind that few are: which index finds them, and from which
 * number downwards.  One transaction's reads; the names are literals.
 */
#ifndef SERVER_STORE_ISSUE_SPAN_H
#define SERVER_STORE_ISSUE_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "server/domain/items.h"

struct err;
struct txn;

enum {
	ISSUE_SORT_MAX = 2000, /* items that may be sorted by row */
	/* Numbers follow the clock; so far may it have been set back. */
	ISSUE_CLOCK_MS = 60000
};

/* 0 and -1: any. */
struct issue_span {
	int64_t project_id;
	int is_pull;
	enum issue_state state;
	int64_t since; /* updated at or after */
	int64_t until; /* updated at or before */
};

struct issue_lead_by {
	const char *index; /* " INDEXED BY ..." when few are in it, else "" */
	const char *span;  /* the same of the span of time; "" without one */
	int64_t top;       /* no number above it is in the span; 0: unknown */
};

int issue_span_index(struct txn *t, const struct issue_span *s,
    struct issue_lead_by *out, struct err *e);

#endif
