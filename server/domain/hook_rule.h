/*
 * hook_rule: what a webhook is told and when it is tried again.  Pure.  Words
 * are Gitea's: an event's kind becomes a type (X-Gitea-Event-Type) with an
 * action, types have a group (X-Gitea-Event), and a hook's events are words
 * that switch types on.
 */
#ifndef SERVER_DOMAIN_HOOK_RULE_H
#define SERVER_DOMAIN_HOOK_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HOOK_EVENTS_MAX = 64, /* words of one hook */
	HOOK_WORD_MAX = 64,
	HOOK_URL_MAX = 2000,
	HOOK_SECRET_MAX = 255,
	HOOK_AUTHORIZATION_MAX = 1024,
	HOOK_FILTER_MAX = 255,
	HOOK_NAME_MAX = 255,
	HOOKS_MAX = 50, /* of a repository, of a user, of the server */
	HOOK_PENDING_MAX = 1000,
	HOOK_PENDING_BYTES = 64 << 20,
	HOOK_PAYLOAD_MAX = 8 << 20,
	HOOK_LOG_MAX = 100,          /* deliveries at an end that are kept */
	HOOK_BODY_MAX = 64 << 10,    /* of a response, that is kept */
	HOOK_HEADERS_MAX = 16 << 10, /* the same, of its head */
	HOOK_LIMIT_MS = 5000,        /* of one attempt */
	HOOK_ATTEMPTS_MAX = 6,
	HOOK_BREAK_AFTER = 6,    /* failures in a row that open the breaker */
	HOOK_BREAK_FACTOR = 360, /* times the first wait: how long it is open */
	HOOK_TYPES_MAX = 2       /* that one event makes */
};

#define HOOK_WAIT_MAX_AGE ((int64_t)3 * 24 * 3600 * 1000)

enum hook_type {
	HOOK_NONE,
	HOOK_CREATE,
	HOOK_DELETE,
	HOOK_PUSH,
	HOOK_ISSUES,
	HOOK_ISSUE_ASSIGN,
	HOOK_ISSUE_LABEL,
	HOOK_ISSUE_MILESTONE,
	HOOK_ISSUE_COMMENT,
	HOOK_PULL,
	HOOK_PULL_ASSIGN,
	HOOK_PULL_LABEL,
	HOOK_PULL_MILESTONE,
	HOOK_PULL_COMMENT,
	HOOK_PULL_APPROVED,
	HOOK_PULL_REJECTED,
	HOOK_PULL_REVIEWED, /* a review that only comments */
	HOOK_PULL_SYNC,
	HOOK_PULL_REVIEW_REQUEST,
	HOOK_REPOSITORY,
	HOOK_STATUS,
	HOOK_TYPES
};

/* "pull_request_sync" and its group "pull_request"; "" for none. */
const char *hook_type_name(enum hook_type t);
const char *hook_type_group(enum hook_type t);
/* Does one of the words switch the type on? */
bool hook_rule_wants(enum hook_type t, const char *const *words, size_t n);

/* What is known of an event before anything is read. */
struct hook_fact {
	const char *kind;
	bool is_pull;
	const char *ref, *old, *now; /* of branch.updated */
	const char *verdict;         /* of review.created */
	bool cleared;                /* of issue.labeled: none is left */
};

struct hook_say {
	enum hook_type type;
	const char *action; /* "" for those without */
};

/* How many of out are set; in the order in which they are told. */
size_t hook_rule_says(
    const struct hook_fact *f, struct hook_say out[HOOK_TYPES_MAX]);

/* A filter is a glob of protect_glob.h, but `*` also matches '/'; empty matches
 * all.  A ref that is no branch passes. */
bool hook_rule_branch(const char *filter, const char *ref);
int hook_rule_filter_ok(const char *filter); /* 0, or -1: malformed */

/* http or https with a host, printable, at most HOOK_URL_MAX bytes. */
bool hook_rule_url_ok(const char *url);
/* Its host, without brackets, in lower case: at most size - 1 bytes.  False
 * when there is none. */
bool hook_rule_host(const char *url, char *out, size_t size);

/*
 * After an attempt.  status 0: no answer.  What is not 2xx has failed; an
 * answer that another attempt would not change is final: 3xx, and 4xx but 408,
 * 425 and 429, and `refused`, an address that must not be dialled.
 */
struct hook_try {
	int status;
	bool refused;
	int64_t attempts; /* of this delivery, this one included */
	int64_t failures; /* of the hook in a row, this one not included */
	int64_t wait_ms;  /* the first wait */
};
struct hook_next {
	bool ok;
	bool over;        /* the delivery is at an end */
	int64_t failures; /* of the hook from now on */
	bool open;        /* its breaker */
	int64_t wait_ms;  /* until the hook is tried again */
};
void hook_rule_next(const struct hook_try *t, struct hook_next *out);

#endif
