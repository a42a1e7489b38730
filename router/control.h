/*
 * control: the socket HOME/run/router.sock (docs/architecture.md): a line of
 * JSON in, a line out, in turn, for root alone.
 */
#ifndef ROUTER_CONTROL_H
#define ROUTER_CONTROL_H

#include "lib/io/loop.h"

struct control;
struct guard;

/* fd: listening, taken.  guard does what is asked; it outlives this. */
struct control *control_new(struct loop *l, int fd, struct guard *guard)
    __attribute__((returns_nonnull));
/* The log has something new; c may be NULL. */
void control_on_log(struct control *c);
/* Closes everything, before loop_free; NULL is fine. */
void control_stop(struct control *c);
void control_free(struct control *c); /* after loop_free */

#endif
