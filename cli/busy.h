/*
 * busy: a line on the terminal that moves while something long is waited for:
 * what, and for how long.  Only where standard error is a terminal, from half
 * a second on, and taken away at its end.  Nothing else may write meanwhile.
 */
#ifndef CLI_BUSY_H
#define CLI_BUSY_H

#include <stdint.h>

struct busy;
struct cli;

enum {
	BUSY_FAR_MAX = 80
};

/* How far it is, a few words; "" when that is not known. */
typedef void busy_fn(const void *arg, char far[BUSY_FAR_MAX]);

/* what and arg: borrowed until busy_end; fn may be NULL.  NULL where none is
 * shown. */
struct busy *busy_begin(
    struct cli *c, const char *what, busy_fn *fn, const void *arg);
/* A bar of ten: "[####......] 42%"; "" without an end. */
void busy_bar(int64_t at, int64_t end, char far[BUSY_FAR_MAX]);
void busy_end(struct busy *b); /* NULL is fine */

#endif
