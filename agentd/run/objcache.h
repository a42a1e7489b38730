/*
 * objcache: keeps each project's objects at hand, so that a tree fetches
 * nothing: HOME/sandboxes/ID/objects (agentd/sandbox/objects.h).
 *
 *   gN/git     a bare repository of the project's branches
 *   gN/refs    its branches as origin's, in the form of packed-refs; written
 *              last: what it names is there, whole
 *   gN/made    when it was cloned
 *   current    a link to the one that is good
 *
 * Only a container of our own writes there: it has the project's uid, the
 * session's token and no program of an agent's in it.  It runs when a sandbox
 * begins to run, a moment after a branch moved, and once an hour; what is a
 * day old is made anew beside the old one (a dropped branch shall not live on
 * in it), and an old one goes when no run of the project is there to use it.
 */
#ifndef AGENTD_RUN_OBJCACHE_H
#define AGENTD_RUN_OBJCACHE_H

#include "agentd/sandbox/driver.h"
#include "agentd/watch/projects.h"

struct objcaches;
struct sandboxes;

/* host, driver and projects outlive it; sandboxes is set before open. */
struct objcaches *objcaches_new(const struct sandbox_host *h,
    const struct driver *driver, struct projects *projects);
void objcaches_set_sandboxes(struct objcaches *c, struct sandboxes *m);
/* No more callbacks; what runs goes on, and is ended by the next adopt. */
void objcaches_free(struct objcaches *c);

/* End what an earlier process left half done. */
void objcaches_adopt(struct objcaches *c, sandbox_done_fn *done, void *arg);
/* The runs are known: from now on work is done. */
void objcaches_open(struct objcaches *c);

/* Something of the project changed: look soon, in the background. */
void objcaches_want(struct objcaches *c, int64_t project);
/* No tree could be made from it: make it anew. */
void objcaches_renew(struct objcaches *c, int64_t project);
/*
 * Calls back, later: at once when there is one, or when making one failed a
 * moment ago; else it is made now, and what went wrong is told.
 */
void objcaches_when_ready(
    struct objcaches *c, int64_t project, sandbox_done_fn *done, void *arg);
/* Forget a waiter of objcaches_when_ready. */
void objcaches_forget(struct objcaches *c, const void *arg);
/* The sandbox has to go: end what runs in it. */
void objcaches_stop(struct objcaches *c, int64_t project);

/* objcache_script.c: what the container does; all else is its environment. */
extern const char objcache_script[];

enum {
	OBJCACHE_OLD_LEFT = 3 /* its status: good, but an older one is there */
};

#endif
