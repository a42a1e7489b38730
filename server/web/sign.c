#include "server/web/sign.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/httpd/httpd.h"
#include "server/auth/password.h"
#include "server/http/cookie.h"
#include "server/service/svc_sign_in.h"
#include "server/store/tokens.h"
#include "server/web/account.h"
#include "server/web/unsent.h"
#include "server/web/web.h"

enum {
	SIGN_FORM_S = 3600 /* how long the form may stand open */
};

static bool
sign_is_secure(const char *public_url)
{
	return strncasecmp(public_url, "https://", 8) == 0;
}

const char *
web_cookie(const char *public_url)
{
	return sign_is_secure(public_url) ? "__Host-coffer_session"
					  : "coffer_session";
}

static const char *
sign_form_cookie(const char *public_url)
{
	return sign_is_secure(public_url) ? "__Host-coffer_form"
					  : "coffer_form";
}

bool
sign_cookie(const struct call *c, struct view *out)
{
	const char *url = call_url(c);
	const struct request *q = call_request(c);
	const char *name = call_who(c)->kind != IDENTITY_NONE
	    ? web_cookie(url)
	    : sign_form_cookie(url);

	return q != NULL &&
	    cookie_find(request_header_in(q, "Cookie"), name, out) &&
	    credential_is_secret(*out);
}

/* Not for scripts, not with a request from another site. */
static void
sign_set_cookie(
    struct call *c, const char *name, const char *value, int64_t seconds)
{
	AUTO_STR struct str text = STR_INIT_MAX(500);

	str_addf(&text,
	    "%s=%s; Path=/; Max-Age=%" PRId64 "; HttpOnly; SameSite=Strict%s",
	    name, value, seconds,
	    sign_is_secure(call_url(c)) ? "; Secure" : "");
	call_header(c, "Set-Cookie", str_cstr(&text));
	explicit_bzero(text.p, text.len);
}

void
sign_form_value(struct web *w)
{
	HTML_VOID(&w->h, "input");
	HTML_ATTR(&w->h, "type", "hidden");
	HTML_ATTR(&w->h, "name", "form");
	HTML_ATTR(&w->h, "value", w->csrf);
}

static void
sign_field(struct html *h, const char *id, const char *label, const char *type,
    const char *complete)
{
	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", id);
	html_text(h, label);
	html_end(h);
	HTML_VOID(h, "input");
	HTML_ATTR(h, "id", id);
	HTML_ATTR(h, "name", id);
	HTML_ATTR(h, "type", type);
	HTML_ATTR(h, "autocomplete", complete);
	HTML_ATTR(h, "autocapitalize", "none");
	HTML_ATTR(h, "spellcheck", "false");
	HTML_ATTR(h, "maxlength", "255");
}

/* Signed in already, or not: the form.  why: what was wrong, or NULL. */
static void
sign_page(struct call *c, int status, const char *next, const char *why)
{
	const struct web_head head = { .title = "Sign in", .tab = "" };
	struct html *h;
	struct web w;

	web_begin(&w, c, &head);
	h = &w.h;
	HTML_CLASS(h, "section", "card narrow sign");
	HTML_LEAF(h, "h1", "", "Sign in");
	if (why != NULL) {
		HTML_TAG(h, "p");
		HTML_ATTR(h, "class", "alert");
		HTML_ATTR(h, "role", "alert");
		html_text(h, why);
		html_end(h);
	}
	HTML_TAG(h, "form");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/-/sign-in");
	sign_form_value(&w);
	HTML_VOID(h, "input");
	HTML_ATTR(h, "type", "hidden");
	HTML_ATTR(h, "name", "next");
	HTML_ATTR(h, "value", next);
	sign_field(h, "login", "Name", "text", "username");
	sign_field(h, "password", "Password or access token", "password",
	    "current-password");
	HTML_LEAF(h, "button", "primary", "Sign in");
	html_end(h);
	HTML_CLASS(h, "p", "hint");
	html_text(h,
	    "The admin of a new server has no password yet: his access token "
	    "is in ");
	HTML_LEAF(h, "code", "", "HOME/secrets/admin.token");
	html_text(h, ".");
	web_reply(&w, status);
}

/* The cookie that the form is bound to; when it is new, the page comes again,
 * so that the form can be made with it. */
static bool
sign_needs_cookie(struct call *c)
{
	char secret[TOKEN_SECRET_HEX + 1];
	struct view have;

	if (sign_cookie(c, &have) || call_query(c, "cookie") != NULL)
		return false;
	tokens_make_secret(secret);
	sign_set_cookie(c, sign_form_cookie(call_url(c)), secret, SIGN_FORM_S);
	return true;
}

static const char *
sign_next(const char *next)
{
	return next != NULL && form_next_ok(next) ? next : "/";
}

/* A link on another site's page comes without the cookies, which are Strict:
 * the page loads itself, or `to`, and is asked for by us then. */
static void
sign_reload(struct call *c, const char *to)
{
	const struct web_head head = { .title = "One moment", .tab = "" };
	AUTO_STR struct str refresh = STR_INIT_MAX(4000);
	struct web w;

	str_add(&refresh, "0");
	if (to != NULL)
		str_addf(&refresh, "; url=%s", to);
	call_header(c, "Refresh", str_cstr(&refresh));
	web_begin(&w, c, &head);
	HTML_LEAF(&w.h, "p", "", "One moment.");
	web_reply(&w, 200);
}

/* try: how often it was asked for a cookie that we set. */
static void
sign_form_url(struct str *out, const char *next, int try)
{
	str_add(out, "/-/sign-in?");
	if (try > 0)
		str_addf(out, "cookie=%d&", try);
	str_add(out, "next=");
	esc_url(out, view_of(next));
}

static void
sign_to_form(struct call *c, const char *next, int try)
{
	AUTO_STR struct str to = STR_INIT_MAX(4000);

	sign_form_url(&to, next, try);
	web_redirect(c, str_cstr(&to));
}

/* Over plain HTTP no header tells that a link on another site leads here: the
 * cookie that we set is then missing once. */
static bool
sign_asks_again(struct call *c, const char *next)
{
	const char *try = call_query(c, "cookie");
	AUTO_STR struct str to = STR_INIT_MAX(4000);
	struct view have;

	if (sign_cookie(c, &have) || try == NULL || strcmp(try, "1") != 0)
		return false;
	sign_form_url(&to, next, 2);
	sign_reload(c, str_cstr(&to));
	return true;
}

static void
sign_get(struct call *c)
{
	const char *next = sign_next(call_query(c, "next"));
	struct view have;

	if (call_who(c)->kind != IDENTITY_NONE)
		web_redirect(c, next);
	else if (sign_needs_cookie(c))
		sign_to_form(c, next, 1);
	else if (!sign_asks_again(c, next))
		sign_page(c, 200, next,
		    sign_cookie(c, &have)
			? NULL
			: "Your browser keeps no cookies of this server, and "
			  "without them nobody can sign in.");
}

static void
sign_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_sign_in *op = arg;
	struct call *c = call;
	char *next = call_data(c);

	if (fail == NULL) {
		sign_set_cookie(
		    c, web_cookie(call_url(c)), op->secret, SIGN_IN_MS / 1000);
		sign_set_cookie(c, sign_form_cookie(call_url(c)), "", 0);
		web_redirect(c, next);
	} else if (fail->code == ERR_DENIED || fail->code == ERR_BUSY) {
		sign_page(
		    c, fail->code == ERR_BUSY ? 429 : 403, next, fail->msg);
	} else {
		web_fail(c, fail);
	}
	free(next);
	call_release(c);
}

static void
sign_on_form(struct call *c)
{
	struct svc_sign_in *op;
	const char *login, *password;
	struct view old;
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	login = form_get(&f, "login");
	password = form_get(&f, "password");
	op = svc_sign_in_new(call_app(c));
	if (strlen(login) >= sizeof(op->login) ||
	    strlen(password) >= sizeof(op->password) || password[0] == '\0') {
		svc_op_drop(op);
		sign_page(c, 422, sign_next(form_get(&f, "next")),
		    "Give your name and your password, or an access token.");
		form_release(&f);
		return;
	}
	memcpy(op->login, login, strlen(login) + 1);
	memcpy(op->password, password, strlen(password) + 1);
	if (cookie_find(request_header_in(call_request(c), "Cookie"),
		web_cookie(call_url(c)), &old) &&
	    credential_is_secret(old))
		memcpy(op->old, old.p, TOKEN_SECRET_HEX);
	call_address(c, op->address);
	call_set_data(c, xstrdup(sign_next(form_get(&f, "next"))));
	form_release(&f);
	call_hold(c);
	svc_sign_in(op, sign_done, c);
}

static void
sign_post(struct call *c)
{
	web_take_form(c, sign_on_form);
}

static void
sign_out_done(const struct err *fail, void *op, void *call)
{
	struct call *c = call;

	(void)op;
	if (!web_failed(c, fail)) {
		sign_set_cookie(c, web_cookie(call_url(c)), "", 0);
		web_redirect(c, "/-/sign-in");
	}
	call_release(c);
}

static void
sign_out_on_form(struct call *c)
{
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	form_release(&f);
	call_hold(c);
	svc_sign_out(call_app(c), call_who(c), call_who(c)->token_id, false,
	    sign_out_done, c);
}

static void
sign_out_post(struct call *c)
{
	web_take_form(c, sign_out_on_form);
}

void
web_sign_in_first(struct call *c)
{
	struct request *q = call_request(c);
	const char *site = request_header_in(q, "Sec-Fetch-Site");
	const char *accept = request_header_in(q, "Accept");
	AUTO_STR struct str next = STR_INIT_MAX(4000);

	if (strcmp(request_method(q), "GET") != 0) {
		unsent_take(c);
	} else if (accept == NULL || strstr(accept, "text/html") == NULL) {
		call_reply_error(c, 401, "sign in first");
	} else if (site != NULL && strcmp(site, "cross-site") == 0) {
		sign_reload(c, NULL);
	} else {
		str_add(&next, request_raw_path(q));
		if (request_raw_query(q)[0] != '\0')
			str_addf(&next, "?%s", request_raw_query(q));
		sign_to_form(c, sign_next(str_cstr(&next)), 0);
	}
}

static void
sign_account_row(struct web *w, const struct token *k)
{
	struct html *h = &w->h;
	bool by_token = k->name[0] != '\0';

	HTML_TAG(h, "tr");
	HTML_TAG(h, "td");
	html_text(h, by_token ? "by an access token" : "by password");
	html_text(h, " ");
	if (k->id == w->who->token_id)
		web_badge(w, "good", "this one");
	html_end(h);
	HTML_TAG(h, "td");
	web_time(w, k->created_at);
	html_end(h);
	HTML_TAG(h, "td");
	web_time(w, k->used_at != 0 ? k->used_at : k->created_at);
	html_end(h);
	html_end(h);
}

static void
sign_account_others(struct web *w)
{
	struct html *h = &w->h;

	HTML_TAG(h, "form");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/-/account/sign-out-others");
	sign_form_value(w);
	HTML_LEAF(h, "button", "", "Sign out all others");
	html_end(h);
}

static void
sign_account(struct call *c)
{
	static const char *const columns[] = { "Signed in", "Since",
		"Last used" };
	const struct web_head head = { .title = "Account", .tab = "Account" };
	struct token_list list;
	struct err e = ERR_INIT;
	struct web w;

	web_begin(&w, c, &head);
	account_title(&w, "");
	if (tokens_list_web(w.t, w.who->user_id, w.now, &list, &e) == -1) {
		html_release(&w.h);
		web_fail(c, &e);
		return;
	}
	HTML_CLASS(&w.h, "section", "card");
	HTML_LEAF(&w.h, "h2", "", "Browsers that are signed in");
	web_table(&w, "", columns, 3);
	for (size_t i = 0; i < list.n; i++)
		sign_account_row(&w, &list.at[i]);
	web_table_end(&w);
	if (list.n > 1)
		sign_account_others(&w);
	html_end(&w.h);
	token_list_release(&list);
	web_reply(&w, 200);
}

static void
sign_others_done(const struct err *fail, void *op, void *call)
{
	struct call *c = call;

	(void)op;
	if (!web_failed(c, fail))
		web_redirect(c, "/-/account");
	call_release(c);
}

static void
sign_others_on_form(struct call *c)
{
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	form_release(&f);
	call_hold(c);
	svc_sign_out(call_app(c), call_who(c), call_who(c)->token_id, true,
	    sign_others_done, c);
}

static void
sign_others_post(struct call *c)
{
	web_take_form(c, sign_others_on_form);
}

const struct route web_sign_routes[] = {
	{ "GET", "/-/sign-in", ROUTE_PAGE_ANON, sign_get },
	{ "POST", "/-/sign-in", ROUTE_PAGE_ANON, sign_post },
	{ "POST", "/-/sign-out", ROUTE_PAGE, sign_out_post },
	{ "GET", "/-/account", ROUTE_PAGE, sign_account },
	{ "POST", "/-/account/sign-out-others", ROUTE_PAGE, sign_others_post },
	{ .method = NULL },
};
