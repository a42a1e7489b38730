/* code_lines: code as it stands on pages, its parts marked while that is worth
 * it: the mark of one digit is thirty bytes. */
#include <stdio.h>

#include "lib/base/utf8.h"
#include "server/text/highlight.h"
#include "server/web/markdown.h"
#include "server/web/web.h"

enum {
	CODE_LINE_MARKED = 4 << 10, /* a longer one was made by no hand */
	CODE_MARKED = 512 << 10,    /* bytes of lines with marks on a page */
	CODE_SHOWN = 3 << 20,       /* of all lines */
	CODE_PIECE = 4 << 10
};

static void
code_part(enum highlight_kind kind, struct view text, void *arg)
{
	static const char *const classes[] = {
		[HIGHLIGHT_COMMENT] = "hc",
		[HIGHLIGHT_STRING] = "hs",
		[HIGHLIGHT_WORD] = "hw",
		[HIGHLIGHT_NUMBER] = "hn",
	};
	struct html *h = arg;

	if (kind == HIGHLIGHT_PLAIN) {
		html_code(h, text);
		return;
	}
	HTML_CLASS(h, "span", classes[kind]);
	html_code(h, text);
	html_end(h);
}

bool
web_code_plain(struct web *w, struct view text, size_t end)
{
	while (text.len > 0 && w->h.out.len < end) {
		struct view piece = utf8_cut(text, CODE_PIECE);

		html_code(&w->h, piece);
		text = view_from(text, piece.len);
	}
	return text.len == 0;
}

void
web_code(struct web *w, struct view text, const char *path)
{
	struct highlight of = { .lang = highlight_by_name(view_of(path)) };
	struct view rest = text, line;

	if (of.lang == NULL)
		of.lang = highlight_by_path(path);
	HTML_TAG(&w->h, "code");
	while (str_ok(&w->h.out) && rest.len > 0 &&
	    view_split(&rest, '\n', &line)) {
		if (line.len > CODE_LINE_MARKED)
			html_code(&w->h, line);
		else
			highlight_line(&of, line, code_part, &w->h);
		if (line.p + line.len < text.p + text.len)
			html_text(&w->h, "\n");
	}
	html_end(&w->h);
}

/* The numbers are those of the list, whose beginning is not seen from outside
 * of the part. */
static void
code_part_of_lines(struct html *h, size_t first)
{
	char start[24];

	if (first > 1) {
		html_end(h);
		html_end(h);
	}
	HTML_CLASS(h, "div", "part");
	HTML_TAG(h, "ol");
	(void)snprintf(start, sizeof(start), "%zu", first);
	HTML_ATTR(h, "start", start);
}

/* False: it is not all of the line. */
static bool
code_line(struct web *w, struct highlight *of, struct view line, size_t n,
    size_t begin)
{
	struct html *h = &w->h;
	bool whole = true;
	char id[24];

	(void)snprintf(id, sizeof(id), "L%zu", n);
	HTML_TAG(h, "li");
	HTML_ATTR(h, "id", id);
	if (line.len <= CODE_LINE_MARKED && h->out.len < begin + CODE_MARKED)
		highlight_line(of, line, code_part, h);
	else
		whole = web_code_plain(w, line, begin + CODE_SHOWN);
	html_end(h);
	return whole;
}

void
web_code_lines(struct web *w, struct view text, const char *path, size_t max)
{
	struct highlight of = { .lang = highlight_by_path(path) };
	struct view rest = text, line;
	const size_t begin = w->h.out.len;
	struct html *h = &w->h;
	bool whole = true;

	if (rest.len > 0 && rest.p[rest.len - 1] == '\n')
		rest.len--;
	HTML_CLASS(h, "div", "lines");
	HTML_ATTR(h, "tabindex", "0");
	HTML_ATTR(h, "role", "region");
	HTML_ATTR(h, "aria-label", "the file's lines");
	for (size_t n = 1; n <= max && whole && view_split(&rest, '\n', &line);
	     n++) {
		if (n % WEB_LINES_PART == 1)
			code_part_of_lines(h, n);
		whole = code_line(w, &of, line, n, begin);
	}
	html_end(h);
	html_end(h);
	html_end(h);
	if (rest.len > 0 || !whole)
		HTML_LEAF(
		    h, "p", "alert", "The rest is not shown; see it raw.");
}
