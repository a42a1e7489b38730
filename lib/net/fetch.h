/*
 * fetch: HTTP requests by libcurl's multi interface on the loop.
 *
 * One `net` per program keeps the connection pool.  Redirects are never
 * followed, proxies of the environment never used, protocols limited to http
 * and https.  on_done comes exactly once, from the loop, also after
 * fetch_cancel (ERR_IO, "cancelled"); the fetch is freed after it.
 */
#ifndef LIB_NET_FETCH_H
#define LIB_NET_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/base/view.h"
#include "lib/io/loop.h"

struct err;
struct fetch;
struct net;
struct str;

struct fetch_reply {
	int error; /* an ERR_* code of lib/base/err.h, 0: a reply came */
	const char *error_text;   /* without URL credentials */
	bool refused;             /* by may_dial, every address */
	bool sent;                /* some of the request went out */
	int status;               /* HTTP status */
	const char *content_type; /* "" if none */
	struct view body; /* NUL-terminated; empty when on_data took it */
};

struct fetch_spec {
	const char *method; /* "GET" ... */
	const char *url;
	const char *unix_socket;    /* dial this instead of the URL's host */
	const char *const *headers; /* "Name: value", NULL-terminated */
	struct view body;           /* sent when .p != NULL; copied, or */
	bool body_kept;             /* the caller's until on_free */
	/* Or pulled: fill up to max bytes, 0 ends, -1 aborts. */
	long (*read_body)(void *p, size_t max, void *arg);
	int64_t read_len;    /* of read_body, -1: chunked */
	size_t max_reply;    /* default 8 MiB; over it is ERR_LIMIT */
	int64_t connect_ms;  /* default 10 s */
	int64_t limit_ms;    /* whole exchange, default 60 s; -1: none */
	int64_t stall_ms;    /* no byte for so long; 0: none */
	const char *ca_file; /* NULL: the system's */
	/* Asked for each address before it is dialled; false refuses it.  Such
	 * a fetch shares no connection with others, so what was asked about is
	 * what is spoken to.  May be NULL: all. */
	bool (*may_dial)(const struct sockaddr *sa, socklen_t len, void *arg);
	bool cut_reply; /* a body over max_reply ends there, no error */
	/* Streamed reply: false aborts.  Called for 2xx only. */
	bool (*on_data)(struct view chunk, void *arg);
	void (*on_done)(const struct fetch_reply *r, void *arg);
	/* Last use of arg, however the fetch ended (net_free too). */
	void (*on_free)(void *arg); /* may be NULL */
	void *arg;
};

struct net *net_new(struct loop *l, const char *user_agent, struct err *e);
void net_free(struct net *n); /* cancels what runs, without callbacks */
struct loop *net_loop(const struct net *n);
/* Stop the reply from coming, and let it come again: for a reader that is
 * slower.  on_data may be called from in here when it comes again. */
void fetch_pause(struct fetch *f, bool pause);
/* All of a body_kept went out: it is not read again, once a reply is there. */
bool fetch_body_sent(const struct fetch *f);
/* Finds a header of the reply, during on_data and on_done only. */
const char *fetch_header(const struct fetch *f, const char *name);
/* All of them, a line each, as far as it has room; in on_done only. */
void fetch_headers(const struct fetch *f, struct str *out);
int fetch_start(struct net *n, const struct fetch_spec *spec,
    struct fetch **out, struct err *e);
void fetch_cancel(struct fetch *f);

#endif
