/*
 * busy: a line on the terminal that moves while something long is waited for:
 * what, and for how long.  Only where standard error is a terminal, from half
 * a second on, and taken away at its end.  Nothing else may write meanwhile.
 */
#ifndef CLI_BUSY_H
#define CLI_BUSY_H

struct busy;
struct cli;

/* what: borrowed until busy_end.  NULL where none is shown. */
struct busy *busy_begin(struct cli *c, const char *what);
void busy_end(struct busy *b); /* NULL is fine */

#endif
