/*
 * svc_upstream: what the API of an upstream's forge says of the repository
 * (GitHub's shapes): one conditional request, its facts and what changed as
 * events in one transaction.  A repository that has moved is recorded and told
 * once, never followed.  The project's token goes to that API alone.
 */
#ifndef SERVER_SERVICE_SVC_UPSTREAM_H
#define SERVER_SERVICE_SVC_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "server/service/svc.h"

struct net;
struct project;
struct svc_upstream;

struct svc_upstream_spec {
	struct svc *svc;
	struct net *net;
	const char *forges;  /* the map of server/domain/forge.h; borrowed */
	const char *ca_file; /* NULL: the system's; borrowed */
};

struct svc_upstream *svc_upstream_new(const struct svc_upstream_spec *spec);
void svc_upstream_free(struct svc_upstream *u); /* NULL is fine; cancels */

/* Does the project's upstream have an API that is known? */
bool svc_upstream_has(const struct svc_upstream *u, const struct project *p);

struct svc_upstream_end {
	bool failed;     /* nothing was learned: wait longer each time */
	int64_t wait_ms; /* the API asks not to come before; 0: does not */
};
typedef void svc_upstream_done_fn(
    const struct svc_upstream_end *end, void *arg);

/* done comes once, later; not after svc_upstream_free.  One at a time. */
void svc_upstream_check(struct svc_upstream *u, int64_t project,
    svc_upstream_done_fn *done, void *arg);

/* Take upstream for a ref that waits (svc_mirror_report.c), at the next
 * synchronisation, if upstream and the local ref are then what they are now. */
struct svc_upstream_accept {
	struct svc_op op;
	int64_t project_id;
	char *ref;      /* full name */
	char *upstream; /* what the caller saw; NULL: whatever it is */
};
struct svc_upstream_accept *svc_upstream_accept_new(
    struct svc *s, const struct identity *who);
void svc_upstream_accept(
    struct svc_upstream_accept *op, svc_done_fn *done, void *arg);

enum {
	SVC_HOOK_SECRET_MIN = 16,
	SVC_HOOK_SECRET_MAX = 256,
	SVC_HOOK_MADE = 40 /* hex digits of one that is made here */
};
/* HOME/secrets/upstream/ID.hook; "" removes it. */
int svc_upstream_set_hook(struct svc *s, const struct identity *who,
    int64_t project, const char *secret, struct err *e);
/* Is the body signed with it?  No secret: no, after the same work. */
bool svc_upstream_hook_ok(
    struct svc *s, int64_t project, const char *header, struct view body);

#endif
