#include "server/http/router.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/httpd/httpd.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"
#include "server/auth/auth.h"
#include "server/auth/bucket.h"
#include "server/auth/password.h"
#include "server/domain/forwarded.h"
#include "server/domain/scope.h"
#include "server/http/call.h"
#include "server/http/cookie.h"
#include "server/http/etag.h"
#include "server/http/http_stats.h"
#include "server/http/origin.h"
#include "server/http/refused.h"
#include "server/store/db.h"
#include "server/store/tokens.h"
#include "server/store/users.h"

enum {
	ROUTER_TOUCH_MS = 60000,
	ROUTER_DAY_MS = 24 * 3600 * 1000
};

/* Where a password that must be changed is changed. */
#define ROUTER_PASSWORD_PATH "/api/coffer/v1/user/password"

struct router {
	struct router_spec spec;
	unsigned char etag_key[ETAG_KEY]; /* of this process */
	struct buckets *rate;
	struct call *calls;      /* whose client is there */
	LIST_HEAD(, visit) gits; /* what git serves */
	int64_t revoked;         /* newest row that was looked at */
	struct timer *expiry;
	int64_t expiry_at; /* what the timer waits for, 0: nothing */
};

/* A request from its head to its handler; lives as long as the request. */
struct visit {
	LIST_ENTRY(visit) entry; /* of gits */
	bool git;                /* it is among them, as `who` */
	struct router *r;
	struct request *q;
	struct route_match match; /* no route: git */
	struct identity who;
	struct password_wait *wait;
	enum http_kind kind;
	int64_t began;                /* monotonic, ms */
	char login[NAME_LEN_MAX + 1]; /* that a password was given for */
	char *hash;                   /* what the password is checked against */
};

static void router_on_expiry(void *arg);
static void router_expects(struct router *r, const struct identity *who);

struct router_touch {
	int64_t token;
	int64_t now;
};

struct router *
router_new(const struct router_spec *spec)
{
	struct router *r = xcalloc(1, sizeof(*r));
	struct err e = ERR_INIT;

	r->spec = *spec;
	randombytes_buf(r->etag_key, sizeof(r->etag_key));
	r->rate = buckets_new(spec->rate * 1000, spec->rate * ROUTER_BURST_S);
	r->expiry = timer_new(spec->loop, router_on_expiry, r);
	if (tokens_revoked_last(db_reader(spec->db), &r->revoked, &e) == -1)
		log_error("router revoked reason=%s", log_val(e.msg));
	return r;
}

void
router_free(struct router *r)
{
	if (r == NULL)
		return;
	buckets_free(r->rate);
	timer_free(r->expiry);
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

const unsigned char *
router_etag_key(const struct router *r)
{
	return r->etag_key;
}

void
router_reply_error(
    struct router *r, struct request *q, int status, const char *message)
{
	AUTO_FREE char *url = xasprintf("%s/api/swagger", r->spec.public_url);
	struct str body = STR_INIT;
	struct jw w;

	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "message", message);
	jw_str(&w, "url", url);
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
	case IDENTITY_RUNNER:
		return need == ROUTE_CI ? 0 : 403;
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

/* The end of a visit's first part: who it is, or why nobody. */
static void router_enter(
    struct visit *v, const struct identity *who, const struct err *bad);

static void
router_refuse_busy(struct router *r, struct request *q, int64_t retry_ms)
{
	int64_t s = (retry_ms + 999) / 1000;
	char text[24], why[80];

	if (s < 1)
		s = 1;
	(void)snprintf(text, sizeof(text), "%" PRId64, s);
	(void)snprintf(why, sizeof(why),
	    "too many requests; try again in %" PRId64 " s", s);
	request_header(q, "Retry-After", text);
	router_reply_error(r, q, 429, why);
}

/* A sandbox is its label. */
void
router_address(const struct router *r, const struct request *q,
    char out[BUCKET_ADDRESS_MAX])
{
	char peer[SOCK_TEXT_MAX], client[SOCK_TEXT_MAX];

	request_peer(q, peer);
	forwarded_client(r->spec.proxies, peer,
	    request_header_last(q, "X-Forwarded-For"), client, sizeof(client));
	bucket_address(client, out);
	if (request_label(q)[0] != '\0')
		(void)snprintf(
		    out, BUCKET_ADDRESS_MAX, "sandbox %s", request_label(q));
}

/* Cofferdam's own programs are not limited. */
static bool
router_rate(struct visit *v, const struct identity *who)
{
	struct router *r = v->r;
	char key[BUCKET_ADDRESS_MAX];
	int64_t retry_ms;

	if (who->kind == IDENTITY_CI || who->kind == IDENTITY_SERVICE ||
	    who->kind == IDENTITY_RUNNER)
		return true;
	if (who->kind == IDENTITY_NONE)
		router_address(r, v->q, key);
	else
		(void)snprintf(key, sizeof(key), "%c%" PRId64,
		    who->token_id != 0 ? 't' : 'u',
		    who->token_id != 0 ? who->token_id : who->user_id);
	if (buckets_take(r->rate, view_of(key), clock_mono_ms(), &retry_ms))
		return true;
	router_refuse_busy(r, v->q, retry_ms);
	return false;
}

static void
visit_free(struct visit *v)
{
	if (v->git)
		LIST_REMOVE(v, entry);
	route_match_release(&v->match);
	free(v->hash);
	free(v);
}

static void
visit_on_close(struct request *q, const char *reason, void *arg)
{
	struct visit *v = arg;
	int64_t ms = clock_mono_ms() - v->began;
	char from[BUCKET_ADDRESS_MAX];

	(void)reason;
	if (v->r->spec.stats != NULL)
		http_stats_end(
		    v->r->spec.stats, v->kind, request_status(q), ms);
	if (v->r->spec.access != ACCESS_LOG_OFF) {
		router_address(v->r, q, from);
		access_log(v->r->spec.access, q, &v->who, from, ms);
	}
	if (v->wait != NULL)
		passwords_cancel(v->wait);
	visit_free(v);
}

static int
visit_touch_job(struct txn *t, void *arg, struct err *e)
{
	const struct router_touch *x = arg;

	return users_touch(t, x->token, x->now, e);
}

/* While the password was checked its user may have lost it, or his rights. */
static int
visit_account_again(struct visit *v, struct err *e)
{
	struct auth_account a;

	if (auth_account(db_reader(v->r->spec.db), v->who.login, &a, e) == -1)
		return -1;
	if (a.who.kind == IDENTITY_NONE || a.who.user_id != v->who.user_id ||
	    strcmp(a.hash, v->hash) != 0)
		return err_set(e, ERR_DENIED, AUTH_TEXT_BAD);
	v->who = a.who;
	return 0;
}

static void
visit_on_password(enum password_verdict verdict, int64_t retry_ms, void *arg)
{
	struct visit *v = arg;
	struct router *r = v->r;
	struct router_touch *x;
	struct err bad = ERR_INIT;

	v->wait = NULL;
	request_unhold(v->q);
	if (verdict == PASSWORD_THROTTLED || verdict == PASSWORD_BUSY) {
		router_refuse_busy(r, v->q, retry_ms);
		return;
	}
	if (verdict == PASSWORD_WRONG || v->who.kind == IDENTITY_NONE) {
		refused_note(r->spec.db, v->q, v->login);
		err_set(&bad, ERR_DENIED, AUTH_TEXT_BAD);
		router_enter(v, NULL, &bad);
		return;
	}
	if (visit_account_again(v, &bad) == -1) {
		router_enter(v, NULL, &bad);
		return;
	}
	x = xcalloc(1, sizeof(*x));
	*x = (struct router_touch){ v->who.user_id, r->spec.now() };
	db_write(r->spec.db, visit_touch_job, router_touch_done, x);
	router_enter(v, &v->who, NULL);
}

/* Waits for a child, unless the password was right a moment ago. */
static int
visit_password(struct visit *v, const struct credential *c, struct err *e)
{
	struct router *r = v->r;
	struct auth_account a;
	char address[BUCKET_ADDRESS_MAX];
	struct password_ask ask = { .hash = a.hash,
		.login = c->login,
		.address = address,
		.password = c->password };

	if (request_label(v->q)[0] != '\0' || r->spec.passwords == NULL)
		return err_set(e, ERR_DENIED, AUTH_TEXT_BAD);
	if (auth_account(db_reader(r->spec.db), c->login, &a, e) == -1)
		return -1;
	v->who = a.who;
	ask.user_id = a.who.user_id;
	router_address(r, v->q, address);
	if (passwords_known(r->spec.passwords, &ask)) {
		router_enter(v, &v->who, NULL);
		return 0;
	}
	memcpy(v->login, c->login, sizeof(v->login));
	v->hash = xstrdup(a.hash);
	request_hold(v->q);
	v->wait = passwords_ask(r->spec.passwords, &ask, visit_on_password, v);
	return 0;
}

/* Who has the cookie's session; nobody when there is none, or it is over. */
static void
router_identify_page(struct visit *v)
{
	struct router *r = v->r;
	const struct identity nobody = { .kind = IDENTITY_NONE };
	struct view secret;
	struct err e = ERR_INIT;
	int64_t now = r->spec.now();

	if (request_label(v->q)[0] != '\0') {
		router_reply_error(r, v->q, 404, "not found");
		return;
	}
	v->who = nobody;
	if (r->spec.cookie != NULL &&
	    cookie_find(
		request_header_in(v->q, "Cookie"), r->spec.cookie, &secret) &&
	    auth_by_session(db_reader(r->spec.db), secret, now, &v->who, &e) ==
		-1 &&
	    e.code != ERR_DENIED) {
		router_enter(v, NULL, &e);
		return;
	}
	router_touch(r, &v->who, now);
	router_enter(v, &v->who, NULL);
}

static void
router_identify(struct visit *v)
{
	struct router *r = v->r;
	struct credential c;
	struct err e = ERR_INIT;
	int64_t now = r->spec.now();
	int rc;

	rc = credential_parse(
	    view_of(request_header_in(v->q, "Authorization")), &c, &e);
	if (rc == 0 && c.kind == CREDENTIAL_PASSWORD) {
		rc = visit_password(v, &c, &e);
	} else if (rc == 0) {
		rc = auth_by_token(db_reader(r->spec.db), &c,
		    request_label(v->q), now, &v->who, &e);
		if (rc == 0) {
			router_touch(r, &v->who, now);
			router_enter(v, &v->who, NULL);
		}
	}
	credential_wipe(&c);
	if (rc == -1)
		router_enter(v, NULL, &e);
}

static void
router_refuse_auth(struct visit *v, const struct err *e)
{
	const struct identity nobody = { .kind = IDENTITY_NONE };

	if (e->code == ERR_DENIED) {
		if (router_rate(v, &nobody))
			router_reply_error(v->r, v->q, 401, e->msg);
		return;
	}
	log_error("router identify req=%s reason=%s", request_id(v->q),
	    log_val(e->msg));
	router_reply_error(v->r, v->q, 503, "try again");
}

/* What may not even be tried, whatever it is: true after the 403. */
static bool
router_bars(struct visit *v, const struct identity *who)
{
	const char *pattern = v->match.route != NULL ? v->match.route->pattern
						     : "";

	if (who->barred) {
		router_reply_error(v->r, v->q, 403,
		    "this user is deactivated or may not sign in");
		return true;
	}
	if (!who->must_change || strcmp(pattern, "/api/v1/user") == 0 ||
	    strcmp(pattern, ROUTER_PASSWORD_PATH) == 0)
		return false;
	router_reply_error(v->r, v->q, 403,
	    "You must change your password: PUT " ROUTER_PASSWORD_PATH
	    " {old, new}");
	return true;
}

static bool
router_scope(
    struct visit *v, const struct identity *who, const struct scope_need *need)
{
	AUTO_STR struct str text = STR_INIT_MAX(1000);

	if (who->bound_project != 0 && !need->bound) {
		router_reply_error(
		    v->r, v->q, 403, "the token is bound to one repository");
		return false;
	}
	if (scope_allows(who->scopes, need))
		return true;
	scope_refusal(who->scopes, need, &text);
	router_reply_error(v->r, v->q, 403, str_cstr(&text));
	return false;
}

/* Git answers 401 itself, where it knows the repository. */
static void
router_enter_git(
    struct visit *v, const struct identity *who, const struct err *bad)
{
	struct router *r = v->r;
	const char *path = request_raw_path(v->q);
	const char *service = request_query(v->q, "service");
	const struct identity nobody = { .kind = IDENTITY_NONE };
	struct scope_need need;

	if (bad != NULL && bad->code != ERR_DENIED) {
		router_refuse_auth(v, bad);
		return;
	}
	if (who == NULL || who->kind == IDENTITY_NONE) {
		if (router_rate(v, &nobody))
			r->spec.fallback(v->q, NULL, r->spec.arg);
		return;
	}
	if (!router_rate(v, who))
		return;
	scope_of_git(view_ends(view_of(path), "/git-receive-pack") ||
		(service != NULL && strcmp(service, "git-receive-pack") == 0),
	    &need);
	if (router_bars(v, who) || !router_scope(v, who, &need))
		return;
	if (who != &v->who)
		v->who = *who;
	call_origin(&v->who, v->q);
	v->git = true;
	LIST_INSERT_HEAD(&r->gits, v, entry);
	router_expects(r, who);
	r->spec.fallback(v->q, &v->who, r->spec.arg);
}

/* Nobody acts as another here, and what is meant to be another's act is not
 * the caller's own: true after the 403. */
static bool
router_sudo(struct visit *v)
{
	const char *asked = request_query(v->q, "sudo");

	if (asked == NULL || *asked == '\0')
		asked = request_header_in(v->q, "Sudo");
	if (asked == NULL || *asked == '\0')
		return false;
	router_reply_error(
	    v->r, v->q, 403, "sudo is not served: use a token of that user");
	return true;
}

static void
router_enter_api(struct visit *v, const struct identity *who)
{
	const struct route *route = v->match.route;
	int refused = router_access(route->access, who);
	struct scope_need need;
	struct call *c;

	if (refused == 401) {
		router_reply_error(v->r, v->q, 401, AUTH_TEXT_NONE);
		return;
	}
	if (router_bars(v, who) || router_sudo(v))
		return;
	if (who->bound_project != 0 || !scope_holds(who->scopes, SCOPE_ALL)) {
		scope_of(route->method, route->pattern, &need);
		if (!router_scope(v, who, &need))
			return;
	}
	if (refused != 0) {
		router_reply_error(
		    v->r, v->q, 403, "this identity may not do that");
		return;
	}
	router_expects(v->r, who);
	c = call_new(v->r, v->q, &v->match, who);
	route->fn(c);
}

/* A form that another site's page sends has its origin. */
static bool
router_foreign(const struct visit *v)
{
	return strcmp(request_method(v->q), "GET") != 0 &&
	    !origin_ok(request_header_in(v->q, "Origin"),
		request_header_in(v->q, "Host"), v->r->spec.public_url);
}

static void
router_enter_page(struct visit *v, const struct identity *who)
{
	const struct identity nobody = { .kind = IDENTITY_NONE };
	const struct route *route = v->match.route;
	bool known = who->kind != IDENTITY_NONE && !who->barred &&
	    !who->must_change;
	struct call *c;

	if (router_foreign(v)) {
		router_reply_error(v->r, v->q, 403,
		    "not from a page of this server: open it by the address "
		    "that it is configured with (public_url)");
		return;
	}
	if (known)
		router_expects(v->r, who);
	if (strncasecmp(v->r->spec.public_url, "https://", 8) == 0)
		request_header(
		    v->q, "Strict-Transport-Security", "max-age=31536000");
	c = call_new(v->r, v->q, &v->match, known ? who : &nobody);
	if (known || route->access == ROUTE_PAGE_ANON)
		route->fn(c);
	else
		v->r->spec.sign_in(c);
}

static void
router_enter(struct visit *v, const struct identity *who, const struct err *bad)
{
	if (v->match.route == NULL)
		router_enter_git(v, who, bad);
	else if (bad != NULL)
		router_refuse_auth(v, bad);
	else if (!router_rate(v, who))
		return;
	else if (route_is_page(v->match.route))
		router_enter_page(v, who);
	else
		router_enter_api(v, who);
}

static enum http_kind
router_kind(const struct visit *v, bool git)
{
	if (git)
		return HTTP_GIT;
	if (v->match.route == NULL)
		return HTTP_OTHER;
	return route_is_page(v->match.route) ? HTTP_PAGE : HTTP_API;
}

void
router_on_request(struct request *q, void *arg)
{
	struct router *r = arg;
	const char *path = request_raw_path(q);
	bool git = r->spec.handles != NULL && r->spec.handles(path);
	struct visit *v = xcalloc(1, sizeof(*v));

	v->r = r;
	v->q = q;
	v->began = clock_mono_ms();
	request_on_close(q, visit_on_close, v);
	if (!git)
		route_find(r->spec.tables, request_method(q), path, &v->match);
	if (!git && v->match.route == NULL && v->match.allow.len == 0 &&
	    r->spec.pages != NULL)
		route_find(r->spec.pages, request_method(q), path, &v->match);
	v->kind = router_kind(v, git);
	if (r->spec.stats != NULL)
		http_stats_begin(r->spec.stats, v->kind);
	if (v->kind == HTTP_PAGE) {
		router_identify_page(v);
	} else if (git || v->match.route != NULL) {
		router_identify(v);
	} else if (v->match.allow.len > 0) {
		request_header(q, "Allow", str_cstr(&v->match.allow));
		router_reply_error(r, q, 405, "this path does not take it");
	} else {
		router_reply_error(r, q, 404, "not found");
	}
}

struct call **
router_calls(struct router *r)
{
	return &r->calls;
}

static bool
router_is_revoked(const struct identity *who, const void *arg)
{
	const struct revoked_list *l = arg;

	if (who->kind == IDENTITY_NONE)
		return false;
	if (l->all)
		return true;
	for (size_t i = 0; i < l->n; i++) {
		if (l->at[i].token_id != 0 &&
		    l->at[i].token_id == who->token_id)
			return true;
		if (l->at[i].account_id != 0 &&
		    l->at[i].account_id == who->user_id)
			return true;
	}
	return false;
}

/* Whatever goes on by an identity that fn takes. */
static void
router_cut(struct router *r, call_match_fn *fn, const void *arg)
{
	struct visit *v, *next;

	calls_cut(r->calls, fn, arg);
	LIST_FOREACH_SAFE(v, &r->gits, entry, next)
		if (fn(&v->who, arg))
			request_cut(v->q);
}

void
router_on_commit(struct router *r)
{
	struct revoked_list l;
	struct err e = ERR_INIT;

	if (tokens_revoked(db_reader(r->spec.db), r->revoked, &l, &e) == -1) {
		log_error("router revoked reason=%s", log_val(e.msg));
		return;
	}
	r->revoked = l.last;
	if (l.n > 0)
		router_cut(r, router_is_revoked, &l);
	revoked_list_release(&l);
}

static bool
router_is_expired(const struct identity *who, const void *arg)
{
	const int64_t *now = arg;

	return who->expires_at != 0 && who->expires_at <= *now;
}

/* The next expiry among those who are there. */
static void
router_expects(struct router *r, const struct identity *who)
{
	int64_t in;

	if (who->expires_at == 0 ||
	    (r->expiry_at != 0 && r->expiry_at <= who->expires_at))
		return;
	in = who->expires_at - r->spec.now();
	r->expiry_at = who->expires_at;
	timer_set(r->expiry,
	    in < 0                   ? 0
		: in > ROUTER_DAY_MS ? ROUTER_DAY_MS
				     : in);
}

static void
router_expects_each(const struct identity *who, void *arg)
{
	struct router *r = arg;

	if (who->expires_at > r->spec.now())
		router_expects(r, who);
}

static void
router_on_expiry(void *arg)
{
	struct router *r = arg;
	int64_t now = r->spec.now();
	const struct visit *v;

	router_cut(r, router_is_expired, &now);
	r->expiry_at = 0;
	calls_each(r->calls, router_expects_each, r);
	LIST_FOREACH(v, &r->gits, entry)
		router_expects_each(&v->who, r);
}
