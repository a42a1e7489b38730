/*
 * audit: the log of decisions and settings, newest first, for administrators:
 * who, what, since and until when, of which project; what was and what is; and
 * whether its newest rows are what was written.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/wire/json.h"
#include "server/store/audit.h"
#include "server/web/admin.h"
#include "server/web/audit.h"
#include "server/web/field.h"
#include "server/web/web.h"

enum {
	AUDIT_JSON_MAX = 1 << 20,
	AUDIT_KEYS = 24,      /* that are shown of a row */
	AUDIT_VALUE_MAX = 200 /* bytes of each */
};

/* ---- what it shows ---- */

static void
audit_field(struct web *w, const char *type, const char *name,
    const char *label, const char *value)
{
	struct html *h = &w->h;

	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", name);
	html_text(h, label);
	html_end(h);
	HTML_VOID(h, "input");
	HTML_ATTR(h, "id", name);
	HTML_ATTR(h, "name", name);
	HTML_ATTR(h, "type", type);
	HTML_ATTR(h, "value", value);
	HTML_ATTR(h, "maxlength", "100");
	HTML_ATTR(h, "autocomplete", "off");
	if (strcmp(name, "what") == 0)
		HTML_ATTR(h, "list", "audit-whats");
}

/* What the newest rows are of. */
static void
audit_hints(struct web *w)
{
	struct audit_whats l;
	struct err e = ERR_INIT;
	struct html *h = &w->h;

	if (audit_whats_get(w->t, &l, &e) == -1)
		return;
	HTML_TAG(h, "datalist");
	HTML_ATTR(h, "id", "audit-whats");
	for (size_t i = 0; i < l.n; i++) {
		HTML_TAG(h, "option");
		HTML_ATTR(h, "value", l.at[i]);
		html_end(h);
	}
	html_end(h);
}

static void
audit_form(struct web *w, const struct audit_asked *q)
{
	struct html *h = &w->h;

	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "bar audit-form card");
	HTML_URL(h, "action", "/-/admin/audit");
	audit_field(w, "text", "who", "Who", q->who);
	audit_field(w, "text", "what", "What", q->what);
	audit_field(w, "text", "project", "Project", q->project);
	audit_hints(w);
	audit_field(w, "date", "since", "Since", q->since);
	audit_field(w, "date", "until", "Until", q->until);
	HTML_LEAF(h, "button", "", "Show");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/-/admin/audit");
	html_text(h, "all");
	html_end(h);
	html_end(h);
	if (q->wrong != NULL)
		HTML_LEAF(h, "p", "alert", q->wrong);
}

static void
audit_value(struct web *w, const struct json *v)
{
	AUTO_STR struct str text = STR_INIT;
	AUTO_FREE char *shown = NULL;
	const char *begins = json_str_or(v, "begins", NULL);
	size_t n;

	if (v == NULL)
		return;
	/* A long one, of which the log has the hash. */
	if (begins != NULL)
		str_add(&text, begins);
	else if (json_string(v) != NULL)
		str_add(&text, json_string(v));
	else
		json_print(v, &text);
	n = text.len;
	if (n > AUDIT_VALUE_MAX) {
		n = AUDIT_VALUE_MAX;
		while (n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
			n--;
	}
	shown = xstrndup(str_cstr(&text), n);
	HTML_TAG(&w->h, "code");
	html_shown(&w->h, n > 0 ? shown : "\"\"");
	if (n < text.len)
		html_text(&w->h, "…");
	html_end(&w->h);
	if (begins != NULL)
		html_textf(&w->h, " (%" PRId64 " bytes, SHA-256 %.12s…)",
		    json_i64_or(v, "bytes", 0), json_str_or(v, "sha256", ""));
}

static void
audit_key(struct web *w, const char *key, const struct json *was,
    const struct json *is)
{
	struct html *h = &w->h;

	HTML_TAG(h, "li");
	html_shown(h, key);
	html_text(h, ": ");
	audit_value(w, was);
	if (was != NULL && is != NULL)
		html_text(h, " → ");
	else if (was != NULL)
		html_text(h, " went");
	audit_value(w, is);
	html_end(h);
}

/* Of before there were bounds. */
static void
audit_unread(struct web *w, const char *text, const struct json *j)
{
	if (text[0] != '\0' && j == NULL)
		HTML_LEAFF(&w->h, "p", "sub",
		    "%zu bytes, too many to show; they are in the file.",
		    strlen(text));
}

/* old and new are objects, or empty. */
static void
audit_change(struct web *w, const struct audit_row *r)
{
	struct err ignored = ERR_INIT;
	struct json *was = json_parse(
	    view_of(r->old), AUDIT_JSON_MAX, &ignored);
	struct json *is = json_parse(
	    view_of(r->new_), AUDIT_JSON_MAX, &ignored);
	const struct json *k;
	size_t n = 0;

	HTML_CLASS(&w->h, "ul", "changes");
	for (k = json_first(is); k != NULL; k = json_next(k))
		if (json_key(k) != NULL && n++ < AUDIT_KEYS)
			audit_key(
			    w, json_key(k), json_get(was, json_key(k)), k);
	for (k = json_first(was); k != NULL; k = json_next(k))
		if (json_key(k) != NULL && json_get(is, json_key(k)) == NULL &&
		    n++ < AUDIT_KEYS)
			audit_key(w, json_key(k), k, NULL);
	html_end(&w->h);
	audit_unread(w, r->old, was);
	audit_unread(w, r->new_, is);
	if (n > AUDIT_KEYS)
		HTML_LEAFF(&w->h, "p", "sub", "%zu more", n - AUDIT_KEYS);
	json_free(was);
	json_free(is);
}

static void
audit_row_show(struct web *w, const struct audit_row *r)
{
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	web_cell(w, "Row", "num");
	html_textf(h, "%" PRId64, r->seq);
	html_end(h);
	web_cell(w, "When", "");
	web_time(w, r->at);
	html_end(h);
	web_cell(w, "Who", "");
	HTML_TAG(h, "div");
	HTML_TAG(h, "strong");
	html_shown(h, r->who[0] != '\0' ? r->who : AUDIT_SERVER);
	html_end(h);
	if (r->via[0] != '\0' || r->origin[0] != '\0') {
		HTML_CLASS(h, "span", "sub");
		html_text(h, " ");
		html_shown(h, r->via);
		html_text(h,
		    r->via[0] != '\0' && r->origin[0] != '\0' ? ", from "
			: r->origin[0] != '\0'                ? "from "
							      : "");
		html_shown(h, r->origin);
		html_end(h);
	}
	html_end(h);
	html_end(h);
	web_cell(w, "What", "");
	HTML_TAG(h, "div");
	HTML_TAG(h, "code");
	html_shown(h, r->what);
	html_end(h);
	html_text(h, " ");
	html_shown(h, r->subject);
	if (r->project[0] != '\0' && strcmp(r->project, r->subject) != 0) {
		HTML_CLASS(h, "span", "sub");
		html_text(h, " of ");
		html_shown(h, r->project);
		html_end(h);
	}
	audit_change(w, r);
	html_end(h);
	html_end(h);
	html_end(h);
}

static void
audit_older(struct web *w, const struct audit_asked *q, int64_t last)
{
	AUTO_STR struct str to = STR_INIT;
	struct html *h = &w->h;

	str_addf(&to, "?before=%" PRId64, last);
	audit_asked_query(q, &to);
	HTML_TAG(h, "nav");
	HTML_ATTR(h, "class", "pager");
	HTML_ATTR(h, "aria-label", "Pages");
	HTML_TAG(h, "a");
	HTML_ATTR(h, "rel", "next");
	HTML_ATTR(h, "href", str_cstr(&to));
	html_text(h, "Older");
	html_end(h);
	html_end(h);
}

static void
audit_file_link(struct web *w, const struct audit_asked *q)
{
	AUTO_STR struct str to = STR_INIT;

	str_add(&to, "/-/admin/audit.jsonl");
	audit_asked_query(q, &to);
	/* Without "before" the first of them begins the query. */
	for (size_t i = 0; i < to.len; i++)
		if (to.p[i] == '&') {
			to.p[i] = '?';
			break;
		}
	HTML_CLASS(&w->h, "p", "filter");
	HTML_TAG(&w->h, "a");
	HTML_ATTR(&w->h, "href", str_cstr(&to));
	HTML_ATTR(&w->h, "download", "");
	html_text(&w->h, "All of these as a file (JSON lines)");
	html_end(&w->h);
	html_end(&w->h);
}

static void
audit_none(struct web *w, const struct audit_list *l)
{
	AUTO_STR struct str text = STR_INIT;

	if (!l->more) {
		web_empty(w, "No row is like that.", "");
		return;
	}
	str_addf(&text,
	    "No row is like that, of those that were looked at: "
	    "%" PRId64 " and newer.",
	    l->next);
	web_empty(w, str_cstr(&text), "");
}

/* -1: it says that it could not read. */
static int
audit_rows(struct web *w, const struct audit_asked *q)
{
	static const char *const columns[] = { "Row", "When", "Who", "What" };
	struct audit_list l = { .n = 0 };
	struct err e = ERR_INIT;
	struct html *h = &w->h;

	if (q->wrong != NULL)
		return 0;
	if (audit_find(w->t, &q->f, &l, &e) == -1) {
		log_error("web audit reason=%s", log_val(e.msg));
		HTML_LEAF(h, "p", "alert", "The log cannot be read.");
		return -1;
	}
	if (l.n == 0) {
		audit_none(w, &l);
	} else {
		HTML_CLASS(h, "section", "card flush");
		web_table(w, "rows audit", columns, 4);
		for (size_t i = 0; i < l.n; i++)
			audit_row_show(w, &l.at[i]);
		web_table_end(w);
		html_end(h);
		audit_file_link(w, q);
	}
	if (l.more)
		audit_older(w, q, l.next);
	audit_list_release(&l);
	return 0;
}

/* ---- is it what was written ---- */

static void
audit_verdict(struct web *w)
{
	struct audit_checked k;
	struct err e = ERR_INIT;
	struct html *h = &w->h;

	if (audit_check(w->t, AUDIT_CHECK_MAX, &k, &e) == -1) {
		HTML_LEAF(h, "p", "alert", "The log cannot be read.");
		return;
	}
	HTML_TAG(h, "p");
	HTML_ATTR(h, "role", "status");
	if (k.bad == 0) {
		web_badge(w, "good", "whole");
		html_textf(h,
		    " The newest %" PRId64 " rows follow one from the other.",
		    k.n);
	} else {
		web_badge(w, "bad", "changed");
		html_textf(h,
		    " Row %" PRId64 " is not what was written, or a row "
		    "before it is missing.",
		    k.bad);
	}
	html_end(h);
}

static void
audit_chain(struct web *w, bool verify)
{
	struct audit_end start, head;
	struct err e = ERR_INIT;
	struct html *h = &w->h;

	if (audit_ends(w->t, &start, &head, &e) == -1) {
		log_error("web audit reason=%s", log_val(e.msg));
		HTML_LEAF(h, "p", "alert", "The log's ends cannot be read.");
		return;
	}
	HTML_CLASS(h, "section", "card");
	HTML_LEAF(h, "h2", "", "Chain");
	HTML_TAG(h, "p");
	html_textf(h, "Rows %" PRId64 " to %" PRId64 "; the last hash is ",
	    start.seq + 1, head.seq);
	HTML_LEAF(h, "code", "", head.hash);
	html_text(h, ". All of them, and the signed heads, are checked by ");
	HTML_LEAF(h, "code", "", "coffer audit verify");
	html_text(h, ".");
	html_end(h);
	if (verify)
		audit_verdict(w);
	HTML_TAG(h, "form");
	HTML_URL(h, "action", "/-/admin/audit");
	field_hidden(w, "verify", "1");
	HTML_LEAFF(
	    h, "button", "quiet", "Check the newest %d rows", AUDIT_CHECK_MAX);
	html_end(h);
	html_end(h);
}

static void
audit_get(struct call *c)
{
	struct audit_asked q;
	struct web w;
	int rc;

	if (admin_begin(&w, c, "audit") == -1)
		return;
	audit_asked_read(c, &q);
	audit_form(&w, &q);
	audit_chain(&w, call_query(c, "verify") != NULL);
	rc = audit_rows(&w, &q);
	web_reply(&w, q.wrong != NULL ? 422 : rc == -1 ? 503 : 200);
}

const struct route web_audit_routes[] = {
	{ "GET", "/-/admin/audit", ROUTE_PAGE, audit_get },
	{ .method = NULL },
};
