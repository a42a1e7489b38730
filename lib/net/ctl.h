/*
 * ctl: a client of a control socket of ours: newline-delimited JSON, one reply
 * for one request, in order.  One connection, at most 256 requests waiting;
 * connects when the first request comes and again after a loss.  A request
 * whose connection was lost fails; it is not repeated (but ctl_send_for).
 */
#ifndef LIB_NET_CTL_H
#define LIB_NET_CTL_H

#include <stdbool.h>

#include "lib/io/loop.h"

struct ctl;
struct err;
struct json;
struct jw;
struct str;

/* reply is NULL when e is not; both are valid during the call only.  "ok":false
 * is ERR_DENIED. */
typedef void ctl_fn(const struct json *reply, const struct err *e, void *arg);

/* name: of the program, for messages. */
struct ctl *ctl_new(struct loop *l, const char *name, const char *socket_path)
    __attribute__((returns_nonnull));
/* Stay connected from now on (twice a second while it is away) and call fn
 * after each connection. */
void ctl_keep(struct ctl *c, loop_fn *fn, void *arg);
/* Waiting requests are dropped without a call. */
void ctl_free(struct ctl *c); /* NULL is fine */

/* A request: {"op":op, the caller adds members and ends it. */
void ctl_open(struct jw *w, struct str *out, const char *op);
/* Takes the text of *out.  fn, which may be NULL, comes later, once. */
void ctl_send(struct ctl *c, struct str *out, ctl_fn *fn, void *arg);
/* While the program is away, as when it is started again, it waits for so long,
 * and when it was lost with its connection it is repeated: for requests that
 * say what shall be, not what shall be done. */
void ctl_send_for(
    struct ctl *c, int64_t away_ms, struct str *out, ctl_fn *fn, void *arg);
/* Is the program there, as far as is known? */
bool ctl_is_connected(const struct ctl *c);
/* No calls for arg any more. */
void ctl_forget(struct ctl *c, const void *arg);

#endif
