#include "server/web/markdown.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "server/domain/words.h"
#include "server/text/md.h"
#include "server/web/web.h"

enum {
	MARKDOWN_PARTS = 64,      /* folders of an address */
	MARKDOWN_NUMBER_MAX = 15, /* digits */
	MARKDOWN_PATH_MAX = 4096
};

/* What an open token wrote, to be ended. */
struct markdown_open {
	enum md_kind kind;
	unsigned ends;
	bool head; /* a row of the table's head */
};

struct markdown {
	struct web *w;
	const struct web_markdown *ctx;
	struct markdown_open open[MD_DEPTH];
	unsigned depth;
	unsigned links; /* that are open: no link in a link */
};

/* folder/target with its . and .. taken out, escaped; false: it leaves. */
static bool
markdown_resolve(const char *folder, struct view target, struct str *out)
{
	AUTO_STR struct str all = STR_INIT_MAX(MARKDOWN_PATH_MAX);
	struct view parts[MARKDOWN_PARTS], rest, part;
	size_t n = 0;

	if (target.len == 0 || target.p[0] != '/')
		str_addf(&all, "%s/", folder);
	str_addv(&all, target);
	if (!str_ok(&all))
		return false;
	rest = str_view(&all);
	while (view_split(&rest, '/', &part)) {
		if (part.len == 0 || view_is(part, "."))
			continue;
		if (view_is(part, "..")) {
			if (n == 0)
				return false;
			n--;
			continue;
		}
		if (n == MARKDOWN_PARTS)
			return false;
		parts[n++] = part;
	}
	for (size_t i = 0; i < n; i++) {
		str_addc(out, '/');
		esc_url(out, parts[i]);
	}
	return true;
}

/* A path below prefix; its query is dropped, its place on the page stays. */
static bool
markdown_here(const struct web_markdown *ctx, const char *prefix,
    struct view url, struct str *out)
{
	const char *hash = memchr(url.p, '#', url.len);
	struct view path = url, place = { "", 0 };
	AUTO_STR struct str plain = STR_INIT_MAX(MARKDOWN_PATH_MAX);
	struct err ignored = ERR_INIT;
	const char *ask;

	if (hash != NULL) {
		path.len = (size_t)(hash - url.p);
		place = view_from(url, path.len + 1);
	}
	ask = memchr(path.p, '?', path.len);
	if (ask != NULL)
		path.len = (size_t)(ask - path.p);
	if (esc_url_decode(path, &plain, &ignored) == -1)
		return false;
	str_add(out, prefix);
	if (!markdown_resolve(ctx->folder, str_view(&plain), out))
		return false;
	if (place.len > 0) {
		str_addc(out, '#');
		esc_url(out, place);
	}
	return str_ok(out);
}

static bool
markdown_has_scheme(struct view url)
{
	for (size_t i = 0; i < url.len; i++) {
		char c = url.p[i];

		if (c == ':')
			return i > 0;
		if (!isalnum((unsigned char)c) && c != '+' && c != '-' &&
		    c != '.')
			return false;
	}
	return false;
}

/* The page of a file that hangs on an issue: "/attachments/ID", as the text has
 * it or with this server's address before it. */
static bool
markdown_file(struct markdown *m, struct view url, struct str *out)
{
	static const char begin[] = "/attachments/";
	const char *here = m->ctx->here;

	if (here != NULL && view_starts(url, here))
		url = view_from(url, strlen(here));
	if (!view_starts(url, begin))
		return false;
	url = view_from(url, sizeof(begin) - 1);
	if (url.len != ATTACHMENT_UUID)
		return false;
	for (size_t i = 0; i < url.len; i++)
		if (url.p[i] == '\0' ||
		    strchr("0123456789abcdef-", url.p[i]) == NULL)
			return false;
	str_add(out, "/-/attachments/");
	str_addv(out, url);
	return true;
}

/* <a>, or <span> where it leads nowhere. */
static void
markdown_link(struct markdown *m, struct view url)
{
	struct html *h = &m->w->h;
	AUTO_STR struct str path = STR_INIT_MAX(2 * MARKDOWN_PATH_MAX);

	if (m->links > 0 || url.len == 0) {
		HTML_TAG(h, "span");
		return;
	}
	if (markdown_file(m, url, &path)) {
		HTML_TAG(h, "a");
		HTML_ATTR(h, "href", str_cstr(&path));
		return;
	}
	if (markdown_has_scheme(url) || view_starts(url, "//")) {
		HTML_TAG(h, "a");
		(void)html_away(h, url);
		return;
	}
	if (m->ctx->src == NULL ||
	    !markdown_here(m->ctx, m->ctx->src, url, &path)) {
		HTML_TAG(h, "span");
		return;
	}
	HTML_TAG(h, "a");
	HTML_ATTR(h, "href", str_cstr(&path));
}

/* Of this repository; of another server's it is a link. */
static void
markdown_image(struct markdown *m, const struct md_token *t)
{
	struct html *h = &m->w->h;
	AUTO_STR struct str path = STR_INIT_MAX(2 * MARKDOWN_PATH_MAX);
	AUTO_FREE char *alt = view_dup(t->b);

	if (markdown_file(m, t->a, &path) ||
	    (m->ctx->raw != NULL && !markdown_has_scheme(t->a) &&
		!view_starts(t->a, "//") &&
		markdown_here(m->ctx, m->ctx->raw, t->a, &path))) {
		HTML_VOID(h, "img");
		HTML_ATTR(h, "src", str_cstr(&path));
		HTML_ATTR(h, "alt", alt);
		HTML_ATTR(h, "loading", "lazy");
		return;
	}
	markdown_link(m, t->a);
	html_textv(h, t->b.len > 0 ? t->b : view_of("image"));
	html_end(h);
}

/* "#7" behind nothing or a blank or a bracket. */
static size_t
markdown_number(struct view text, size_t at)
{
	size_t n = 1;

	if (text.p[at] != '#' ||
	    (at > 0 &&
		(isalnum((unsigned char)text.p[at - 1]) ||
		    strchr("_/&#-", text.p[at - 1]) != NULL)))
		return 0;
	while (at + n < text.len && isdigit((unsigned char)text.p[at + n]))
		n++;
	if (n == 1 || n > MARKDOWN_NUMBER_MAX || text.p[at + 1] == '0' ||
	    (at + n < text.len &&
		(isalnum((unsigned char)text.p[at + n]) ||
		    text.p[at + n] == '_')))
		return 0;
	return n;
}

static void
markdown_text(struct markdown *m, struct view text)
{
	struct html *h = &m->w->h;
	size_t from = 0, n;

	for (size_t i = 0; m->links == 0 && i < text.len; i++) {
		AUTO_STR struct str path = STR_INIT;

		n = markdown_number(text, i);
		if (n == 0)
			continue;
		html_textv(h, (struct view){ text.p + from, i - from });
		str_addf(&path, "/%s/issues/%.*s", m->ctx->project,
		    (int)(n - 1), text.p + i + 1);
		HTML_TAG(h, "a");
		HTML_ATTR(h, "href", str_cstr(&path));
		html_textv(h, (struct view){ text.p + i, n });
		html_end(h);
		i += n - 1;
		from = i + 1;
	}
	html_textv(h, view_from(text, from));
}

static void
markdown_heading(struct html *h, uint32_t level)
{
	/* The page's own heading is the first. */
	switch (level) {
	case 1:
		HTML_TAG(h, "h2");
		break;
	case 2:
		HTML_TAG(h, "h3");
		break;
	case 3:
		HTML_TAG(h, "h4");
		break;
	case 4:
		HTML_TAG(h, "h5");
		break;
	default:
		HTML_TAG(h, "h6");
		break;
	}
}

static void
markdown_list(struct html *h, uint32_t n)
{
	char start[16];

	if (n == 0) {
		HTML_TAG(h, "ul");
		return;
	}
	HTML_TAG(h, "ol");
	if (n == 2)
		return;
	(void)snprintf(start, sizeof(start), "%u", n - 1);
	HTML_ATTR(h, "start", start);
}

static void
markdown_item(struct html *h, uint32_t n)
{
	HTML_TAG(h, "li");
	if (n == 0)
		return;
	HTML_ATTR(h, "class", "task");
	HTML_VOID(h, "input");
	HTML_ATTR(h, "type", "checkbox");
	HTML_FLAG(h, "disabled");
	if (n == 2)
		HTML_FLAG(h, "checked");
	HTML_ATTR(h, "aria-label", n == 2 ? "done" : "to do");
	html_text(h, " ");
}

static void
markdown_cell(struct markdown *m, const struct md_token *t, struct view rest)
{
	struct html *h = &m->w->h;
	bool head = m->depth > 0 && m->open[m->depth - 1].head;
	struct md_token next;

	/* One without words is no heading of its column. */
	if (head && md_next(&rest, &next) == 1 && next.kind != MD_END) {
		HTML_TAG(h, "th");
		HTML_ATTR(h, "scope", "col");
	} else {
		HTML_TAG(h, "td");
	}
	if (t->n == 'c' || t->n == 'r')
		HTML_ATTR(h, "class", t->n == 'c' ? "centre" : "right");
}

/* How many elements it opened; rest is what follows. */
static unsigned
markdown_open(struct markdown *m, const struct md_token *t, struct view rest)
{
	struct html *h = &m->w->h;

	switch ((unsigned)t->kind) {
	case MD_PARAGRAPH:
		HTML_TAG(h, "p");
		break;
	case MD_HEADING:
		markdown_heading(h, t->n);
		break;
	case MD_QUOTE:
		HTML_TAG(h, "blockquote");
		break;
	case MD_LIST:
		markdown_list(h, t->n);
		break;
	case MD_ITEM:
		markdown_item(h, t->n);
		break;
	case MD_TABLE:
		HTML_CLASS(h, "div", "wide");
		HTML_TAG(h, "table");
		return 2;
	case MD_ROW:
		HTML_TAG(h, "tr");
		break;
	case MD_CELL:
		markdown_cell(m, t, rest);
		break;
	case MD_EMPH:
		HTML_TAG(h, "em");
		break;
	case MD_STRONG:
		HTML_TAG(h, "strong");
		break;
	case MD_STRIKE:
		HTML_TAG(h, "del");
		break;
	default:
		markdown_link(m, t->a);
		break;
	}
	return 1;
}

static void
markdown_block(struct markdown *m, const struct md_token *t)
{
	AUTO_FREE char *lang = view_dup(
	    (struct view){ t->b.p, t->b.len < 40 ? t->b.len : 40 });

	lang[strcspn(lang, " \t{,")] = '\0';
	HTML_CLASS(&m->w->h, "pre", "code");
	HTML_ATTR(&m->w->h, "tabindex", "0");
	web_code(m->w, t->a, lang);
	html_end(&m->w->h);
}

static void
markdown_leaf(struct markdown *m, const struct md_token *t)
{
	struct html *h = &m->w->h;

	switch ((unsigned)t->kind) {
	case MD_IMAGE:
		markdown_image(m, t);
		break;
	case MD_CODE:
		HTML_TAG(h, "code");
		html_code(h, t->a);
		html_end(h);
		break;
	case MD_CODE_BLOCK:
		markdown_block(m, t);
		break;
	case MD_HTML:
		/* A comment is for whoever writes. */
		if (view_starts(t->a, "<!--"))
			break;
		HTML_CLASS(h, "code", "html");
		html_textv(h, view_trim(t->a));
		html_end(h);
		break;
	case MD_RULE:
		HTML_VOID(h, "hr");
		break;
	case MD_BREAK:
		HTML_VOID(h, "br");
		break;
	case MD_SOFT:
		html_text(h, "\n");
		break;
	default:
		markdown_text(m, t->a);
		break;
	}
}

static void
markdown_end(struct markdown *m)
{
	const struct markdown_open *o;

	if (m->depth == 0)
		return;
	o = &m->open[--m->depth];
	if (o->kind == MD_LINK)
		m->links--;
	for (unsigned i = 0; i < o->ends; i++)
		html_end(&m->w->h);
}

void
web_markdown(struct web *w, const struct web_markdown *ctx, struct view tokens)
{
	struct markdown m = { .w = w, .ctx = ctx };
	struct md_token t;

	HTML_CLASS(&w->h, "div", "md");
	while (str_ok(&w->h.out) && md_next(&tokens, &t) == 1) {
		if (t.kind == MD_END) {
			markdown_end(&m);
		} else if (t.kind > MD_LINK) {
			markdown_leaf(&m, &t);
		} else if (m.depth < MD_DEPTH) {
			struct markdown_open *o = &m.open[m.depth];

			*o = (struct markdown_open){ .kind = t.kind,
				.head = t.kind == MD_ROW && t.n == 1 };
			o->ends = markdown_open(&m, &t, tokens);
			m.links += t.kind == MD_LINK;
			m.depth++;
		} else {
			break;
		}
	}
	while (m.depth > 0)
		markdown_end(&m);
	html_end(&w->h);
}
