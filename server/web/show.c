/* show: writers of what pages show often. */
#include "server/web/web.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/money.h"
#include "server/web/post.h"

static const struct show_unit {
	int64_t ms;
	const char *name;
} show_units[] = {
	{ INT64_C(365) * 86400000, "y" },
	{ INT64_C(30) * 86400000, "mo" },
	{ INT64_C(86400000), "d" },
	{ 3600000, "h" },
	{ 60000, "min" },
	{ 1000, "s" },
};

/* The largest unit, and with two the next one. */
static void
show_span(struct str *out, int64_t ms, bool two)
{
	const size_t n = sizeof(show_units) / sizeof(show_units[0]);

	for (size_t i = 0; i < n; i++) {
		const struct show_unit *u = &show_units[i];

		if (ms < u->ms)
			continue;
		str_addf(out, "%" PRId64 " %s", ms / u->ms, u->name);
		ms %= u->ms;
		if (two && i + 1 < n && ms >= u[1].ms)
			str_addf(
			    out, " %" PRId64 " %s", ms / u[1].ms, u[1].name);
		return;
	}
	str_add(out, "0 s");
}

void
web_span(struct web *w, int64_t ms)
{
	AUTO_STR struct str text = STR_INIT;

	show_span(&text, ms, true);
	html_text(&w->h, str_cstr(&text));
}

void
web_time(struct web *w, int64_t at)
{
	AUTO_STR struct str text = STR_INIT;
	char exact[CLOCK_TEXT_MAX];
	int64_t ago = w->now - at;

	if (at == 0) {
		HTML_LEAF(&w->h, "span", "none", "never");
		return;
	}
	clock_rfc3339(at, exact);
	if (ago < 0) {
		str_add(&text, "in ");
		show_span(&text, -ago, false);
	} else if (ago < 10000) {
		str_add(&text, "just now");
	} else {
		show_span(&text, ago, false);
		str_add(&text, " ago");
	}
	HTML_TAG(&w->h, "time");
	HTML_ATTR(&w->h, "datetime", exact);
	HTML_ATTR(&w->h, "title", exact);
	html_text(&w->h, str_cstr(&text));
	html_end(&w->h);
}

void
web_bytes(struct web *w, int64_t n)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)n;
	size_t i = 0;

	while (v >= 1024 && i + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1024;
		i++;
	}
	html_textf(&w->h, v < 10 && i > 0 ? "%.1f %s" : "%.0f %s", v, units[i]);
}

void
web_money(struct web *w, int64_t micros)
{
	AUTO_STR struct str text = STR_INIT;

	money_put(&text, micros);
	html_textf(&w->h, "$%s", str_cstr(&text));
}

void
web_secret(struct web *w, const char *text)
{
	w->secret = true;
	HTML_TAG(&w->h, "code");
	HTML_ATTR(&w->h, "id", "secret");
	html_text(&w->h, text);
	html_end(&w->h);
}

void
web_badge(struct web *w, const char *kind, const char *text)
{
	HTML_TAG(&w->h, "span");
	HTML_ATTR(&w->h, "class", "badge");
	HTML_ATTR(&w->h, "data-kind", kind);
	html_text(&w->h, text);
	html_end(&w->h);
}

void
web_project_link(struct web *w, const char *full_name)
{
	const char *slash = strchr(full_name, '/');
	AUTO_FREE char *owner = NULL;

	if (slash == NULL) {
		html_text(&w->h, full_name);
		return;
	}
	owner = strndup(full_name, (size_t)(slash - full_name));
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/%s/%s", owner, slash + 1);
	html_text(&w->h, full_name);
	html_end(&w->h);
}

static void
web_part_link(struct web *w, bool here, const char *text)
{
	if (here)
		HTML_ATTR(&w->h, "aria-current", "page");
	html_text(&w->h, text);
	html_end(&w->h);
}

#define PART_LINK(part, text, ...)                      \
	do {                                            \
		HTML_TAG(&w->h, "a");                   \
		HTML_URL(&w->h, "href", __VA_ARGS__);   \
		web_part_link(w, at == (part), (text)); \
	} while (0)

void
web_project_nav(struct web *w, const struct project *p, enum web_part at)
{
	AUTO_FREE char *full = xasprintf("%s/%s", p->owner, p->name);
	const char *o = p->owner, *n = p->name;

	HTML_CLASS(&w->h, "nav", "tabs of");
	HTML_ATTR(&w->h, "aria-label", "Project");
	PART_LINK(PART_OVERVIEW, full, "/%s/%s", o, n);
	PART_LINK(PART_CODE, "Code", "/%s/%s/src", o, n);
	PART_LINK(PART_ISSUES, "Issues", "/%s/%s/issues", o, n);
	PART_LINK(PART_PULLS, "Pull requests", "/%s/%s/pulls", o, n);
	PART_LINK(PART_RUNS, "Runs", "/-/runs?owner=%s&name=%s", o, n);
	PART_LINK(PART_NETWORK, "Network", "/%s/%s/network", o, n);
	/* An archived one's are an admin's alone. */
	if (web_may(w, p->id, PERM_WRITE) || web_may(w, p->id, PERM_ADMIN))
		PART_LINK(PART_SETTINGS, "Settings", "/%s/%s/settings", o, n);
	html_end(&w->h);
}

void
web_project_title(struct web *w, const struct project *p, enum web_part part,
    const char *what)
{
	web_project_nav(w, p, part);
	HTML_CLASS(&w->h, "div", "title");
	HTML_TAG(&w->h, "h1");
	HTML_TAG(&w->h, "a");
	HTML_ATTR(&w->h, "class", "sub");
	HTML_URL(&w->h, "href", "/%s/%s", p->owner, p->name);
	html_textf(&w->h, "%s/%s", p->owner, p->name);
	html_end(&w->h);
	html_textf(&w->h, " %s", what);
	html_end(&w->h);
	html_end(&w->h);
}

void
web_empty(struct web *w, const char *what, const char *next)
{
	HTML_CLASS(&w->h, "div", "empty");
	HTML_LEAF(&w->h, "p", "", what);
	if (next[0] != '\0')
		HTML_LEAF(&w->h, "code", "", next);
	html_end(&w->h);
}

void
web_table(struct web *w, const char *cls, const char *const *columns, size_t n)
{
	HTML_CLASS(&w->h, "table", cls);
	HTML_TAG(&w->h, "thead");
	HTML_TAG(&w->h, "tr");
	for (size_t i = 0; i < n; i++) {
		if (columns[i][0] == '\0') { /* of buttons: no heading */
			HTML_LEAF(&w->h, "td", "", "");
			continue;
		}
		HTML_TAG(&w->h, "th");
		HTML_ATTR(&w->h, "scope", "col");
		html_text(&w->h, columns[i]);
		html_end(&w->h);
	}
	html_end(&w->h);
	html_end(&w->h);
	HTML_TAG(&w->h, "tbody");
}

void
web_table_end(struct web *w)
{
	html_end(&w->h);
	html_end(&w->h);
}

void
web_cell(struct web *w, const char *column, const char *cls)
{
	HTML_CLASS(&w->h, "td", cls);
	HTML_ATTR(&w->h, "data-column", column);
}

void
web_term(struct web *w, const char *term)
{
	HTML_LEAF(&w->h, "dt", "", term);
	HTML_TAG(&w->h, "dd");
}

static void
show_page_link(struct web *w, uint32_t page, const char *query, const char *rel)
{
	AUTO_STR struct str to = STR_INIT_MAX(8000);

	str_addf(&to, "?page=%u%s", page, query);
	HTML_TAG(&w->h, "a");
	HTML_ATTR(&w->h, "rel", rel);
	HTML_ATTR(&w->h, "href", str_cstr(&to));
	html_text(&w->h, strcmp(rel, "prev") == 0 ? "Before" : "After");
	html_end(&w->h);
}

/* What the API calls otherwise than the pages do. */
static const struct show_field {
	const char *name, *text;
} show_fields[] = {
	{ "base", "The base" },
	{ "commit_id", "The commit" },
	{ "content", "The reaction" },
	{ "event", "The review" },
	{ "force_reason", "The reason" },
	{ "head", "The head" },
	{ "q", "The search" },
	{ "username", "The name" },
};

void
web_why(struct web *w, const char *what)
{
	const size_t n = strspn(what, "abcdefghijklmnopqrstuvwxyz_.");
	AUTO_FREE char *all = NULL;
	char *field;

	if (n == 0 || strncmp(what + n, ": ", 2) != 0) {
		html_shown(&w->h, what);
		return;
	}
	all = xstrndup(what, n);
	field = strrchr(all, '.') != NULL ? strrchr(all, '.') + 1 : all;
	for (size_t i = 0; i < sizeof(show_fields) / sizeof(show_fields[0]);
	     i++)
		if (strcmp(field, show_fields[i].name) == 0) {
			html_text(&w->h, show_fields[i].text);
			html_shown(&w->h, what + n);
			return;
		}
	for (char *p = field; *p != '\0'; p++)
		if (*p == '_')
			*p = ' ';
	field[0] = (char)toupper((unsigned char)field[0]);
	html_text(&w->h, field);
	html_shown(&w->h, what + n);
}

void
web_pager(struct web *w, uint32_t page, uint32_t limit, int64_t total,
    const char *query)
{
	int64_t from = (int64_t)(page - 1) * limit + 1;
	int64_t to = (int64_t)page * limit;

	if (total <= limit && page == 1)
		return;
	HTML_TAG(&w->h, "nav");
	HTML_ATTR(&w->h, "class", "pager");
	HTML_ATTR(&w->h, "aria-label", "Pages");
	if (page > 1)
		show_page_link(w, page - 1, query, "prev");
	HTML_LEAFF(&w->h, "span", "", "%" PRId64 " to %" PRId64 " of %" PRId64,
	    from > total ? total : from, to > total ? total : to, total);
	if (to < total)
		show_page_link(w, page + 1, query, "next");
	html_end(&w->h);
}

static const struct show_for {
	const char *seconds, *text;
} show_fors[] = {
	{ "600", "for 10 minutes" }, { "3600", "for an hour" },
	{ "86400", "for a day" }, { "604800", "for a week" },
	{ "2592000", "for 30 days" }, { "31536000", "for a year" },
	{ "0", "for good" }, /* the last */
};
#define SHOW_FOR_USUAL "86400"

void
web_span_field(struct web *w, int64_t id, bool for_good)
{
	const size_t n = sizeof(show_fors) / sizeof(show_fors[0]);
	struct html *h = &w->h;
	const char *usual = post_typed(w, "for_s", SHOW_FOR_USUAL);
	char name[40];

	(void)snprintf(name, sizeof(name), "span-%" PRId64, id);
	HTML_TAG(h, "label");
	HTML_ATTR(h, "class", "unseen");
	HTML_ATTR(h, "for", name);
	html_text(h, "How long it holds");
	html_end(h);
	HTML_TAG(h, "select");
	HTML_ATTR(h, "id", name);
	HTML_ATTR(h, "name", "for_s");
	for (size_t i = 0; i < n - (for_good ? 0 : 1); i++) {
		HTML_TAG(h, "option");
		HTML_ATTR(h, "value", show_fors[i].seconds);
		if (strcmp(show_fors[i].seconds, usual) == 0)
			HTML_FLAG(h, "selected");
		html_text(h, show_fors[i].text);
		html_end(h);
	}
	html_end(h);
}
