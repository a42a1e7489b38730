/*
 * respawn: keeps one child process alive: started at once, started again when
 * it ends, after a pause that doubles up to 10 s and is forgotten when a child
 * has lived for a minute.  It stays until the loop is freed, which kills the
 * child.
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

#endif
