/*
 * reviewer: which model reviews a fetch, and one question to it.  The key is
 * in $XDG_CONFIG_HOME/coffer/reviewer.conf, 0600, and nowhere else: not in
 * argv, not in messages.
 */
#ifndef CLI_FETCH_REVIEWER_H
#define CLI_FETCH_REVIEWER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

struct cli;
struct err;
struct str;

struct reviewer {
	char *provider; /* anthropic or openai */
	char *url;
	char *model;
	char *key; /* may be empty for a local server */
	int64_t timeout_ms;
};

char *reviewer_path(void) __attribute__((returns_nonnull));
/* 0 loaded, 1 none is configured, -1 there is one that cannot be used. */
int reviewer_load(struct reviewer *r, struct err *e);
int reviewer_check(const struct reviewer *r, struct err *e);
int reviewer_save(const struct reviewer *r, struct err *e);
void reviewer_release(struct reviewer *r);

/* One question; the model's text, whole and not cut, in out. */
int reviewer_ask(struct cli *c, const struct reviewer *r, const char *system,
    struct view question, struct str *out, struct err *e);

/* reviewer_reply.c, pure: the text in a provider's reply. */
int reviewer_reply_text(const struct reviewer *r, struct view body,
    size_t asked, struct str *out, struct err *e);

#endif
