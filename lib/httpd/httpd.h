/*
 * httpd: an HTTP/1.1 server on the loop, over libmicrohttpd with external
 * epoll (MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME; its epoll descriptor is one
 * watch, MHD_get_timeout one timer).  A malformed request, one whose length
 * could be read in two ways, or an oversized head never reaches the handler.
 *
 * A request goes: on_request with the headers; the handler chooses how to take
 * the body (request_collect or request_stream), then replies once, at once or
 * later.  Without a choice a body is read and thrown away up to 64 KiB.  The
 * reply is sent after the whole body was read (libmicrohttpd is half duplex),
 * but it may be made earlier: after request_reply, _str and _file the rest of
 * the body is thrown away (up to 8 MiB, then the connection is cut) and the
 * sink is not called again; after request_reply_stream the sink goes on.
 * A second reply is ignored: httpd itself may have answered 413 before.
 *
 * request_on_close is told exactly once when the exchange is over, also when
 * the client left; after it the request is gone.  A request whose handler
 * waits is suspended; from the second second on it is watched for the client
 * closing its end, which ends the exchange ("client left").
 */
#ifndef LIB_HTTPD_HTTPD_H
#define LIB_HTTPD_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/io/loop.h"
#include "lib/io/sock.h"

struct err;
struct httpd;
struct request;

typedef void request_fn(struct request *q, void *arg);

enum {
	REQUEST_ID_MAX = 64
};

struct httpd_spec {
	struct loop *loop;
	int listen_fd;           /* taken; -1: only httpd_add_connection */
	size_t conn_memory;      /* per connection, default 16 KiB */
	unsigned max_conns;      /* default 4096 */
	unsigned idle_s;         /* keep-alive and stalled peers, default 75 */
	const char *server_name; /* Server: header, may be NULL */
	request_fn *on_request;
	void *arg;
};

struct httpd *httpd_new(const struct httpd_spec *spec, struct err *e);
/* Hand over an accepted socket; label is kept for request_label (copied). */
int httpd_add_connection(struct httpd *h, int fd, const struct sock_addr *peer,
    const char *label, struct err *e);
void httpd_quiesce(struct httpd *h); /* no new connections */
void httpd_free(struct httpd *h);    /* on_close comes for what is open */

/* What was asked.  Strings live as long as the request. */
const char *request_method(const struct request *q); /* HEAD counts as GET */
bool request_is_head(const struct request *q);
const char *request_path(const struct request *q); /* percent-decoded once */
const char *request_raw_path(const struct request *q);  /* as sent */
const char *request_raw_query(const struct request *q); /* "" if none */
const char *request_query(const struct request *q, const char *name); /* 1st */
const char *request_header_in(const struct request *q, const char *name);
/* Of a header that came more than once the last; request_header_in: the first.
 */
const char *request_header_last(const struct request *q, const char *name);
int64_t request_length(const struct request *q); /* -1: chunked, 0: no body */
const char *request_label(const struct request *q); /* "" for the listener */
void request_peer(const struct request *q, char out[SOCK_TEXT_MAX]);
/* For logs, and X-Request-Id of the reply: the client's own, if it sent a sound
 * one and is no sandbox, else one that no other request has. */
const char *request_id(const struct request *q);

/* The handler's own data on the request. */
void request_set_data(struct request *q, void *data);
void *request_data(const struct request *q);
/* At most REQUEST_CLOSE_MAX, told in reverse order. */
enum {
	REQUEST_CLOSE_MAX = 3
};
void request_on_close(struct request *q,
    void (*fn)(struct request *q, const char *reason, void *arg), void *arg);

/* The handler does not know yet: nothing of the body is read until
 * request_unhold, after which it chooses as in on_request. */
void request_hold(struct request *q);
void request_unhold(struct request *q);

/* Take the body whole; more than max is answered 413 by httpd itself and done
 * is not called. */
void request_collect(
    struct request *q, size_t max, request_fn *done, void *arg);
struct view request_body(const struct request *q); /* after done */
/* The same, and it is the caller's; out is empty before. */
void request_take_body(struct request *q, struct str *out);

/* Take it as it comes.  on_data returns how many bytes it took; fewer than n
 * suspends the request until request_resume. */
struct body_sink {
	size_t (*on_data)(
	    struct request *q, const void *p, size_t n, void *arg);
	void (*on_end)(struct request *q, void *arg);
};
void request_stream(struct request *q, const struct body_sink *sink, void *arg);
void request_resume(struct request *q);
/* End the connection now, in whatever state; on_close comes later. */
void request_cut(struct request *q);

/* Answer.  Headers first; names and values are checked for CR, LF, NUL. */
void request_header(struct request *q, const char *name, const char *value);
void request_reply(struct request *q, int status, const char *content_type,
    const void *p, size_t n); /* copies */
void request_reply_str(struct request *q, int status, const char *content_type,
    struct str *body); /* takes the bytes; 500 if it is full */
/* Borrows the bytes: release(arg) is called when they are not needed any more,
 * and at once when there was a reply before. */
void request_reply_shared(struct request *q, const char *content_type,
    struct view body, void (*release)(void *arg), void *arg);
/* Takes fd; sends `size` bytes from `from` on. */
void request_reply_file(struct request *q, int status, const char *content_type,
    int fd, uint64_t from, uint64_t size);

/* Answer as a stream.  read fills at most max bytes: > 0 that many, 0 nothing
 * now (call request_wake when there is), BODY_END, or BODY_ABORT to cut the
 * connection so that the client sees a failure. */
enum {
	BODY_END = -1,
	BODY_ABORT = -2
};
struct body_source {
	long (*read)(struct request *q, void *p, size_t max, void *arg);
};
void request_reply_stream(struct request *q, int status,
    const char *content_type, const struct body_source *src, void *arg);
void request_wake(struct request *q);
bool request_replied(const struct request *q);
unsigned request_status(const struct request *q); /* 0: no reply yet */

#endif
