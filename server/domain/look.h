/*
 * look: what the deterministic checks (findings/) found in what a pull request
 * would bring into its base, and what is left open of it.
 */
#ifndef SERVER_DOMAIN_LOOK_H
#define SERVER_DOMAIN_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/domain/items.h"

enum {
	LOOK_REASON_MAX = 500 /* bytes, of a dismissal */
};

enum look_severity {
	LOOK_SEVERITY_NOTE = 1,
	LOOK_SEVERITY_ASK,
	LOOK_SEVERITY_BLOCK
};
const char *look_severity_name(enum look_severity s);
int look_severity_parse(const char *s); /* -1: it is none */
const char *look_gate_name(enum look_gate g);
int look_gate_parse(const char *s); /* -1: it is none */
/* Does the gate wait for it?  `dismissed`: by a maintainer. */
bool look_is_open(enum look_gate g, enum look_severity s, bool dismissed);
/* What could not be read cannot be passed over by name. */
bool look_may_dismiss(const char *rule);

struct look_finding {
	int64_t id;
	char *rule;
	enum look_severity severity;
	char *file;
	int64_t line; /* 0: the file as a whole */
	char *message;
	char of[SHA_HEX + 1];    /* the content that it is of */
	struct author dismissed; /* id 0: it is not */
	int64_t dismissed_at;
	bool counts; /* whoever dismissed it may still, and wrote no part */
	char *reason;
};

struct look_list {
	struct look_finding *at;
	size_t n;
};
void look_list_release(struct look_list *l);

/* What was looked at; head "": nothing yet. */
struct look {
	char head[SHA_HEX + 1];
	char base[SHA_HEX + 1];
	int64_t at;
	char why[240]; /* why it could not be; "": it was */
};

#endif
