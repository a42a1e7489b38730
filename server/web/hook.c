/* hook: the webhooks of a project: their list, one with what it was told, and
 * one delivery.  For admins of the project. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/service/svc_hook.h"
#include "server/store/deliveries.h"
#include "server/web/field.h"
#include "server/web/hook.h"
#include "server/web/post.h"
#include "server/web/query.h"
#include "server/web/settings.h"
#include "server/web/web.h"

enum {
	HOOK_SHOWN_MAX = 64 << 10 /* bytes of a text of a delivery */
};

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
hook_row(struct web *w, const struct project *p, const struct hook *x)
{
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	web_cell(w, "URL", "name");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/%s/%s/settings/hooks/%" PRId64, p->owner, p->name,
	    x->id);
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
hook_form(struct web *w, const struct project *p, const struct hook *x)
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
	char at[40] = HOOK_AT;

	if (x != NULL)
		(void)snprintf(at, sizeof(at), HOOK_AT "/%" PRId64, x->id);
	settings_form(w, p, "card say", at, x != NULL ? "hook" : "new");
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
		field_button(w, "", "act", "test", "Send a test");
		field_button(w, "danger", "act", "remove", "Remove");
	}
	post_form_end(w);
}

/* The scope of one's own; -1 after the reply. */
static int
hook_may(struct web *w, struct project *p, struct hook_scope *scope)
{
	struct err e = ERR_INIT;

	*scope = (struct hook_scope){ .project_id = p->id };
	if (svc_hook_may(w->t, w->who, scope, &e) == 0)
		return 0;
	html_release(&w->h);
	project_release(p);
	web_fail(w->c, &e);
	return -1;
}

void
hook_list_get(struct call *c)
{
	static const char *const columns[] = { "URL", "Is told", "State" };
	struct hook_list l = { .n = 0 };
	struct hook_scope scope;
	struct err e = ERR_INIT;
	struct project p;
	struct web w;

	if (settings_begin(&w, c, HOOK_AT, &p) == -1 ||
	    hook_may(&w, &p, &scope) == -1)
		return;
	if (hooks_list(w.t, &scope, HOOKS_ALL, HOOKS_MAX, 0, &l, &e) == -1)
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
		hook_row(&w, &p, &l.at[i]);
	if (l.n > 0)
		web_table_end(&w);
	html_end(&w.h);
	hook_list_release(&l);
	hook_form(&w, &p, NULL);
	project_release(&p);
	web_reply(&w, 200);
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
    struct web *w, const struct project *p, const struct delivery *d)
{
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	web_cell(w, "What", "name");
	HTML_TAG(h, "a");
	HTML_URL(h, "href",
	    "/%s/%s/settings/hooks/%" PRId64 "/deliveries/%" PRId64, p->owner,
	    p->name, d->hook_id, d->id);
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
hook_deliveries(struct web *w, const struct project *p, const struct hook *x,
    uint32_t page, uint32_t limit)
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
		HTML_LEAF(
		    &w->h, "p", "empty inset", "Nothing yet: send a test.");
	else
		web_table(w, "rows", columns, 5);
	for (size_t i = 0; i < l.n; i++)
		hook_delivery_row(w, p, &l.at[i]);
	if (l.n > 0)
		web_table_end(w);
	html_end(&w->h);
	web_pager(w, page, limit, l.total, "");
	delivery_list_release(&l);
}

/* The page of one; -1 after the reply. */
static int
hook_begin(struct web *w, struct call *c, struct project *p, struct hook *x)
{
	struct hook_scope scope;
	struct err e = ERR_INIT;

	if (settings_begin(w, c, HOOK_AT, p) == -1 ||
	    hook_may(w, p, &scope) == -1)
		return -1;
	if (hooks_get(w->t, &scope, call_arg_id(c, 2), x, &e) == 0)
		return 0;
	html_release(&w->h);
	project_release(p);
	web_fail(c, &e);
	return -1;
}

void
hook_get(struct call *c)
{
	uint32_t page, limit;
	struct project p;
	struct hook x;
	struct web w;

	if (query_page(c, &page, &limit) == -1 ||
	    hook_begin(&w, c, &p, &x) == -1)
		return;
	hook_form(&w, &p, &x);
	hook_deliveries(&w, &p, &x, page, limit);
	hook_release(&x);
	project_release(&p);
	web_reply(&w, 200);
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
hook_delivery(struct web *w, const struct project *p, const struct delivery *d)
{
	char at[90];

	(void)snprintf(at, sizeof(at),
	    HOOK_AT "/%" PRId64 "/deliveries/%" PRId64, d->hook_id, d->id);
	settings_form(w, p, "card", at, "");
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
hook_delivery_get(struct call *c)
{
	struct delivery d = { .id = 0 };
	struct err e = ERR_INIT;
	struct project p;
	struct hook x;
	struct web w;

	if (hook_begin(&w, c, &p, &x) == -1)
		return;
	if (deliveries_get(w.t, x.id, call_arg_id(c, 3), &d, &e) == -1) {
		html_release(&w.h);
		web_fail(c, &e);
	} else {
		hook_delivery(&w, &p, &d);
		web_reply(&w, 200);
	}
	delivery_release(&d);
	hook_release(&x);
	project_release(&p);
}

#define HOOKS "/{owner}/{r}/settings/" HOOK_AT

const struct route web_hook_routes[] = {
	{ "GET", HOOKS, ROUTE_PAGE, hook_list_get },
	{ "GET", HOOKS "/{id}", ROUTE_PAGE, hook_get },
	{ "GET", HOOKS "/{id}/deliveries/{id}", ROUTE_PAGE, hook_delivery_get },
	{ .method = NULL },
};
