/*
 * hint: what to do about a failure, where that is known.  Each row is looked
 * for in the message, by its exit code; the first that fits is said.
 */
#ifndef CLI_HINT_H
#define CLI_HINT_H

struct cli;
struct err;

void hint_say(const struct cli *c, const struct err *e);

#endif
