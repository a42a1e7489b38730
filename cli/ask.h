/*
 * ask: a run without an item, by a person's own word: asked for, waited for,
 * its patch taken out of its record.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/opt.h"
#include "lib/base/str.h"

struct cli;
struct err;
struct json;

struct ask {
	const char *task;
	/* NULL and 0: what cofferd takes by itself. */
	const char *command, *access, *agent, *network, *base;
	int64_t wall_ms, budget;
	const struct opt_list *env; /* names of the caller's own; may be NULL */
	const char
	    *key; /* asked for with it before: that run; NULL: a new one */
};

/* 0 with the Run, REMOTE_DRY or -1.  A name that is not set is ERR_INVALID.  It
 * is asked for again while cofferd is away, and is one run. */
int ask_start(struct cli *c, const char *full, const struct ask *a,
    struct json **row, struct err *e);
/*
 * The Run at its end.  limit_ms 0: no limit, else ERR_TIMEOUT.  w may be NULL.
 */
struct ask_watch {
	const bool *stop;        /* set by a signal: cancels it */
	void (*turn)(void *arg); /* each second */
	void *arg;
};
int ask_wait(struct cli *c, const struct json *row, const struct ask_watch *w,
    int64_t limit_ms, struct json **out, struct err *e);
/* Is that why, and not for too long since *since (0 at first)?  Then a moment
 * later: it may be started again. */
bool ask_is_away(const struct err *e, int64_t *since);
/* Waits for cofferd, when it is away: is it there? */
bool ask_is_back(struct cli *c);
/* The exit code that says how it ended. */
int ask_exit(const struct json *row);
/* Its state and why, on standard error. */
void ask_tell(const struct cli *c, const char *what, const struct json *row);

/* What it changed, of its checked record; empty when it changed nothing. */
struct ask_patch {
	struct str text;
	bool masked; /* or cut: it is not all of it */
};
int ask_patch(struct cli *c, const struct json *row, const char *file,
    struct ask_patch *out, struct err *e);
/* To the file, or standard output with "-". */
int ask_patch_put(
    struct cli *c, const struct ask_patch *p, const char *file, struct err *e);

#endif
