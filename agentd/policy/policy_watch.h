/*
 * policy_watch: keeps the rules that sandboxes see those of the operator's
 * files: read again within seconds when one of them is another.  What is wrong
 * is told in the log, once, and the rules stay what they were.
 */
#ifndef AGENTD_POLICY_POLICY_WATCH_H
#define AGENTD_POLICY_POLICY_WATCH_H

struct err;
struct loop;
struct policy_watch;

/* Reads them for the first time; NULL: as policy_place fails. */
struct policy_watch *policy_watch_new(struct loop *loop, const char *home,
    const char *shipped, const char *hook, struct err *e);
/* Where they are, as policy_place makes it. */
const char *policy_watch_dir(const struct policy_watch *w);
void policy_watch_free(struct policy_watch *w); /* NULL is fine */

#endif
