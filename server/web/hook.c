/* hook: webhooks: their list, one with what it was told, and one delivery.  Of
 * a project for its admins, and one's own, which are told of what one owns. */
#include "server/web/hook.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "server/service/svc_hook.h"
#include "server/store/deliveries.h"
#include "server/web/account.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/query.h"
#include "server/web/settings.h"
#include "server/web/web.h"

enum {
	HOOK_SHOWN_MAX = 64 << 10 /* bytes of a text of a delivery */
};

/* Whose they are, and where their pages are. */
struct hook_place {
	struct hook_scope scope;
	char base[8 * NAME_LEN_MAX]; /* escaped */
};

/* The page begun; -1 after the reply. */
static int
hook_open(struct web *w, struct call *c, bool own, struct hook_place *at)
{
	const struct web_head head = { .title = "Webhooks", .tab = "Account" };
	AUTO_STR struct str base = STR_INIT_MAX(sizeof(at->base) - 1);
	struct err e = ERR_INIT;
	struct project p;

	*at = (struct hook_place){ .scope = { .project_id = 0 } };
	if (own) {
		web_begin(w, c, &head);
		account_title(w, "hooks");
		at->scope.account_id = w->who->user_id;
		str_add(&base, HOOK_OWN);
	} else {
		if (settings_begin(w, c, HOOK_AT, &p) == -1)
			return -1;
		at->scope.project_id = p.id;
		str_add(&base, "/");
		esc_url(&base, view_of(p.owner));
		str_add(&base, "/");
		esc_url(&base, view_of(p.name));
		str_add(&base, "/settings/" HOOK_AT);
		project_release(&p);
	}
	/* Of many receivers the address is all that one has to know. */
	w->secret = true;
	if (str_ok(&base))
		memcpy(at->base, str_cstr(&base), base.len + 1);
	if (svc_hook_may(w->t, w->who, &at->scope, &e) == 0)
		return 0;
	html_release(&w->h);
	web_fail(c, &e);
	return -1;
}

/* ---- the list and the form ---- */

static void
hook_state(struct web *w, const struct hook *h)
{
	if (!h->active)
		web_badge(w, "off", "inactive");
	else if (h->rest_until != 0)
		web_badge(w, "bad", "rests: it failed too often");
	else if (h->failures > 0)
		web_badge(w, "wait", "failed lately");
	else
		web_badge(w, "good", "active");
}

/* "push issues" */
static void
hook_words(struct web *w, const struct hook *h)
{
	struct view rest = view_of(h->events), word;

	while (rest.len > 0 && view_split(&rest, '\n', &word)) {
		html_textv(&w->h, word);
		html_text(&w->h, " ");
	}
}

static void
hook_row(struct web *w, const struct hook_place *at, const struct hook *x)
{
	AUTO_STR struct str to = STR_INIT;
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	web_cell(w, "URL", "name");
	HTML_TAG(h, "a");
	str_addf(&to, "%s/%" PRId64, at->base, x->id);
	HTML_ATTR(h, "href", str_cstr(&to));
	html_shown(h, x->url);
	html_end(h);
	html_end(h);
	web_cell(w, "Is told", "sub");
	hook_words(w, x);
	html_end(h);
	web_cell(w, "State", "");
	hook_state(w, x);
	html_end(h);
	html_end(h);
}

static void
hook_events_field(struct web *w, const char *events)
{
	AUTO_STR struct str help = STR_INIT;
	struct field f = { .name = "events",
		.label = "Is told of",
		.max = HOOK_EVENTS_MAX * (HOOK_WORD_MAX + 1) };

	str_add(&help, "A word a line. There are:");
	for (int t = HOOK_NONE + 1; t < HOOK_TYPES; t++)
		str_addf(&help, " %s", hook_type_name((enum hook_type)t));
	f.help = str_cstr(&help);
	field_area(w, &f, events, 4);
}

/* x NULL: a new one. */
static void
hook_form(struct web *w, const struct hook_place *at, const struct hook *x)
{
	const struct field url = { .name = "url",
		.label = "URL",
		.max = HOOK_URL_MAX,
		.required = true };
	const struct field type = { .name = "content_type",
		.label = "What is sent is" };
	const struct field secret = { .name = "secret",
		.label = "Secret, which signs it",
		.help = x != NULL ? "Empty leaves the one that is there."
				  : "It is never shown.",
		.max = HOOK_SECRET_MAX };
	const struct field authorization = { .name = "authorization",
		.label = "Authorization header",
		.help = secret.help,
		.max = HOOK_AUTHORIZATION_MAX };
	const struct field filter = { .name = "branch_filter",
		.label = "Branches",
		.help = "A pattern; empty: all.",
		.max = HOOK_FILTER_MAX };
	const struct field active = { .name = "active", .label = "Active" };
	AUTO_STR struct str to = STR_INIT;

	str_add(&to, at->base);
	if (x != NULL)
		str_addf(&to, "/%" PRId64, x->id);
	post_form(w, "card say", str_cstr(&to), x != NULL ? "hook" : "new");
	HTML_LEAF(&w->h, "h2", "", x != NULL ? "The webhook" : "A new webhook");
	field_text(w, &url, x != NULL ? x->url : "");
	field_select(w, &type);
	field_option(w, "json", "JSON", x == NULL || !x->form);
	field_option(w, "form", "a form", x != NULL && x->form);
	html_end(&w->h);
	field_secret(w, &secret, "off");
	field_secret(w, &authorization, "off");
	hook_events_field(w, x != NULL ? x->events : "push");
	field_text(w, &filter, x != NULL ? x->branch_filter : "");
	field_tick(w, &active, x == NULL || x->active);
	field_button(
	    w, "primary", "act", "put", x != NULL ? "Save" : "Make it");
	if (x != NULL) {
		/* A test is a push of a project. */
		if (at->scope.project_id != 0)
			field_button(w, "", "act", "test", "Send a test");
		field_button(w, "danger", "act", "remove", "Remove");
	}
	post_form_end(w);
}

static void
hook_list_page(struct call *c, bool own)
{
	static const char *const columns[] = { "URL", "Is told", "State" };
	struct hook_list l = { .n = 0 };
	struct hook_place at;
	struct err e = ERR_INIT;
	struct web w;

	if (hook_open(&w, c, own, &at) == -1)
		return;
	if (hooks_list(w.t, &at.scope, HOOKS_ALL, HOOKS_MAX, 0, &l, &e) == -1)
		log_error("web hooks reason=%s", log_val(e.msg));
	HTML_CLASS(&w.h, "section", "card flush");
	HTML_LEAF(&w.h, "h2", "", "Webhooks");
	if (l.n == 0)
		HTML_LEAF(&w.h, "p", "empty inset",
		    "Nobody is told yet. A webhook sends what happens here to "
		    "an address, as Gitea's do.");
	else
		web_table(&w, "rows", columns, 3);
	for (size_t i = 0; i < l.n; i++)
		hook_row(&w, &at, &l.at[i]);
	if (l.n > 0)
		web_table_end(&w);
	html_end(&w.h);
	hook_list_release(&l);
	hook_form(&w, &at, NULL);
	web_reply(&w, 200);
}

void
hook_list_get(struct call *c)
{
	hook_list_page(c, false);
}

void
hook_own_list_get(struct call *c)
{
	hook_list_page(c, true);
}

/* ---- one, and what it was told ---- */

static void
hook_delivery_state(struct web *w, const struct delivery *d)
{
	web_badge(w,
	    d->state == DELIVERY_OK           ? "good"
		: d->state == DELIVERY_FAILED ? "bad"
					      : "wait",
	    delivery_state_name(d->state));
	if (d->status != 0)
		html_textf(&w->h, " %" PRId64, d->status);
}

static void
hook_delivery_row(
    struct web *w, const struct hook_place *at, const struct delivery *d)
{
	AUTO_STR struct str to = STR_INIT;
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	web_cell(w, "What", "name");
	HTML_TAG(h, "a");
	str_addf(&to, "%s/%" PRId64 "/deliveries/%" PRId64, at->base,
	    d->hook_id, d->id);
	HTML_ATTR(h, "href", str_cstr(&to));
	html_text(h, hook_type_name(d->type));
	if (d->action[0] != '\0')
		html_textf(h, ", %s", d->action);
	html_end(h);
	html_end(h);
	web_cell(w, "State", "");
	hook_delivery_state(w, d);
	html_end(h);
	web_cell(w, "Attempts", "");
	html_textf(h, "%" PRId64, d->attempts);
	html_end(h);
	web_cell(w, "When", "");
	web_time(w, d->created_at);
	html_end(h);
	web_cell(w, "Why", "sub");
	html_shown(h, svc_text(d->error));
	html_end(h);
	html_end(h);
}

static void
hook_deliveries(struct web *w, const struct hook_place *at,
    const struct hook *x, uint32_t page, uint32_t limit)
{
	static const char *const columns[] = { "What", "State", "Attempts",
		"When", "Why" };
	struct delivery_list l = { .n = 0 };
	struct err e = ERR_INIT;

	if (deliveries_list(
		w->t, x->id, limit, (int64_t)(page - 1) * limit, &l, &e) == -1)
		log_error("web deliveries reason=%s", log_val(e.msg));
	HTML_CLASS(&w->h, "section", "card flush");
	HTML_LEAF(&w->h, "h2", "", "What it was told");
	if (l.n == 0)
		HTML_LEAF(&w->h, "p", "empty inset",
		    at->scope.project_id != 0 ? "Nothing yet: send a test."
					      : "Nothing yet.");
	else
		web_table(w, "rows", columns, 5);
	for (size_t i = 0; i < l.n; i++)
		hook_delivery_row(w, at, &l.at[i]);
	if (l.n > 0)
		web_table_end(w);
	html_end(&w->h);
	web_pager(w, page, limit, l.total, "");
	delivery_list_release(&l);
}

/* The page of one; -1 after the reply. */
static int
hook_begin(struct web *w, struct call *c, bool own, struct hook_place *at,
    struct hook *x)
{
	struct err e = ERR_INIT;

	if (hook_open(w, c, own, at) == -1)
		return -1;
	if (hooks_get(w->t, &at->scope, hook_arg(c, own, 0), x, &e) == 0)
		return 0;
	html_release(&w->h);
	web_fail(c, &e);
	return -1;
}

static void
hook_one(struct call *c, bool own)
{
	struct hook_place at;
	uint32_t page, limit;
	struct hook x;
	struct web w;

	if (query_page(c, &page, &limit) == -1 ||
	    hook_begin(&w, c, own, &at, &x) == -1)
		return;
	hook_form(&w, &at, &x);
	hook_deliveries(&w, &at, &x, page, limit);
	hook_release(&x);
	web_reply(&w, 200);
}

void
hook_get(struct call *c)
{
	hook_one(c, false);
}

void
hook_own_get(struct call *c)
{
	hook_one(c, true);
}

static void
hook_part(struct web *w, const char *title, const char *text)
{
	AUTO_FREE char *shown = xstrndup(svc_text(text), HOOK_SHOWN_MAX);
	struct view rest = view_of(shown), line;

	HTML_CLASS(&w->h, "section", "card");
	HTML_LEAF(&w->h, "h2", "", title);
	HTML_TAG(&w->h, "pre");
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		AUTO_FREE char *one = view_dup(line);

		html_shown(&w->h, one);
		html_text(&w->h, "\n");
	}
	html_end(&w->h);
	if (strlen(svc_text(text)) > HOOK_SHOWN_MAX)
		HTML_LEAF(&w->h, "p", "hint", "And more.");
	html_end(&w->h);
}

static void
hook_delivery(
    struct web *w, const struct hook_place *at, const struct delivery *d)
{
	AUTO_STR struct str to = STR_INIT;

	str_addf(&to, "%s/%" PRId64 "/deliveries/%" PRId64, at->base,
	    d->hook_id, d->id);
	post_form(w, "card", str_cstr(&to), "");
	HTML_LEAFF(&w->h, "h2", "", "%s %s", hook_type_name(d->type), d->uuid);
	HTML_TAG(&w->h, "p");
	hook_delivery_state(w, d);
	html_textf(&w->h, ", %" PRId64 " attempts, ", d->attempts);
	web_time(w, d->created_at);
	html_end(&w->h);
	if (svc_text(d->error)[0] != '\0') {
		HTML_CLASS(&w->h, "p", "alert");
		html_shown(&w->h, d->error);
		html_end(&w->h);
	}
	field_button(w, "primary", NULL, NULL, "Send it again");
	html_end(&w->h);
	hook_part(w, "Sent, the head", d->request);
	hook_part(w, "Sent, the body", d->payload);
	hook_part(w, "Answer, the head", d->response_headers);
	hook_part(w, "Answer, the body", d->response_body);
}

static void
hook_delivery_one(struct call *c, bool own)
{
	struct delivery d = { .id = 0 };
	struct err e = ERR_INIT;
	struct hook_place at;
	struct hook x;
	struct web w;

	if (hook_begin(&w, c, own, &at, &x) == -1)
		return;
	if (deliveries_get(w.t, x.id, hook_arg(c, own, 1), &d, &e) == -1) {
		html_release(&w.h);
		web_fail(c, &e);
	} else {
		hook_delivery(&w, &at, &d);
		web_reply(&w, 200);
	}
	delivery_release(&d);
	hook_release(&x);
}

static void
hook_delivery_get(struct call *c)
{
	hook_delivery_one(c, false);
}

static void
hook_own_delivery_get(struct call *c)
{
	hook_delivery_one(c, true);
}

#define HOOKS "/{owner}/{r}/settings/" HOOK_AT

const struct route web_hook_routes[] = {
	{ "GET", HOOKS, ROUTE_PAGE, hook_list_get },
	{ "GET", HOOKS "/{id}", ROUTE_PAGE, hook_get },
	{ "GET", HOOKS "/{id}/deliveries/{id}", ROUTE_PAGE, hook_delivery_get },
	{ "GET", HOOK_OWN, ROUTE_PAGE, hook_own_list_get },
	{ "GET", HOOK_OWN "/{id}", ROUTE_PAGE, hook_own_get },
	{ "GET", HOOK_OWN "/{id}/deliveries/{id}", ROUTE_PAGE,
	    hook_own_delivery_get },
	{ .method = NULL },
};
