/*
 * router: takes every request of cofferd: finds its route, says who asks, and
 * refuses what the row's access rule does not allow, before a handler sees it.
 * What no JSON route takes goes to the fallback (git), if that handles it.
 */
#ifndef SERVER_HTTP_ROUTER_H
#define SERVER_HTTP_ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "server/http/route.h"

struct db;
struct identity;
struct request;
struct router;

struct router_spec {
	struct db *db;
	const struct route *const *tables; /* ends with NULL */
	void *app;                         /* call_app */
	const char *public_url;
	int64_t (*now)(void);
	bool (*handles)(const char *path); /* may be NULL */
	void (*fallback)(
	    struct request *q, const struct identity *who, void *arg);
	void *arg;
};

struct router *router_new(const struct router_spec *spec);
void router_free(struct router *r);
/* httpd's on_request; arg is the router. */
void router_on_request(struct request *q, void *arg);

/* For call.c. */
void *router_app(const struct router *r);
const char *router_url(const struct router *r);
void router_reply_error(
    struct router *r, struct request *q, int status, const char *message);

#endif
