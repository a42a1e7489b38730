/*
 * routerctl: a client of the router's control socket HOME/run/router.sock
 * (docs/architecture.md).  One connection, requests in order, at most 256
 * waiting; connects when the first request comes and again after a loss.  While
 * the router is away, as when it is started again, requests wait for up to ten
 * seconds, and one that was lost with its connection is repeated: each says
 * what shall be, not what shall be done.
 */
#ifndef AGENTD_SANDBOX_ROUTERCTL_H
#define AGENTD_SANDBOX_ROUTERCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/io/loop.h"

struct err;
struct json;
struct routerctl;

/* reply is NULL when e is not; both are valid during the call only. */
typedef void routerctl_fn(
    const struct json *reply, const struct err *e, void *arg);

struct routerctl *routerctl_new(struct loop *l, const char *socket_path);
/*
 * Stay connected from now on (twice a second while it is away) and call fn
 * after each connection: the router may have lost what it was told.
 */
void routerctl_keep(struct routerctl *c, loop_fn *fn, void *arg);
/* Connected? While it is not, what was stopped is told to the next. */
bool routerctl_is_there(const struct routerctl *c);
/* Waiting requests are dropped without a call. */
void routerctl_free(struct routerctl *c);

void routerctl_hello(struct routerctl *c, routerctl_fn *fn, void *arg);
/* mode: "off", "none", "locked", "web" or "open".  policy: the other members as
 * an object; NULL or "": none. */
void routerctl_project_set(struct routerctl *c, int64_t id, const char *mode,
    const char *policy, routerctl_fn *fn, void *arg);
void routerctl_project_del(
    struct routerctl *c, int64_t id, routerctl_fn *fn, void *arg);
void routerctl_projects(struct routerctl *c, routerctl_fn *fn, void *arg);
void routerctl_host_set(struct routerctl *c, const char *const *addresses,
    size_t n, routerctl_fn *fn, void *arg);
/* What changed after the `next` of an earlier reply, of all projects; held up
 * to 10 s until there is something: on a connection of its own.  Not repeated:
 * another router counts anew. */
void routerctl_follow(
    struct routerctl *c, int64_t since, routerctl_fn *fn, void *arg);
void routerctl_log(
    struct routerctl *c, int64_t id, int limit, routerctl_fn *fn, void *arg);

#endif
