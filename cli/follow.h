/*
 * follow: reading cofferd's events in their order by long polls.  Each event
 * goes to fn once; fn says when it has seen what it waited for.
 */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

struct cli;
struct err;
struct json;

typedef bool follow_fn(const struct json *event, void *arg); /* true: enough */

struct follow {
	int64_t after;    /* sequence; moved on while reading */
	int64_t project;  /* id, 0: all */
	int64_t limit_ms; /* from now; 0: no limit */
	bool once;        /* stop at the end of what is there */
	const char *busy; /* what is waited for; NULL: fn writes */
	follow_fn *fn;
	void *arg;
};

/* 0 when fn was satisfied (or the end with `once`), ERR_TIMEOUT after limit. */
int follow_events(struct cli *c, struct follow *f, struct err *e);
/* The sequence of a project's newest event: where waiting starts. */
int follow_newest(struct cli *c, int64_t project, int64_t *seq, struct err *e);

#endif
