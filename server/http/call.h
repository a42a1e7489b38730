/*
 * call: one API request on its way through a handler.  A handler either
 * replies or keeps the call for later with call_hold and gives it back with
 * call_release; the client may leave meanwhile, then replies go nowhere and
 * call_request is NULL.  Everything a call hands out lives as long as it.
 */
#ifndef SERVER_HTTP_CALL_H
#define SERVER_HTTP_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"
#include "lib/base/view.h"
#include "server/auth/bucket.h"
#include "server/http/route.h"

struct err;
struct identity;
struct json;
struct request;
struct router;

enum {
	CALL_BODY_MAX = 1 << 20
};

/* Made by the router; takes the match's arguments. */
struct call *call_new(struct router *r, struct request *q,
    struct route_match *m, const struct identity *who);
/* Where who asks from, for the audit log. */
void call_origin(struct identity *who, const struct request *q);
/* For router.c, over its list: ends the connections of those that wait or
 * stream and that fn wants. */
typedef bool call_match_fn(const struct identity *who, const void *arg);
void calls_cut(struct call *first, call_match_fn *fn, const void *arg);
void calls_each(const struct call *first,
    void (*fn)(const struct identity *who, void *arg), void *arg);
void call_hold(struct call *c);
void call_release(struct call *c);

struct request *call_request(const struct call *c); /* NULL: client left */
const struct identity *call_who(const struct call *c);
void *call_app(const struct call *c);       /* router_spec.app */
const char *call_url(const struct call *c); /* public URL, no last slash */
/* Of whom it is from, as bucket_address has it; not when the client left. */
void call_address(const struct call *c, char out[BUCKET_ADDRESS_MAX]);
const char *call_arg(const struct call *c, unsigned i);
int64_t call_arg_id(const struct call *c, unsigned i);
/* The handler's own data; on_gone is called when the client leaves. */
void call_set_data(struct call *c, void *data);
void *call_data(const struct call *c);
/* Why the page comes again, of server/web/post.c alone; once. */
void call_set_again(
    struct call *c, void *refused, void (*free_fn)(void *refused));
void *call_again(const struct call *c);
void call_on_gone(struct call *c, void (*fn)(struct call *c));

/* Query.  The numbers answer 0, or -1 after a 422 that names the parameter. */
const char *call_query(struct call *c, const char *name);
int call_query_i64(
    struct call *c, const char *name, int64_t min, int64_t max, int64_t *out);
bool call_query_bool(struct call *c, const char *name);
/* page and limit; limit over the maximum is the maximum, 0 the default. */
int call_page(struct call *c, uint32_t *page, uint32_t *limit);

/* Take the body: a JSON object (fn gets it; NULL json never), or bytes.  What
 * is wrong with it is answered here.  An absent body is the empty object. */
typedef void call_json_fn(struct call *c, const struct json *body);
void call_take_json(struct call *c, call_json_fn *fn);
/* What call_take_json takes, for who takes the body raw. */
bool call_type_is_json(const struct call *c);
void call_take_raw(struct call *c, size_t max, route_fn *fn);
struct view call_body(const struct call *c);

/* Replies. */
void call_header(struct call *c, const char *name, const char *value);
void call_reply_json(struct call *c, int status, struct str *body);
void call_reply_text(
    struct call *c, int status, const char *type, struct view body);
void call_reply_empty(struct call *c, int status);
/* 307 to the same address with the name behind "repos/", "projects/" or
 * "users/" replaced; false: the address has no such name, nothing is replied.
 */
bool call_reply_moved(struct call *c, const char *was, const char *now);
void call_reply_error(struct call *c, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* For a reply that the caller makes on the request (a stream, a file); NULL
 * when the client left. */
struct request *call_take_over(struct call *c);
/* By code: INVALID 422, NOTFOUND 404, EXISTS 409 ...; logs what is ours. */
void call_fail(struct call *c, const struct err *e);
int call_status_of(const struct err *e);
/* X-Total-Count alone: of a list that has no pages. */
void call_count(struct call *c, int64_t total);
/* X-Total-Count and Link, before the reply of a list. */
void call_total(struct call *c, uint32_t page, uint32_t limit, int64_t total);

#endif
