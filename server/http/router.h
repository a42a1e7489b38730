/*
 * router: takes every request of cofferd: finds its route, says who asks, and
 * refuses what the row's access rule does not allow, before a handler sees it.
 * What no JSON route takes goes to the fallback (git), if that handles it.
 */
#ifndef SERVER_HTTP_ROUTER_H
#define SERVER_HTTP_ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "server/auth/bucket.h"
#include "server/http/access_log.h"
#include "server/http/route.h"

struct call;
struct db;
struct http_stats;
struct dial_rule;
struct identity;
struct loop;
struct passwords;
struct request;
struct router;

enum {
	ROUTER_BURST_S = 10 /* so many seconds of the rate at once */
};

struct router_spec {
	struct loop *loop;
	struct db *db;
	struct passwords *passwords;
	uint64_t rate; /* API requests per second and credential, 0: any */
	const struct dial_rule *proxies;   /* believed in X-Forwarded-For */
	const struct route *const *tables; /* ends with NULL */
	const struct route *const *pages;  /* the same, after those; or NULL */
	struct http_stats *stats;          /* may be NULL */
	enum access_log_level access;
	void *app; /* call_app */
	const char *public_url;
	const char *cookie; /* its name, of the sessions of pages */
	void (*sign_in)(struct call *c); /* a page that needs a person */
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

/* A group was committed: ends what goes on by tokens that are gone. */
void router_on_commit(struct router *r);

/* For call.c. */
void router_address(const struct router *r, const struct request *q,
    char out[BUCKET_ADDRESS_MAX]);
struct call **router_calls(struct router *r);
void *router_app(const struct router *r);
const char *router_url(const struct router *r);
const unsigned char *router_etag_key(const struct router *r);
void router_reply_error(
    struct router *r, struct request *q, int status, const char *message);

#endif
