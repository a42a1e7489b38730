/*
 * loop: the one event loop of a program, over libevent.  It owns the
 * event_base, the deferred calls and the signals.  Everything here is called
 * from the loop's thread, but loop_post.
 */
#ifndef LIB_IO_LOOP_H
#define LIB_IO_LOOP_H

struct err;
struct event_base;
struct loop;

typedef void loop_fn(void *arg);

struct loop *loop_new(struct err *e); /* also ignores SIGPIPE */
/*
 * Runs what is deferred, so free the loop while what the calls point to is
 * alive.  Children that still run are killed; their on_exit does not come.
 */
void loop_free(struct loop *l);
int loop_run(struct loop *l, struct err *e); /* until loop_stop */
/* Runs what is deferred now, and what that defers: before the objects that it
 * points to are freed. */
void loop_drain(struct loop *l);
void loop_stop(struct loop *l);
struct event_base *loop_base(struct loop *l);

/* Call fn in the next turn, in the order of the calls. */
void loop_defer(struct loop *l, loop_fn *fn, void *arg);
/* The same from another thread; wakes the loop. */
void loop_post(struct loop *l, loop_fn *fn, void *arg);
/* One handler per signal; SIGCHLD too may be asked for beside children. */
int loop_on_signal(
    struct loop *l, int sig, loop_fn *fn, void *arg, struct err *e);
void loop_off_signal(struct loop *l, int sig); /* as it was before */

#endif
