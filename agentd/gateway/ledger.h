/*
 * ledger: what was spent on models, and whether there is money for more.  Each
 * exchange first reserves the most that it can cost, in every account that it
 * belongs to (its run, its issue, its project, the day, …), and is settled by
 * what it did cost.  Every move is in the journal before it counts, so what a
 * crash left unsettled is spent in full.  Money is in micros.
 */
#ifndef AGENTD_GATEWAY_LEDGER_H
#define AGENTD_GATEWAY_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;
struct journal;
struct ledger;
struct str;

enum ledger_scope {
	LEDGER_RUN,         /* one run */
	LEDGER_ITEM,        /* one issue or pull request, all its runs */
	LEDGER_PROJECT,     /* one project, ever */
	LEDGER_PROJECT_DAY, /* one project, this UTC day */
	LEDGER_DAY,         /* everything, this UTC day */
	LEDGER_ALL,         /* everything, ever */
	LEDGER_SCOPES
};

enum {
	LEDGER_ACCOUNTS_MAX = 1 << 18,
	LEDGER_PENDING_MAX = 1 << 14,
	LEDGER_KEY_MAX = 80
};

#define LEDGER_MICROS_MAX ((int64_t)1 << 50)

/* Whose money: 0 is none, and its scope does not count. */
struct ledger_who {
	uint64_t run, project, item;
};

/* Limits in micros, 0 for none. */
struct ledger_limits {
	int64_t of[LEDGER_SCOPES];
};

struct ledger_state {
	int64_t spent, reserved, limit; /* limit 0: none */
	int64_t frozen_at;              /* the limit that froze the run, or 0 */
	enum ledger_scope frozen_for;   /* and whose that is */
	bool frozen;
};

/* Why there is no money. */
struct ledger_no {
	enum ledger_scope scope;
	struct ledger_state at;
	bool later; /* what others reserved stands in the way: try again */
	bool frozen;
};

struct ledger *ledger_new(const struct ledger_limits *limits)
    __attribute__((returns_nonnull));
void ledger_free(struct ledger *l); /* NULL is fine */
/* Before anything moves; borrowed. */
void ledger_set_journal(struct ledger *l, struct journal *j);

/* What is to be reserved. */
struct ledger_ask {
	struct ledger_who who;
	int64_t run_limit; /* that run's own, 0: the default */
	int64_t micros;
	int64_t now;
};

/* 0 and *seq, to be settled once; or -1: ERR_DENIED with *no filled, else the
 * journal's error. */
int ledger_reserve(struct ledger *l, const struct ledger_ask *ask,
    uint64_t *seq, struct ledger_no *no, struct err *e);
void ledger_settle(struct ledger *l, uint64_t seq, int64_t micros);

/* "run", "item", "project", "project_day", "day" or "all". */
int ledger_scope_parse(const char *name, enum ledger_scope *out, struct err *e);
const char *ledger_scope_name(enum ledger_scope s)
    __attribute__((returns_nonnull));
/* micros -1: the default again. */
int ledger_set_limit(struct ledger *l, enum ledger_scope s,
    const struct ledger_who *who, int64_t micros, int64_t now, struct err *e);
/* A yes of a maintainer: approval id raises a limit from what it was. */
struct ledger_yes {
	int64_t id, from, to, now;
};
/* Once for each id, and none that is older than the last: *is_new.  A limit
 * that somebody has set to another than from since stays. */
int ledger_raise(struct ledger *l, enum ledger_scope s,
    const struct ledger_who *who, const struct ledger_yes *yes, bool *is_new,
    struct err *e);
/* The last one; 0: there was none. */
int64_t ledger_yes_of(
    const struct ledger *l, enum ledger_scope s, const struct ledger_who *who);
/* Nothing is reserved there until it is thawed. */
int ledger_freeze(struct ledger *l, enum ledger_scope s,
    const struct ledger_who *who, bool frozen, int64_t now, struct err *e);
/* A run, because nothing is left of its limit in that scope, until it is
 * thawed. */
int ledger_freeze_at(struct ledger *l, const struct ledger_who *who,
    enum ledger_scope scope, int64_t limit, int64_t now, struct err *e);
/* Is that account the one of both? */
bool ledger_is_same(enum ledger_scope s, const struct ledger_who *a,
    const struct ledger_who *b);
void ledger_look(const struct ledger *l, enum ledger_scope s,
    const struct ledger_who *who, int64_t now, struct ledger_state *out);
/* What somebody has set of an account that there is now. */
struct ledger_set {
	enum ledger_scope scope;
	struct ledger_who who;
	int64_t limit; /* -1: the default */
	bool frozen;   /* by an order */
	int64_t yes;   /* the last approval that raised it, 0: none */
};
typedef void ledger_set_fn(const struct ledger_set *x, void *arg);
/* Each that has a limit of its own or is frozen; of days this one's. */
void ledger_each_set(
    const struct ledger *l, int64_t now, ledger_set_fn *fn, void *arg);
/* A run that is over: its account goes, after what is pending is settled. */
void ledger_forget_run(struct ledger *l, uint64_t run);

/* For the journal: 1 when the line was not the ledger's. */
int ledger_replay(struct ledger *l, struct view line, struct err *e);
/* After the last line: spends what was left pending; returns how many. */
unsigned ledger_replay_end(struct ledger *l);
void ledger_snapshot(struct ledger *l, struct str *out, int64_t now);

#endif
