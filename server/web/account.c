/* account: one's own access tokens and password. */
#include "server/web/account.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/httpd/httpd.h"
#include "lib/io/sock.h"
#include "server/domain/scope.h"
#include "server/service/svc_token.h"
#include "server/service/svc_user.h"
#include "server/store/tokens.h"
#include "server/store/users.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/query.h"
#include "server/web/web.h"

enum {
	ACCOUNT_DAYS_MAX = 3650,
	ACCOUNT_REPO_MAX = 2 * NAME_LEN_MAX + 1
};
#define ACCOUNT_DAY_MS INT64_C(86400000)

static const struct account_page {
	const char *at, *path, *text;
} account_pages[] = {
	{ "", "/-/account", "Browsers" },
	{ "tokens", "/-/account/tokens", "Access tokens" },
	{ "password", "/-/account/password", "Password" },
	{ "hooks", "/-/account/hooks", "Webhooks" },
	{ NULL, NULL, NULL },
};

void
account_title(struct web *w, const char *at)
{
	HTML_LEAF(&w->h, "h1", "", w->who->login);
	HTML_TAG(&w->h, "nav");
	HTML_ATTR(&w->h, "class", "tabs");
	HTML_ATTR(&w->h, "aria-label", "Account");
	for (const struct account_page *x = account_pages; x->at != NULL; x++) {
		HTML_TAG(&w->h, "a");
		HTML_ATTR(&w->h, "href", x->path);
		if (strcmp(x->at, at) == 0)
			HTML_ATTR(&w->h, "aria-current", "page");
		html_text(&w->h, x->text);
		html_end(&w->h);
	}
	html_end(&w->h);
}

/* ---- tokens ---- */

static const struct account_area {
	const char *name, *label;
} account_areas[] = {
	{ "repository", "Repositories: code, pull requests, settings" },
	{ "issue", "Issues" },
	{ "user", "The account" },
	{ "notification", "Notifications" },
	{ "organization", "Organizations" },
	{ "misc", "What is left" },
	{ "admin", "Administration" },
};

enum {
	ACCOUNT_AREAS = sizeof(account_areas) / sizeof(account_areas[0])
};

static void
account_token_row(struct web *w, const struct token *k)
{
	AUTO_STR struct str scopes = STR_INIT_MAX(SCOPE_TEXT_MAX);
	struct html *h = &w->h;
	char id[24];

	scope_text(k->scopes, &scopes);
	(void)snprintf(id, sizeof(id), "%" PRId64, k->id);
	HTML_TAG(h, "tr");
	web_cell(w, "Name", "name");
	html_shown(h, k->name);
	HTML_LEAFF(h, "span", "sub", " …%s", k->last_eight);
	html_end(h);
	web_cell(w, "May", "sub");
	html_text(h, str_cstr(&scopes));
	if (svc_text(k->project_name)[0] != '\0')
		html_textf(h, ", in %s alone", k->project_name);
	html_end(h);
	web_cell(w, "Last used", "");
	if (k->used_at != 0)
		web_time(w, k->used_at);
	else
		html_text(h, "never");
	html_end(h);
	web_cell(w, "Until", "");
	if (k->expires_at != 0)
		web_time(w, k->expires_at);
	else
		html_text(h, "for good");
	html_end(h);
	web_cell(w, "Change", "");
	post_form(w, "", "/-/account/tokens/delete", "");
	field_hidden(w, "id", id);
	field_button(w, "danger", NULL, NULL, "Delete");
	post_form_end(w);
	html_end(h);
	html_end(h);
}

static void
account_token_form(struct web *w)
{
	const struct field name = { .name = "name",
		.label = "Name, by which you know it",
		.max = NAME_LEN_MAX,
		.required = true };
	const struct field days = { .name = "days",
		.label = "Days that it is good for, 0: for good" };
	const struct field repo = { .name = "repo",
		.label = "Only in one project",
		.help = "OWNER/NAME; empty: in all that are yours to see.",
		.max = ACCOUNT_REPO_MAX };
	const struct field all = { .name = "all",
		.label = "It may everything that you may" };
	const struct field status = { .name = "status",
		.label = "It may post commit statuses, as a CI does" };
	const struct field confirm = { .name = "confirm",
		.label = "Your password, or the token that you signed in with",
		.required = true };

	post_form(w, "card say", "/-/account/tokens", "new");
	HTML_LEAF(&w->h, "h2", "", "A new token");
	field_text(w, &name, "");
	field_number(w, &days, 90, 0, ACCOUNT_DAYS_MAX);
	field_text(w, &repo, "");
	field_tick(w, &all, false);
	field_tick(w, &status, false);
	for (size_t i = 0; i < ACCOUNT_AREAS; i++) {
		const struct field f = { .name = account_areas[i].name,
			.label = account_areas[i].label };

		field_select(w, &f);
		field_option(w, "", "no access", true);
		field_option(w, "read", "to read", false);
		field_option(w, "write", "to read and write", false);
		html_end(&w->h);
	}
	field_secret(w, &confirm, "current-password");
	field_button(w, "primary", NULL, NULL, "Make the token");
	post_form_end(w);
}

static void
account_tokens_get(struct call *c)
{
	static const char *const columns[] = { "Name", "May", "Last used",
		"Until", "Change" };
	const struct web_head head = { .title = "Access tokens",
		.tab = "Account" };
	struct token_list l = { .n = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct web w;

	if (query_page(c, &page, &limit) == -1)
		return;
	web_begin(&w, c, &head);
	account_title(&w, "tokens");
	if (tokens_list(w.t, w.who->user_id, limit, (int64_t)(page - 1) * limit,
		&l, &e) == -1)
		log_error("web tokens reason=%s", log_val(e.msg));
	HTML_CLASS(&w.h, "section", "card flush");
	HTML_LEAF(&w.h, "h2", "", "Access tokens");
	if (l.n == 0)
		HTML_LEAF(&w.h, "p", "empty inset",
		    "You have none. A token is a password for a program, which "
		    "may no more than you say.");
	else
		web_table(&w, "rows", columns, 5);
	for (size_t i = 0; i < l.n; i++)
		account_token_row(&w, &l.at[i]);
	if (l.n > 0)
		web_table_end(&w);
	html_end(&w.h);
	web_pager(&w, page, limit, l.total, "");
	token_list_release(&l);
	account_token_form(&w);
	web_reply(&w, 200);
}

/* The one time that it is shown. */
static void
account_token_made(const struct err *fail, void *arg, void *call)
{
	const struct web_head head = { .title = "A new token",
		.tab = "Account" };
	const struct svc_token_create *op = arg;
	struct call *c = call;
	struct web w;

	if (fail != NULL) {
		post_fail(c, account_tokens_get, fail);
	} else {
		web_begin(&w, c, &head);
		account_title(&w, "tokens");
		HTML_CLASS(&w.h, "section", "card");
		HTML_LEAF(&w.h, "h2", "", "The new token");
		HTML_LEAF(&w.h, "p", "",
		    "Copy it now: it is not shown again, and nobody can look "
		    "it up.");
		HTML_TAG(&w.h, "p");
		HTML_ATTR(&w.h, "class", "do");
		web_secret(&w, op->secret);
		html_end(&w.h);
		HTML_TAG(&w.h, "a");
		HTML_URL(&w.h, "href", "/-/account/tokens");
		html_text(&w.h, "To the tokens");
		web_reply(&w, 200);
	}
	call_release(c);
}

static uint32_t
account_scopes(const struct form *f)
{
	uint32_t set = 0;

	if (form_get(f, "all")[0] != '\0')
		set |= SCOPE_ALL;
	if (form_get(f, "status")[0] != '\0')
		set |= SCOPE_STATUS;
	for (size_t i = 0; i < ACCOUNT_AREAS; i++) {
		const char *given = form_get(f, account_areas[i].name);
		char word[64];

		(void)snprintf(word, sizeof(word), "%s:%s",
		    strcmp(given, "write") == 0 ? "write" : "read",
		    account_areas[i].name);
		if (given[0] != '\0')
			set |= scope_word(view_of(word));
	}
	return set;
}

static void
account_address(struct call *c, char out[BUCKET_ADDRESS_MAX])
{
	char peer[SOCK_TEXT_MAX];

	request_peer(call_request(c), peer);
	bucket_address(peer, out);
}

static void
account_on_token(struct call *c)
{
	struct svc_token_create *op;
	struct err e = ERR_INIT;
	const char *wrong = NULL;
	int64_t days = 0;
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	op = svc_token_create_new(call_app(c), call_who(c));
	op->user_id = call_who(c)->user_id;
	op->name = xstrdup(form_get(&f, "name"));
	op->confirm = xstrdup(form_get(&f, "confirm"));
	op->scopes = account_scopes(&f);
	if (form_get(&f, "repo")[0] != '\0')
		op->repo = xstrdup(form_get(&f, "repo"));
	account_address(c, op->address);
	if (num_i64(form_get(&f, "days"), 0, ACCOUNT_DAYS_MAX, &days, &e) == -1)
		wrong = "How many days is it good for?";
	else if (op->scopes == 0)
		wrong = "A token must be allowed something.";
	else if (strlen(op->confirm) > CREDENTIAL_PASSWORD_MAX ||
	    op->confirm[0] == '\0')
		wrong = "Give your password, or your token.";
	else if (op->repo != NULL && strlen(op->repo) > ACCOUNT_REPO_MAX)
		wrong = "The project's name is too long.";
	form_release(&f);
	if (wrong != NULL) {
		svc_op_drop(op);
		post_refused(c, account_tokens_get, 422, wrong);
		return;
	}
	if (days > 0)
		op->expires_at = op->op.now + days * ACCOUNT_DAY_MS;
	call_hold(c);
	svc_token_create_sure(op, account_token_made, c);
}

static void
account_tokens_post(struct call *c)
{
	web_take_form(c, account_on_token);
}

static void
account_token_gone(const struct err *fail, void *op, void *call)
{
	struct call *c = call;

	(void)op;
	if (!web_failed(c, fail))
		web_redirect(c, "/-/account/tokens");
	call_release(c);
}

static void
account_on_token_delete(struct call *c)
{
	struct err e = ERR_INIT;
	int64_t id = 0;
	struct form f;
	int rc;

	if (web_form(c, &f) == -1)
		return;
	rc = num_i64(form_get(&f, "id"), 1, INT64_MAX, &id, &e);
	form_release(&f);
	if (rc == -1) {
		web_error(c, 422, e.msg);
		return;
	}
	call_hold(c);
	svc_token_delete(call_app(c), call_who(c), call_who(c)->user_id, id,
	    account_token_gone, c);
}

static void
account_token_delete(struct call *c)
{
	web_take_form(c, account_on_token_delete);
}

/* ---- the password ---- */

static void
account_password_get(struct call *c)
{
	const struct web_head head = { .title = "Password", .tab = "Account" };
	const struct field old = { .name = "old",
		.label = "The one that you have",
		.required = true };
	const struct field new = {
		.name = "new", .label = "The new one", .required = true
	};
	const struct field again = { .name = "again",
		.label = "The new one once more",
		.required = true };
	struct user u = { .id = 0 };
	struct err e = ERR_INIT;
	struct web w;

	web_begin(&w, c, &head);
	account_title(&w, "password");
	if (users_by_id(w.t, w.who->user_id, &u, &e) == -1)
		log_error("web password reason=%s", log_val(e.msg));
	post_form(&w, "card say", "/-/account/password", "password");
	HTML_LEAF(&w.h, "h2", "", "Password");
	if (u.has_password) {
		field_secret(&w, &old, "current-password");
		field_secret(&w, &new, "new-password");
		field_secret(&w, &again, "new-password");
		HTML_LEAF(&w.h, "p", "hint",
		    "All your browsers are signed out then.");
		field_button(&w, "primary", NULL, NULL, "Change it");
	} else {
		HTML_LEAF(&w.h, "p", "",
		    "You have none yet, and sign in by an access token. An "
		    "administrator sets the first one.");
	}
	post_form_end(&w);
	web_reply(&w, 200);
}

/* No session is left. */
static void
account_password_done(const struct err *fail, void *arg, void *call)
{
	struct call *c = call;

	(void)arg;
	if (fail != NULL && fail->code == ERR_BUSY)
		post_refused(c, account_password_get, 429, fail->msg);
	else if (fail != NULL)
		post_fail(c, account_password_get, fail);
	else
		web_redirect(c, "/-/sign-in");
	call_release(c);
}

static void
account_on_password(struct call *c)
{
	struct svc_password *op;
	const char *old, *new;
	bool same, fits;
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	old = form_get(&f, "old");
	new = form_get(&f, "new");
	same = strcmp(new, form_get(&f, "again")) == 0;
	fits = strlen(old) <= CREDENTIAL_PASSWORD_MAX &&
	    strlen(new) <= CREDENTIAL_PASSWORD_MAX;
	if (!same || !fits) {
		form_release(&f);
		post_refused(c, account_password_get, 422,
		    same ? "A password is too long."
			 : "The new password was written in two ways.");
		return;
	}
	op = svc_password_new(call_app(c), call_who(c));
	op->old = xstrdup(old);
	op->new = xstrdup(new);
	form_release(&f);
	/* As the API gives it, so that both are counted as one. */
	request_peer(call_request(c), op->address);
	if (strrchr(op->address, ':') != NULL)
		*strrchr(op->address, ':') = '\0';
	call_hold(c);
	svc_password_set(op, account_password_done, c);
}

static void
account_password_post(struct call *c)
{
	web_take_form(c, account_on_password);
}

const struct route web_account_routes[] = {
	{ "GET", "/-/account/tokens", ROUTE_PAGE, account_tokens_get },
	{ "POST", "/-/account/tokens", ROUTE_PAGE, account_tokens_post },
	{ "POST", "/-/account/tokens/delete", ROUTE_PAGE,
	    account_token_delete },
	{ "GET", "/-/account/password", ROUTE_PAGE, account_password_get },
	{ "POST", "/-/account/password", ROUTE_PAGE, account_password_post },
	{ .method = NULL },
};
