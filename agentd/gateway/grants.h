/*
 * grants: the placeholder tokens that runs and sessions have in place of a
 * provider's key.  A token is good in one project's sandbox alone, until its
 * run ends; the gateway keeps its SHA-256, in the journal too.
 */
#ifndef AGENTD_GATEWAY_GRANTS_H
#define AGENTD_GATEWAY_GRANTS_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/gateway/ledger.h"
#include "lib/base/view.h"

struct err;
struct grants;
struct journal;
struct str;

enum {
	GRANT_TOKEN_MAX = 80,
	GRANT_PROVIDERS_MAX = 200,
	GRANTS_MAX = 1 << 14
};

struct grant {
	uint64_t id;
	struct ledger_who who; /* run 0: a session */
	int64_t budget;        /* micros of the run, 0: the default */
	int64_t expires;       /* ms since 1970 */
	bool web; /* the provider may fetch for it, where its project may */
	char providers[GRANT_PROVIDERS_MAX + 1]; /* "a,b"; "" is all */
	bool out; /* a request was refused for want of money */
};

struct grants *grants_new(void) __attribute__((returns_nonnull));
void grants_free(struct grants *g); /* NULL is fine */
void grants_set_journal(struct grants *g, struct journal *j);

/* The token's text, of which nothing is kept.  An earlier grant of the same
 * run, or of the same project's session, ends. */
int grants_make(struct grants *g, const struct grant *spec,
    char token[GRANT_TOKEN_MAX], struct err *e);
/* NULL: no such token, or its time is over. */
const struct grant *grants_find(
    const struct grants *g, const char *token, int64_t now);
const struct grant *grants_by_id(const struct grants *g, uint64_t id);
bool grant_has_provider(const struct grant *t, const char *name);
/* A request was refused for want of money. */
void grants_set_out(struct grants *g, uint64_t id);
bool grants_is_out(const struct grants *g, uint64_t run, uint64_t project);
/* Providers fetch for no token of a project that is shut, until it is not. */
int grants_shut(struct grants *g, uint64_t project, bool shut, struct err *e);
bool grants_may_web(const struct grants *g, const struct grant *t);
/* run 0: the project's session.  It has ended in any case; -1: but not in the
 * journal, until that is written anew. */
int grants_drop(
    struct grants *g, uint64_t run, uint64_t project, bool *was, struct err *e);
/* Drops those that ended before a time, and tells whose they were. */
void grants_expire(struct grants *g, int64_t before,
    void (*fn)(const struct ledger_who *who, void *arg), void *arg);
size_t grants_count(const struct grants *g);
void grants_each(const struct grants *g,
    void (*fn)(const struct grant *t, void *arg), void *arg);

/* For the journal: 1 when the line was not ours. */
int grants_replay(struct grants *g, struct view line, struct err *e);
void grants_snapshot(struct grants *g, struct str *out, int64_t now);

#endif
