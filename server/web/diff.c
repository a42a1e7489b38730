#include "server/web/diff.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_ask.h"
#include "server/text/diff.h"
#include "server/web/web.h"

enum {
	DIFF_PAIRS = 200, /* lines of a block that are set side by side */
	DIFF_NAMED = 200, /* files beyond those that are shown */
	DIFF_LEAST = 60,  /* lines of room, or a file begins the next page */
	DIFF_TEXT_MAX = 1000, /* bytes of a line */
	DIFF_TEXT_LATE = 100, /* the same where the page is long already */
	DIFF_LATE = 3 << 19,
	DIFF_FROM_MAX = 1 << 24
};

/* Lines that went and came, until the block ends. */
struct diff_block {
	struct diff_part was[DIFF_PAIRS], is[DIFF_PAIRS];
	size_t n_was, n_is;
};

struct diff_page {
	struct web *w;
	const struct diff_view *v;
	struct diff d;
	char *path;   /* of the file at hand */
	size_t index; /* files that were met */
	size_t files, lines, file_lines;
	size_t skip;      /* lines of the only file */
	size_t met;       /* lines of the file at hand, shown or not */
	size_t left_out;  /* of them behind those that are shown */
	bool open;        /* a table is */
	size_t rows;      /* of it */
	struct view hunk; /* to be written before the next line; empty: none */
	size_t n_rest;    /* files that have no room */
	struct str rest;  /* their paths, each with a NUL */
	struct diff_block block;
};

void
web_diff_sum(struct web *w, const struct json *j)
{
	const int64_t files = json_i64_or(j, "files", 0),
		      added = json_i64_or(j, "added", 0);

	HTML_LEAFF(&w->h, "p", "sub",
	    "%" PRId64 " file%s, %" PRId64 " line%s added, %" PRId64 " removed",
	    files, files == 1 ? "" : "s", added, added == 1 ? "" : "s",
	    json_i64_or(j, "deleted", 0));
}

void
web_diff_asked(struct call *c, struct git_ask_show *spec)
{
	const char *only = call_query(c, "file");

	spec->heads = true;
	spec->path = only != NULL && only[0] != '\0' ? only : NULL;
}

/* HERE?file=PATH */
static void
diff_alone_link(struct diff_page *p, const char *path, const char *text)
{
	AUTO_STR struct str url = STR_INIT;

	str_addf(
	    &url, "%s?%sfile=", p->v->here, p->v->split ? "view=split&" : "");
	esc_url(&url, view_of(path));
	HTML_TAG(&p->w->h, "a");
	HTML_ATTR(&p->w->h, "href", str_cstr(&url));
	html_shown(&p->w->h, text);
	html_end(&p->w->h);
}

/* Of the page itself: a thousand of them are most of it. */
static void
diff_say_link(struct diff_page *p, char side, uint32_t n)
{
	AUTO_STR struct str url = STR_INIT;
	struct html *h = &p->w->h;

	str_addf(&url, "?%ssay=%c%u&file=", p->v->split ? "view=split&" : "",
	    side == '-' ? 'L' : 'R', n);
	esc_url(&url, view_of(p->path));
	str_addf(&url, "#say");
	HTML_TAG(h, "a");
	HTML_ATTR(h, "href", str_cstr(&url));
	html_textf(h, "%u", n);
	html_end(h);
}

/* Named, with a way to say something of the line, or only its number: an
 * unchanged line is that of its new number.  What the link is for says
 * style.css behind it. */
static void
diff_number_cell(struct diff_page *p, char side, uint32_t n, bool named)
{
	struct html *h = &p->w->h;
	char id[40];

	HTML_TAG(h, "td");
	if (n > 0) {
		(void)snprintf(id, sizeof(id), "f%zu%c%u", p->files,
		    side == '-' ? 'L' : 'R', n);
		if (named)
			HTML_ATTR(h, "id", id);
		if (p->v->say && named)
			diff_say_link(p, side, n);
		else
			html_textf(h, "%u", n);
	}
	html_end(h);
}

void
web_diff_text(struct html *h, struct view text)
{
	const size_t max = h->out.len < DIFF_LATE ? DIFF_TEXT_MAX
						  : DIFF_TEXT_LATE;
	size_t n = text.len;

	if (n > max) {
		n = max;
		while (n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
			n--;
	}
	html_code(h, (struct view){ text.p, n });
	if (n < text.len)
		HTML_LEAFF(h, "span", "sub", " … %zu bytes more", text.len - n);
}

/* Whether a line came or went is in style.css a sign before it, which is heard
 * as it is seen. */
static void
diff_text_cell(struct diff_page *p, const struct diff_part *x)
{
	struct html *h = &p->w->h;

	HTML_CLASS(h, "td",
	    x == NULL            ? "none"
		: x->sign == '+' ? "add"
		: x->sign == '-' ? "del"
				 : "");
	if (x != NULL) {
		web_diff_text(h, x->text);
		if (x->no_newline)
			HTML_LEAF(h, "span", "sub", " (no newline at the end)");
	}
	html_end(h);
}

static void
diff_said(struct diff_page *p, char side, const struct diff_part *x)
{
	const struct diff_at at = { .path = p->path,
		.side = side,
		.n = side == '-' ? x->old : x->new,
		.text = x->text };
	struct html *h = &p->w->h;

	if (p->v->line == NULL || at.n == 0 ||
	    (p->v->has != NULL && !p->v->has(&at, p->v->arg)))
		return;
	HTML_CLASS(h, "tr", "said");
	HTML_TAG(h, "td");
	HTML_ATTR(h, "colspan", p->v->split ? "4" : "3");
	p->v->line(p->w, &at, p->v->arg);
	html_end(h);
	html_end(h);
}

static void
diff_row_unified(struct diff_page *p, const struct diff_part *x)
{
	p->rows++;
	HTML_TAG(&p->w->h, "tr");
	diff_number_cell(p, '-', x->old, x->sign == '-');
	diff_number_cell(p, '+', x->new, true);
	diff_text_cell(p, x);
	html_end(&p->w->h);
	if (x->sign != '+')
		diff_said(p, '-', x);
	if (x->sign != '-')
		diff_said(p, '+', x);
}

static void
diff_row_split(struct diff_page *p, const struct diff_part *was,
    const struct diff_part *is)
{
	HTML_TAG(&p->w->h, "tr");
	diff_number_cell(p, '-', was == NULL ? 0 : was->old,
	    was != NULL && was->sign == '-');
	diff_text_cell(p, was);
	diff_number_cell(p, '+', is == NULL ? 0 : is->new, true);
	diff_text_cell(p, is);
	html_end(&p->w->h);
	if (was != NULL)
		diff_said(p, '-', was);
	if (is != NULL)
		diff_said(p, '+', is);
}

/* The lines of a block beside each other, the rest below. */
static void
diff_flush(struct diff_page *p)
{
	struct diff_block *b = &p->block;
	size_t n = b->n_was > b->n_is ? b->n_was : b->n_is;

	for (size_t i = 0; i < n; i++)
		diff_row_split(p, i < b->n_was ? &b->was[i] : NULL,
		    i < b->n_is ? &b->is[i] : NULL);
	b->n_was = b->n_is = 0;
}

static void
diff_lines_link(
    struct diff_page *p, size_t skip, const char *rel, const char *text)
{
	AUTO_STR struct str url = STR_INIT;
	struct html *h = &p->w->h;

	str_addf(
	    &url, "?%sskip=%zu&file=", p->v->split ? "view=split&" : "", skip);
	esc_url(&url, view_of(p->path));
	HTML_TAG(h, "a");
	HTML_ATTR(h, "rel", rel);
	HTML_ATTR(h, "href", str_cstr(&url));
	html_text(h, text);
	html_end(h);
}

static void
diff_alone_pages(struct diff_page *p)
{
	struct html *h = &p->w->h;

	if (p->skip == 0 && p->left_out == 0)
		return;
	HTML_TAG(h, "nav");
	HTML_ATTR(h, "class", "pager");
	HTML_ATTR(h, "aria-label", "Lines of the file");
	if (p->skip > 0)
		diff_lines_link(p,
		    p->skip > DIFF_ALONE_LINES ? p->skip - DIFF_ALONE_LINES : 0,
		    "prev", "Lines before");
	HTML_LEAFF(h, "span", "", "%zu to %zu of %zu", p->skip + 1,
	    p->skip + p->file_lines, p->met);
	if (p->left_out > 0)
		diff_lines_link(
		    p, p->skip + DIFF_ALONE_LINES, "next", "Lines after");
	html_end(h);
}

static void
diff_part_end(struct html *h)
{
	html_end(h); /* tbody */
	html_end(h); /* table */
	html_end(h); /* div */
}

static void
diff_end_file(struct diff_page *p)
{
	struct html *h = &p->w->h;

	if (p->path == NULL)
		return;
	diff_flush(p);
	if (p->open) {
		diff_part_end(h);
		html_end(h); /* div */
		p->open = false;
	}
	if (p->v->only != NULL)
		diff_alone_pages(p);
	else if (p->met == 0 && p->v->truncated && !p->d.binary) {
		HTML_CLASS(h, "p", "sub");
		html_text(h, "Its lines have no room here: ");
		diff_alone_link(p, p->path, "show the file alone");
		html_end(h);
	} else if (p->left_out > 0) {
		HTML_CLASS(h, "p", "sub");
		html_textf(h, "%zu more lines: ", p->left_out);
		diff_alone_link(p, p->path, "show the file alone");
		html_end(h);
	}
	html_end(h); /* section */
	free(p->path);
	p->path = NULL;
}

static const char *
diff_what(const struct diff *d)
{
	if (d->added)
		return "added";
	if (d->deleted)
		return "deleted";
	if (d->renamed)
		return "renamed";
	return d->copied ? "copied" : "";
}

static void
diff_file_title(struct diff_page *p)
{
	struct html *h = &p->w->h;
	const char *what = diff_what(&p->d);
	AUTO_STR struct str url = STR_INIT;

	HTML_TAG(h, "h2");
	if (p->d.renamed || p->d.copied) {
		html_shown(h, str_cstr(&p->d.old_path));
		html_text(h, " → ");
	}
	if (p->v->blob != NULL && !p->d.deleted) {
		str_addf(&url, "%s/", p->v->blob);
		esc_url_path(&url, view_of(p->path));
		HTML_TAG(h, "a");
		HTML_ATTR(h, "href", str_cstr(&url));
		html_shown(h, p->path);
		html_end(h);
	} else {
		html_shown(h, p->path);
	}
	html_end(h);
	HTML_CLASS(h, "p", "sub");
	html_text(h, what);
	if (p->d.old_mode[0] != '\0' && p->d.new_mode[0] != '\0')
		html_textf(h, " mode %s → %s", p->d.old_mode, p->d.new_mode);
	else if (strcmp(p->d.new_mode, "100755") == 0)
		html_text(h, ", a program");
	else if (strcmp(p->d.new_mode, "120000") == 0)
		html_text(h, ", a symbolic link");
	else if (strcmp(p->d.new_mode, "160000") == 0)
		html_text(h, ", a submodule");
	if (p->d.binary)
		html_text(h, " binary, not shown");
	html_end(h);
}

/* Has the page room for another file? */
static bool
diff_takes_file(const struct diff_page *p)
{
	return p->n_rest == 0 && p->files < DIFF_PAGE_FILES &&
	    p->lines + DIFF_LEAST <= DIFF_PAGE_LINES;
}

/* False: it is not shown. */
static bool
diff_begin_file(struct diff_page *p)
{
	struct html *h = &p->w->h;
	const char *path = str_cstr(
	    p->d.new_path.len > 0 ? &p->d.new_path : &p->d.old_path);
	char id[24];

	if (p->v->only != NULL ? strcmp(p->v->only, path) != 0
			       : p->index++ < p->v->from)
		return false;
	if (p->v->only == NULL && !diff_takes_file(p)) {
		if (p->n_rest++ < DIFF_NAMED)
			str_addn(&p->rest, path, strlen(path) + 1);
		return false;
	}
	p->files++;
	p->path = xstrdup(path);
	p->file_lines = p->left_out = p->met = 0;
	p->hunk = VIEW_LIT("");
	HTML_CLASS(h, "section", "card wide diff");
	(void)snprintf(id, sizeof(id), "f%zu", p->files);
	HTML_ATTR(h, "id", id);
	diff_file_title(p);
	return true;
}

static void
diff_part(struct diff_page *p)
{
	struct html *h = &p->w->h;

	HTML_CLASS(h, "div", "part");
	HTML_CLASS(h, "table", p->v->split ? "split" : "unified");
	HTML_TAG(h, "tbody");
	p->rows = 0;
}

/* Of one that is split all is one: its halves stand below each other. */
static void
diff_table(struct diff_page *p)
{
	struct html *h = &p->w->h;

	if (p->open) {
		if (!p->v->split && p->rows >= WEB_LINES_PART) {
			diff_part_end(h);
			diff_part(p);
		}
		return;
	}
	HTML_CLASS(h, "div", "lines");
	HTML_ATTR(h, "tabindex", "0");
	HTML_ATTR(h, "role", "region");
	HTML_ATTR(h, "aria-label",
	    p->v->say ? "the lines that change; a line's number leads to a "
			"form to say something of it"
		      : "the lines that change");
	diff_part(p);
	p->open = true;
}

/* The head of the hunk, before the first line of it that is shown. */
static void
diff_hunk_row(struct diff_page *p)
{
	struct html *h = &p->w->h;

	if (p->hunk.len == 0)
		return;
	HTML_CLASS(h, "tr", "hunk");
	HTML_TAG(h, "td");
	HTML_ATTR(h, "colspan", p->v->split ? "4" : "3");
	web_diff_text(h, p->hunk);
	html_end(h);
	html_end(h);
	p->hunk = VIEW_LIT("");
}

static void
diff_line_row(struct diff_page *p, const struct diff_part *x)
{
	struct diff_block *b = &p->block;

	diff_table(p);
	diff_hunk_row(p);
	if (!p->v->split) {
		diff_row_unified(p, x);
		return;
	}
	if (x->sign == ' ' || b->n_was == DIFF_PAIRS || b->n_is == DIFF_PAIRS)
		diff_flush(p);
	if (x->sign == ' ')
		diff_row_split(p, x, x);
	else if (x->sign == '-')
		b->was[b->n_was++] = *x;
	else
		b->is[b->n_is++] = *x;
}

static bool
diff_has_room(struct diff_page *p)
{
	const size_t max = p->v->only != NULL ? DIFF_ALONE_LINES
					      : DIFF_FILE_LINES;

	if (p->met++ < p->skip)
		return false;
	if (p->file_lines >= max || p->lines >= DIFF_PAGE_LINES) {
		p->left_out++;
		return false;
	}
	p->file_lines++;
	p->lines++;
	return true;
}

static void
diff_switch(struct diff_page *p)
{
	AUTO_STR struct str url = STR_INIT;
	struct html *h = &p->w->h;

	str_addf(&url, "%s%s", p->v->here, p->v->split ? "" : "?view=split");
	if (p->v->only != NULL) {
		str_add(&url, p->v->split ? "?file=" : "&file=");
		esc_url(&url, view_of(p->v->only));
	}
	HTML_CLASS(h, "p", "sub");
	HTML_TAG(h, "a");
	HTML_ATTR(h, "href", str_cstr(&url));
	html_text(h, p->v->split ? "one below the other" : "side by side");
	html_end(h);
	if (p->v->only != NULL) {
		html_text(h, " · ");
		HTML_TAG(h, "a");
		HTML_ATTR(h, "href", p->v->here);
		html_text(h, "all files");
		html_end(h);
	}
	html_end(h);
}

/* The files that have no room: the next page, and each alone. */
static void
diff_rest(struct diff_page *p)
{
	const unsigned next = (unsigned)(p->v->from + p->files);
	struct html *h = &p->w->h;

	if (p->n_rest == 0)
		return;
	HTML_CLASS(h, "section", "card wide");
	HTML_LEAFF(h, "h2", "", "%zu more files", p->n_rest);
	HTML_TAG(h, "p");
	HTML_TAG(h, "a");
	HTML_ATTR(h, "rel", "next");
	if (p->v->split)
		HTML_URL(h, "href", "?view=split&from=%u", next);
	else
		HTML_URL(h, "href", "?from=%u", next);
	html_text(h, "The next files");
	html_end(h);
	html_end(h);
	HTML_TAG(h, "ul");
	for (size_t at = 0; at < p->rest.len;
	     at += strlen(p->rest.p + at) + 1) {
		HTML_TAG(h, "li");
		diff_alone_link(p, p->rest.p + at, p->rest.p + at);
		html_end(h);
	}
	html_end(h);
	if (p->n_rest > DIFF_NAMED)
		HTML_LEAFF(
		    h, "p", "sub", "and %zu others.", p->n_rest - DIFF_NAMED);
	html_end(h);
}

/* On which page of the file the line is. */
static size_t
diff_skip_to(const struct diff_view *v, struct view patch)
{
	bool here = false, found = false;
	struct diff_part x;
	size_t n = 0;
	struct diff d;
	char at[16];

	diff_init(&d, patch);
	while (!found && diff_next(&d, &x)) {
		if (x.kind == DIFF_FILE)
			here = strcmp(v->only,
				   str_cstr(d.new_path.len > 0
					   ? &d.new_path
					   : &d.old_path)) == 0;
		if (!here || x.kind != DIFF_LINE)
			continue;
		(void)snprintf(at, sizeof(at), "%c%u",
		    v->at[0] == 'L' ? 'L' : 'R',
		    v->at[0] == 'L' ? x.old : x.new);
		found = strcmp(at, v->at) == 0;
		n += !found;
	}
	diff_release(&d);
	return found ? n / DIFF_ALONE_LINES * DIFF_ALONE_LINES : 0;
}

static size_t
diff_query_number(struct call *c, const char *name)
{
	const char *text = call_query(c, name);
	struct err ignored = ERR_INIT;
	int64_t n = 0;

	if (text != NULL)
		(void)num_i64(text, 0, DIFF_FROM_MAX, &n, &ignored);
	return (size_t)n;
}

void
web_diff_query(struct call *c, struct diff_view *v)
{
	const char *view = call_query(c, "view");

	v->split = view != NULL && strcmp(view, "split") == 0;
	v->only = call_query(c, "file");
	if (v->only != NULL && v->only[0] == '\0')
		v->only = NULL;
	v->at = call_query(c, "say");
	if (v->at == NULL)
		v->at = call_query(c, "at");
	v->from = diff_query_number(c, "from");
	v->skip = diff_query_number(c, "skip");
}

void
web_diff(struct web *w, const struct diff_view *v, struct view patch)
{
	struct diff_page *p = xcalloc(1, sizeof(*p));
	bool shown = false;
	struct diff_part x;

	p->w = w;
	p->v = v;
	if (v->only != NULL)
		p->skip = v->at != NULL ? diff_skip_to(v, patch) : v->skip;
	diff_init(&p->d, patch);
	HTML_LEAF(&w->h, "h2", "unseen", "Files");
	if (v->truncated)
		HTML_LEAF(&w->h, "p", "alert",
		    v->only != NULL
			? "The change of this file is too large for a page: "
			  "its end is in the diff that git prints."
			: "The change is too large to be shown at once. Look "
			  "at each file alone; those that have no name here "
			  "are in the diff that git prints.");
	diff_switch(p);
	while (diff_next(&p->d, &x)) {
		if (x.kind == DIFF_FILE) {
			diff_end_file(p);
			shown = diff_begin_file(p);
		} else if (shown && x.kind == DIFF_HUNK) {
			diff_flush(p);
			p->hunk = x.text;
		} else if (shown && diff_has_room(p)) {
			diff_line_row(p, &x);
		}
	}
	diff_end_file(p);
	if (p->files == 0 && !v->truncated)
		web_empty(w,
		    v->only != NULL ? "That file does not change."
				    : "Nothing changes.",
		    "");
	diff_rest(p);
	diff_release(&p->d);
	str_release(&p->rest);
	free(p);
}
