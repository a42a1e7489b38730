/*
 * respawn: keeps one child process alive: started at once, started again when
 * it ends, after a pause that doubles up to 10 s and is forgotten when a child
 * has lived for a minute.  The loop's end kills it.
 */
#ifndef ROUTER_RESPAWN_H
#define ROUTER_RESPAWN_H

#include "lib/io/child.h"
#include "lib/io/loop.h"

struct err;
struct respawn;

/* Fill spec but for on_exit and arg, which are set, and call child_start. */
typedef int respawn_fn(
    void *arg, struct child_spec *spec, struct child **out, struct err *e);

/* name is a string constant, for the log. */
struct respawn *respawn_new(struct loop *l, const char *name, respawn_fn *fn,
    void *arg) __attribute__((returns_nonnull));
/* No further start; the child dies with the loop.  Then free. */
void respawn_stop(struct respawn *r); /* before loop_free; NULL is fine */
void respawn_free(struct respawn *r); /* after loop_free */

#endif
