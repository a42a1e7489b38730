#include "server/http/router.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/httpd/httpd.h"
#include "lib/wire/json.h"
#include "server/auth/auth.h"
#include "server/http/call.h"
#include "server/store/db.h"
#include "server/store/tokens.h"

enum {
	ROUTER_TOUCH_MS = 60000
};

struct router {
	struct router_spec spec;
};

struct router_touch {
	int64_t token;
	int64_t now;
};

struct router *
router_new(const struct router_spec *spec)
{
	struct router *r = xcalloc(1, sizeof(*r));

	r->spec = *spec;
	return r;
}

void
router_free(struct router *r)
{
	free(r);
}

void *
router_app(const struct router *r)
{
	return r->spec.app;
}

const char *
router_url(const struct router *r)
{
	return r->spec.public_url;
}

void
router_reply_error(
    struct router *r, struct request *q, int status, const char *message)
{
	struct str body = STR_INIT;
	struct jw w;

	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "message", message);
	jw_str(&w, "url", r->spec.public_url);
	jw_end(&w);
	request_reply_str(q, status, "application/json;charset=utf-8", &body);
	str_release(&body);
}

static int
router_touch_job(struct txn *t, void *arg, struct err *e)
{
	const struct router_touch *x = arg;

	return tokens_touch(t, x->token, x->now, e);
}

static void
router_touch_done(const struct err *fail, void *arg)
{
	if (fail != NULL && fail->code != ERR_NOTFOUND)
		log_warn("router touch reason=%s", log_val(fail->msg));
	free(arg);
}

/* used_at is kept to the minute, so that reading costs no write. */
static void
router_touch(struct router *r, const struct identity *who, int64_t now)
{
	struct router_touch *x;

	if (who->token_id == 0 || now - who->token_used_at < ROUTER_TOUCH_MS)
		return;
	x = xcalloc(1, sizeof(*x));
	*x = (struct router_touch){ who->token_id, now };
	db_write(r->spec.db, router_touch_job, router_touch_done, x);
}

/* 0, or the status of the refusal. */
static int
router_access(enum route_access need, const struct identity *who)
{
	if (need == ROUTE_ANON || who->kind == IDENTITY_ADMIN)
		return 0;
	switch (who->kind) {
	case IDENTITY_NONE:
		return 401;
	case IDENTITY_USER:
		return need == ROUTE_USER || need == ROUTE_MEMBER ||
			need == ROUTE_RUN_OK || need == ROUTE_SESSION_OK
		    ? 0
		    : 403;
	case IDENTITY_CI:
		return need == ROUTE_CI || need == ROUTE_MEMBER ||
			need == ROUTE_RUN_OK
		    ? 0
		    : 403;
	case IDENTITY_SERVICE:
		return need == ROUTE_SERVICE || need == ROUTE_MEMBER ||
			need == ROUTE_RUN_OK
		    ? 0
		    : 403;
	case IDENTITY_RUN:
		return need == ROUTE_RUN_OK ? 0 : 403;
	case IDENTITY_SESSION:
		return need == ROUTE_RUN_OK || need == ROUTE_SESSION_OK ? 0
									: 403;
	case IDENTITY_ADMIN:
	case IDENTITY_AGENT:
	default:
		return 403;
	}
}

static int
router_identify(
    struct router *r, struct request *q, struct identity *who, struct err *e)
{
	int64_t now = r->spec.now();

	if (auth_identify(db_reader(r->spec.db),
		request_header_in(q, "Authorization"), request_label(q), now,
		who, e) == -1)
		return -1;
	router_touch(r, who, now);
	return 0;
}

static void
router_fallback(struct router *r, struct request *q)
{
	struct identity who = { .kind = IDENTITY_NONE };
	struct err e = ERR_INIT;
	bool known = router_identify(r, q, &who, &e) == 0 &&
	    who.kind != IDENTITY_NONE;

	r->spec.fallback(q, known ? &who : NULL, r->spec.arg);
}

static void
router_refuse_auth(struct router *r, struct request *q, const struct err *e)
{
	if (e->code == ERR_DENIED) {
		router_reply_error(r, q, 401, e->msg);
		return;
	}
	log_error("router identify req=%llu reason=%s",
	    (unsigned long long)request_id(q), log_val(e->msg));
	router_reply_error(r, q, 503, "try again");
}

static void
router_serve(struct router *r, struct request *q, struct route_match *m)
{
	struct identity who = { .kind = IDENTITY_NONE };
	struct err e = ERR_INIT;
	struct call *c;
	int refused;

	if (router_identify(r, q, &who, &e) == -1) {
		router_refuse_auth(r, q, &e);
		return;
	}
	refused = router_access(m->route->access, &who);
	if (refused == 401)
		router_reply_error(r, q, 401, AUTH_TEXT_NONE);
	else if (refused != 0)
		router_reply_error(r, q, 403, "this identity may not do that");
	else {
		route_fn *fn = m->route->fn;

		c = call_new(r, q, m, &who);
		fn(c);
	}
}

void
router_on_request(struct request *q, void *arg)
{
	struct router *r = arg;
	const char *path = request_raw_path(q);
	struct route_match m;

	if (r->spec.handles != NULL && r->spec.handles(path)) {
		router_fallback(r, q);
		return;
	}
	route_find(r->spec.tables, request_method(q), path, &m);
	if (m.route != NULL) {
		router_serve(r, q, &m);
	} else if (m.allow.len > 0) {
		request_header(q, "Allow", str_cstr(&m.allow));
		router_reply_error(r, q, 405, "this path does not take it");
	} else {
		router_reply_error(r, q, 404, "not found");
	}
	route_match_release(&m);
}
