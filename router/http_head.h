/*
 * http_head: the head of an HTTP/1 request (RFC 9112) as a pure parser, so
 * strict that no server can read it in another way than we do: what is odd is
 * refused, as nothing of it is rewritten.  http_flow follows a connection from
 * request to request and tells which bytes belong to one that was let.
 */
#ifndef ROUTER_HTTP_HEAD_H
#define ROUTER_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

enum {
	HTTP_HEAD_MAX = 16 << 10, /* bytes, with the empty line */
	HTTP_HOST_MAX = 256
};

enum http_state {
	HTTP_MORE,
	HTTP_OK,
	HTTP_BAD,      /* no HTTP/1, or not exactly */
	HTTP_CONNECT,  /* asks for a tunnel */
	HTTP_UPGRADE,  /* asks for another protocol, which is no WebSocket */
	HTTP_ABSOLUTE, /* names one host in its line and another as Host */
	HTTP_NO_HOST
};

struct http_head {
	size_t len; /* of the head */
	/* Host without its port, as it was sent. */
	char host[HTTP_HOST_MAX];
	size_t host_len;
	bool chunked;  /* its body; else of a length */
	uint64_t body; /* bytes */
	/* Asks for one: when the server says 101, what follows is no HTTP. */
	bool websocket;
};

/* What is wrong is told as soon as it can be; out is filled with HTTP_OK. */
enum http_state http_head_read(struct view in, struct http_head *out);

enum http_flow_at {
	HTTP_AT_HEAD,
	HTTP_AT_BODY,
	HTTP_AT_CHUNK, /* a line with its size */
	HTTP_AT_CHUNK_DATA,
	HTTP_AT_CHUNK_END, /* the line behind it */
	HTTP_AT_TRAILER
};

/* One direction of one connection; starts as zeros. */
struct http_flow {
	enum http_flow_at at;
	uint64_t left;   /* bytes of the body or chunk */
	size_t trailers; /* bytes of them */
};

/* A head has been let: what follows is its body. */
void http_flow_begin(struct http_flow *f, const struct http_head *h);
/* Does an answer begin so that what follows is not HTTP any more? */
bool http_is_switched(struct view in);
enum {
	HTTP_STATUS_BYTES = 13 /* of an answer, for http_is_switched */
};
/*
 * How many of these bytes belong to the present request.  Stops where a head
 * begins, and before a line that is not whole.  -1: the body is broken.
 */
int http_flow_pass(struct http_flow *f, struct view in, size_t *n);

#endif
