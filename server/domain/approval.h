/*
 * approval: a question to a maintainer that a policy asks: may the sandbox
 * reach this name, may the run spend more, may the agent do that.  It is open
 * until it is answered, its time is over, or its run ends; it is answered once.
 * Pure; times are ms since 1970.
 */
#ifndef SERVER_DOMAIN_APPROVAL_H
#define SERVER_DOMAIN_APPROVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"
#include "server/domain/types.h"
#include "server/domain/work.h"

struct err;
struct net_seen;
struct str;

enum {
	APPROVAL_SUBJECT_MAX = 4096, /* bytes */
	APPROVAL_REASON_MAX = 500,
	APPROVAL_SHOWN_MAX = 600, /* of a subject, in a comment */
	APPROVAL_OPEN_MAX = 50,  /* of a project, of names and of the rest; more
				  * are not asked */
	APPROVAL_RUN_MAX = 30,   /* of a run, answered or not */
	APPROVAL_WORDS_MAX = 20, /* answered by one comment */
	APPROVAL_KEEP = 2000,    /* rows of a project */
	APPROVAL_DAY_MS = 86400000, /* how long an ask is open, an answer holds,
				     * and what was denied is not asked again */
	APPROVAL_SPAN_MIN_MS = 60000
};
#define APPROVAL_SPAN_MAX_MS INT64_C(31536000000)

enum approval_kind {
	APPROVAL_DOMAIN = 1, /* a name that mode locked has no rule for */
	APPROVAL_BUDGET,     /* more money: "[SCOPE ]MICROS" */
	APPROVAL_COMMAND,    /* a line for the agent's shell */
	APPROVAL_TOOL        /* another call of a tool of the agent's */
};
const char *approval_kind_name(enum approval_kind v);
int approval_kind_parse(const char *s); /* -1: none */

enum approval_state {
	APPROVAL_OPEN = 1,
	APPROVAL_ALLOWED,
	APPROVAL_DENIED,
	APPROVAL_EXPIRED,
	APPROVAL_WITHDRAWN /* its run ended */
};
const char *approval_state_name(enum approval_state v);
int approval_state_parse(const char *s);

struct approval {
	int64_t id;
	int64_t project_id;
	char project_name[PROJECT_FULL_NAME_MAX + 1];
	enum approval_kind kind;
	enum approval_state state; /* as it is at the time it was read for */
	int64_t run_id;            /* that asks */
	int64_t item;              /* of that run, 0: none */
	bool is_pull;
	int64_t created_at;
	int64_t expires_at; /* it is open until then */
	int64_t decided_at;
	int64_t decided_by;
	char by[NAME_LEN_MAX + 1]; /* login, "" */
	int64_t until;             /* how long a yes holds */
	char *subject;
	char *reason;
};
struct approval_list {
	struct approval *at;
	size_t n;
	int64_t total;
};
void approval_release(struct approval *a);
void approval_list_release(struct approval_list *l);

/* The name that a row of the log asks for: blocked for want of a rule, and one
 * that a rule can be made of; else false. */
bool approval_of_seen(const struct net_seen *s);

/* What stands behind /allow or /deny: "12", "12 13 for 2h". */
struct approval_words {
	int64_t ids[APPROVAL_WORDS_MAX];
	size_t n;
	int64_t for_ms; /* 0: not said */
};
int approval_words_parse(
    struct view args, bool allow, struct approval_words *out, struct err *e);

/* Whose limit a budget is about. */
enum approval_money {
	APPROVAL_OF_RUN,
	APPROVAL_OF_ITEM,
	APPROVAL_OF_PROJECT,
	APPROVAL_OF_PROJECT_DAY,
	APPROVAL_OF_DAY, /* these two: of all projects */
	APPROVAL_OF_ALL
};
/* A budget's subject. */
int approval_money_parse(const char *subject, enum approval_money *of,
    int64_t *micros, struct err *e);
/* Does one answer hold for the whole project, not for a run alone? */
bool approval_is_shared(enum approval_kind kind, const char *subject);
/* Only an administrator answers what is of other projects, too. */
bool approval_is_global(enum approval_kind kind, const char *subject);

/* As inline code of Markdown, on one line, cut. */
void approval_quote(const struct approval *a, struct str *out);
/* What it is about, as a part of a sentence. */
void approval_about(const struct approval *a, struct str *out);

#endif
