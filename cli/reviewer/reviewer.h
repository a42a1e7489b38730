/*
 * reviewer: which models review a fetch, and one question to one of them.
 * The keys are in $XDG_CONFIG_HOME/coffer/reviewer.conf, 0600, and nowhere
 * else: not in argv, not in messages.
 */
#ifndef CLI_REVIEWER_REVIEWER_H
#define CLI_REVIEWER_REVIEWER_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/reviewer/provider.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/view.h"

struct cli;

enum {
	REVIEWERS_MAX = 2,
	REVIEWER_TIMEOUT_MS = 120 * 1000,
	REVIEWER_CONTEXT_MIN = 2048,
	REVIEWER_IDS_MAX = 4096,
	REVIEWER_NAME_MAX = 120
};

struct reviewer {
	char *provider; /* a name of provider.c */
	char *url;
	char *model;
	char *key; /* may be empty for a local server */
	int64_t timeout_ms;
	uint64_t context; /* tokens; 0: the server is asked */
	uint64_t answer;  /* tokens of an answer; 0: by the context */
};

struct reviewers {
	struct reviewer by[REVIEWERS_MAX];
	uint64_t n;     /* how many must agree */
	uint64_t parts; /* of a change that each is asked about at most */
};

char *reviewer_path(void) __attribute__((returns_nonnull));
/* 0 loaded, 1 none is configured, -1 there is one that cannot be used. */
int reviewers_load(struct reviewers *all, struct err *e);
/* Nothing is left of the file when n is 0. */
int reviewers_save(const struct reviewers *all, struct err *e);
void reviewers_release(struct reviewers *all);
int reviewer_check(const struct reviewer *r, struct err *e);
void reviewer_release(struct reviewer *r);

/* One reviewer while it is asked, from question to question. */
struct reviewer_session {
	struct cli *c;
	const struct reviewer *r;
	const struct provider *p;
	enum provider_mode mode; /* the best that works */
	bool other_tokens;       /* the limit's other name is the right one */
	bool too_long;           /* so said the server of the last question */
	int64_t context;         /* tokens, by reviewer_open */
	int64_t answer;
	/* What it took. */
	int64_t requests, tokens_in, tokens_out;
	char reported[REVIEWER_NAME_MAX + 1]; /* the model as it calls itself */
	struct str ids;                       /* of requests, a line each */
	/* Once a second while it is waited for; may be NULL. */
	void (*tick)(void *arg);
	void *tick_arg;
};

/* Also asks how large the context is; not to be known is no error. */
int reviewer_open(struct reviewer_session *s, struct cli *c,
    const struct reviewer *r, struct err *e);
void reviewer_close(struct reviewer_session *s);
/*
 * One question, with retries; the model's text, whole and not cut, in out.
 * s->too_long: the question is too long for it.
 */
int reviewer_ask(struct reviewer_session *s, const char *system,
    struct view question, struct str *out, struct err *e);

/* reviewer_key.c: the key as asterisks, also a part of it and in other case:
 * whatever comes from a server goes through here before it is told or kept. */
void reviewer_hide_key(const struct reviewer_session *s, char *text, size_t n);

/* reviewer_body.c, pure: the request. */
void reviewer_body(const struct reviewer_session *s, const char *system,
    struct view question, struct str *out);
/* The form of an answer (verdict.h), as a JSON schema. */
extern const char reviewer_schema[];
extern const char reviewer_tool[]; /* its name as a tool or a format */

/* reviewer_http.c: one exchange; the reply's body in out, headers in heads. */
struct reviewer_http {
	int status; /* 0: none */
	bool timed_out;
	struct str body, heads;
	struct err fail; /* when status is 0 */
};
int reviewer_http(struct reviewer_session *s, const char *method,
    const char *url, struct view body, struct reviewer_http *out,
    struct err *e);
void reviewer_http_release(struct reviewer_http *h);

/* reviewer_context.c: tokens; 0: it does not say. */
int64_t reviewer_ask_context(struct reviewer_session *s);
int64_t reviewer_read_context(
    enum provider_context where, const char *model, struct view body);

#endif
