#include "server/http/call.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/httpd/httpd.h"
#include "lib/io/sock.h"
#include "lib/wire/json.h"
#include "server/auth/auth.h"
#include "server/http/etag.h"
#include "server/http/param.h"
#include "server/http/router.h"

enum {
	CALL_FILTERS_MAX = 4096
};

struct call {
	unsigned refs;
	struct router *router;
	struct call *next; /* of the router's, while the client is there */
	struct call **at;
	struct request *q; /* NULL: the client left */
	struct identity who;
	unsigned n;
	char *args[ROUTE_ARGS];
	struct str filters; /* what was asked of the query, for Link */
	call_json_fn *json_fn;
	route_fn *raw_fn;
	void *data;
	void *again;
	void (*again_free)(void *refused);
	void (*on_gone)(struct call *c);
	bool replied;
	bool streaming; /* the reply is made by somebody else, in time */
};

static void
call_on_close(struct request *q, const char *reason, void *arg)
{
	struct call *c = arg;

	(void)q;
	(void)reason;
	c->q = NULL;
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	if (c->on_gone != NULL)
		c->on_gone(c);
	call_release(c);
}

void
call_origin(struct identity *who, const struct request *q)
{
	char peer[SOCK_TEXT_MAX];
	const char *label = request_label(q);

	request_peer(q, peer);
	if (label[0] != '\0')
		(void)snprintf(
		    who->origin, sizeof(who->origin), "sandbox %.20s", label);
	else
		(void)snprintf(who->origin, sizeof(who->origin), "%.80s", peer);
	(void)snprintf(who->request, sizeof(who->request), "%s", request_id(q));
}

struct call *
call_new(struct router *r, struct request *q, struct route_match *m,
    const struct identity *who)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->refs = 1; /* the request's */
	c->router = r;
	c->q = q;
	c->who = *who;
	call_origin(&c->who, q);
	c->filters = STR_INIT_MAX(CALL_FILTERS_MAX);
	c->n = m->n;
	memcpy(c->args, m->args, sizeof(c->args));
	m->n = 0;
	c->at = router_calls(r);
	c->next = *c->at;
	if (c->next != NULL)
		c->next->at = &c->next;
	*c->at = c;
	request_on_close(q, call_on_close, c);
	return c;
}

/* A reply that is made is let out: often it says what cut the others. */
void
calls_cut(struct call *first, call_match_fn *fn, const void *arg)
{
	struct call *next;

	for (struct call *c = first; c != NULL; c = next) {
		next = c->next;
		if ((!c->replied || c->streaming) && fn(&c->who, arg))
			request_cut(c->q);
	}
}

void
calls_each(const struct call *first,
    void (*fn)(const struct identity *who, void *arg), void *arg)
{
	for (; first != NULL; first = first->next)
		fn(&first->who, arg);
}

void
call_hold(struct call *c)
{
	c->refs++;
}

void
call_release(struct call *c)
{
	if (--c->refs > 0)
		return;
	for (unsigned i = 0; i < c->n; i++)
		free(c->args[i]);
	str_release(&c->filters);
	if (c->again != NULL)
		c->again_free(c->again);
	free(c);
}

struct request *
call_request(const struct call *c)
{
	return c->q;
}

const struct identity *
call_who(const struct call *c)
{
	return &c->who;
}

void *
call_app(const struct call *c)
{
	return router_app(c->router);
}

const char *
call_url(const struct call *c)
{
	return router_url(c->router);
}

void
call_address(const struct call *c, char out[BUCKET_ADDRESS_MAX])
{
	router_address(c->router, c->q, out);
}

const char *
call_arg(const struct call *c, unsigned i)
{
	if (i >= c->n)
		die("call: no argument %u", i);
	return c->args[i];
}

int64_t
call_arg_id(const struct call *c, unsigned i)
{
	struct err e = ERR_INIT;
	int64_t n = 0;

	if (num_i64(call_arg(c, i), 1, INT64_MAX, &n, &e) == -1)
		return 0;
	return n;
}

void
call_set_data(struct call *c, void *data)
{
	c->data = data;
}

void *
call_data(const struct call *c)
{
	return c->data;
}

void
call_set_again(struct call *c, void *refused, void (*free_fn)(void *refused))
{
	c->again = refused;
	c->again_free = free_fn;
}

void *
call_again(const struct call *c)
{
	return c->again;
}

void
call_on_gone(struct call *c, void (*fn)(struct call *c))
{
	c->on_gone = fn;
}

const char *
call_query(struct call *c, const char *name)
{
	const char *v = c->q != NULL ? request_query(c->q, name) : NULL;

	if (v != NULL && strcmp(name, "page") != 0 &&
	    strcmp(name, "limit") != 0) {
		str_addf(&c->filters, "&%s=", name);
		esc_url(&c->filters, view_of(v));
	}
	return v;
}

int
call_query_i64(
    struct call *c, const char *name, int64_t min, int64_t max, int64_t *out)
{
	struct err e = ERR_INIT;

	if (param_i64(name, call_query(c, name), min, max, out, &e) == 0)
		return 0;
	call_fail(c, &e);
	return -1;
}

bool
call_query_bool(struct call *c, const char *name)
{
	return param_bool(call_query(c, name));
}

int
call_page(struct call *c, uint32_t *page, uint32_t *limit)
{
	struct param_page p;
	struct err e = ERR_INIT;

	if (param_page(call_query(c, "page"), call_query(c, "limit"), &p, &e) ==
	    -1) {
		call_fail(c, &e);
		return -1;
	}
	*page = p.page;
	*limit = p.limit;
	return 0;
}

/* A token in the header is not a browser's doing, as Basic may be. */
static bool
call_has_token(const struct call *c)
{
	const char *auth = request_header_in(c->q, "Authorization");

	return auth != NULL &&
	    (strncasecmp(auth, "token ", strlen("token ")) == 0 ||
		strncasecmp(auth, "bearer ", strlen("bearer ")) == 0);
}

static bool
call_type_is(struct view type, const char *name)
{
	return type.len == strlen(name) &&
	    strncasecmp(type.p, name, type.len) == 0;
}

/* Clients that forget the type send none, or what fetch makes of a text.  A
 * page of another site can send those, too, but no token. */
bool
call_type_is_json(const struct call *c)
{
	const char *type = request_header_in(c->q, "Content-Type");
	struct view rest = view_of(type != NULL ? type : ""), first;

	if (type == NULL)
		return call_has_token(c);
	if (!view_split(&rest, ';', &first))
		return false;
	first = view_trim(first);
	return call_type_is(first, "application/json") ||
	    (call_type_is(first, "text/plain") && call_has_token(c));
}

static void
call_on_json(struct request *q, void *arg)
{
	struct call *c = arg;
	struct view body = request_body(q);
	struct err e = ERR_INIT;
	struct json *j;

	if (view_trim(body).len == 0)
		body = VIEW_LIT("{}");
	else if (!call_type_is_json(c)) {
		call_reply_error(c, 415, "Content-Type: want application/json");
		return;
	}
	j = json_parse(body, CALL_BODY_MAX, &e);
	if (j == NULL)
		call_reply_error(c, 400, "body: %s", e.msg);
	else if (!json_is_object(j))
		call_reply_error(c, 400, "body: want a JSON object");
	else
		c->json_fn(c, j);
	json_free(j);
}

void
call_take_json(struct call *c, call_json_fn *fn)
{
	c->json_fn = fn;
	request_collect(c->q, CALL_BODY_MAX, call_on_json, c);
}

static void
call_on_raw(struct request *q, void *arg)
{
	struct call *c = arg;

	(void)q;
	c->raw_fn(c);
}

void
call_take_raw(struct call *c, size_t max, route_fn *fn)
{
	c->raw_fn = fn;
	request_collect(c->q, max, call_on_raw, c);
}

struct view
call_body(const struct call *c)
{
	return c->q != NULL ? request_body(c->q) : VIEW_LIT("");
}

/* Once, and only while somebody listens. */
static bool
call_may_reply(struct call *c)
{
	if (c->replied)
		die("call: a second reply");
	c->replied = true;
	return c->q != NULL;
}

void
call_header(struct call *c, const char *name, const char *value)
{
	if (c->q != NULL)
		request_header(c->q, name, value);
}

/* A reply that may be asked for again: its tag, and 304 to who has it. */
static bool
call_is_known(struct call *c, const struct str *body)
{
	char etag[ETAG_MAX];

	if (strcmp(request_method(c->q), "GET") != 0 || !str_ok(body))
		return false;
	etag_of(router_etag_key(c->router), str_view(body), etag);
	request_header(c->q, "ETag", etag);
	request_header(
	    c->q, "Cache-Control", "private, max-age=0, must-revalidate");
	return etag_known(request_header_in(c->q, "If-None-Match"), etag);
}

void
call_reply_json(struct call *c, int status, struct str *body)
{
	if (!call_may_reply(c)) {
		str_release(body);
		return;
	}
	if (status == 200 && call_is_known(c, body))
		request_reply(c->q, 304, NULL, "", 0);
	else
		request_reply_str(
		    c->q, status, "application/json;charset=utf-8", body);
	str_release(body);
}

void
call_reply_text(struct call *c, int status, const char *type, struct view body)
{
	if (!call_may_reply(c))
		return;
	request_header(c->q, "X-Content-Type-Options", "nosniff");
	request_reply(c->q, status, type, body.p, body.len);
}

void
call_reply_empty(struct call *c, int status)
{
	if (call_may_reply(c))
		request_reply(c->q, status, NULL, "", 0);
}

bool
call_reply_moved(struct call *c, const char *was, const char *now)
{
	static const char *const before[] = { "/repos/", "/projects/",
		"/users/" };
	const char *path = c->q != NULL ? request_raw_path(c->q) : "";
	const char *query = c->q != NULL ? request_raw_query(c->q) : "";
	size_t n = strlen(was);

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		const char *at = strstr(path, before[i]);
		AUTO_STR struct str to = STR_INIT;

		if (at == NULL)
			continue;
		at += strlen(before[i]);
		if (strncasecmp(at, was, n) != 0 ||
		    (at[n] != '/' && at[n] != '\0'))
			continue;
		str_addf(&to, "%.*s%s%s%s%s", (int)(at - path), path, now,
		    at + n, query[0] != '\0' ? "?" : "", query);
		call_header(c, "Location", str_cstr(&to));
		call_reply_empty(c, 307);
		return true;
	}
	return false;
}

struct request *
call_take_over(struct call *c)
{
	c->streaming = true;
	return call_may_reply(c) ? c->q : NULL;
}

void
call_reply_error(struct call *c, int status, const char *fmt, ...)
{
	AUTO_STR struct str text = STR_INIT_MAX(1000);
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	if (call_may_reply(c))
		router_reply_error(c->router, c->q, status, str_cstr(&text));
}

#define CALL_RETRY_AFTER "5" /* seconds */

static const int call_status[ERR_CODE_MAX] = {
	[ERR_NONE] = 500,
	[ERR_INVALID] = 422,
	[ERR_NOTFOUND] = 404,
	[ERR_EXISTS] = 409,
	[ERR_DENIED] = 403,
	[ERR_LIMIT] = 413,
	[ERR_TIMEOUT] = 503,
	[ERR_BUSY] = 503,
	[ERR_PROTO] = 502,
	[ERR_IO] = 500,
	[ERR_INTERNAL] = 500,
	[ERR_LOCKED] = 423,
};

int
call_status_of(const struct err *e)
{
	return e->code < ERR_CODE_MAX ? call_status[e->code] : 500;
}

void
call_fail(struct call *c, const struct err *e)
{
	int status = call_status_of(e);

	if (status >= 500)
		log_error("api fail req=%s code=%s reason=%s", c->who.request,
		    err_name(e->code), log_val(e->msg));
	if (status == 503)
		call_header(c, "Retry-After", CALL_RETRY_AFTER);
	call_reply_error(
	    c, status, "%s", status == 500 ? "internal error" : e->msg);
}

void
call_count(struct call *c, int64_t total)
{
	char count[24];

	if (c->q == NULL)
		return;
	snprintf(count, sizeof(count), "%" PRId64, total);
	request_header(c->q, "X-Total-Count", count);
}

void
call_total(struct call *c, uint32_t page, uint32_t limit, int64_t total)
{
	AUTO_STR struct str link = STR_INIT_MAX(16384);
	AUTO_STR struct str base = STR_INIT_MAX(8192);
	struct param_page p = { page, limit };
	const char *path;

	if (c->q == NULL)
		return;
	path = request_raw_path(c->q);
	call_count(c, total);
	str_addf(&base, "%s%.*s", call_url(c), (int)strcspn(path, "?"), path);
	param_link(&link, str_cstr(&base), str_cstr(&c->filters), &p, total);
	if (link.len > 0 && str_ok(&link) && str_ok(&base) &&
	    str_ok(&c->filters))
		request_header(c->q, "Link", link.p);
}
