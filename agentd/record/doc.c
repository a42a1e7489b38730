#include "agentd/record/doc.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/esc.h"
#include "lib/base/utf8.h"

enum {
	DOC_CELL_MAX = 4096
};

static const char doc_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
    "'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<style>body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;"
    "padding:0 1em;color:#222;background:#fff}table{border-collapse:collapse}"
    "td,th{text-align:left;vertical-align:top;padding:.15em 1em .15em 0;"
    "overflow-wrap:anywhere}pre{background:#f4f4f2;padding:.8em;"
    "overflow:auto;max-height:40em}h2{margin-top:1.6em}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}"
    "pre{background:#222}}</style>\n<title>";

/* Whole code points that can be seen, lines as blanks when they may not be. */
static void
doc_clean(struct str *out, struct view v, bool lines)
{
	while (v.len > 0) {
		uint32_t cp;
		size_t n = utf8_decode(v, &cp);

		if (n == 0 || (cp != '\n' && cp != '\t' && esc_unseen(cp)) ||
		    cp < ' ' || (cp >= 0x7f && cp <= 0x9f)) {
			if (n > 0 && (cp == '\n' || cp == '\t'))
				str_addc(out, lines ? (char)cp : ' ');
			else
				str_add(out, "\xef\xbf\xbd");
			n = n == 0 ? 1 : n;
		} else {
			str_addn(out, v.p, n);
		}
		v = view_from(v, n);
	}
}

/* CommonMark: a backslash before any ASCII punctuation makes it a letter. */
static void
doc_escape(struct doc *d, struct view v)
{
	AUTO_STR struct str clean = STR_INIT;

	doc_clean(&clean, utf8_cut(v, DOC_CELL_MAX), false);
	if (d->html) {
		esc_html(d->out, str_view(&clean));
		return;
	}
	for (size_t i = 0; i < clean.len; i++) {
		if (strchr("\\`*_{}[]<>()#+-.!|~&@:=\"'$^", clean.p[i]) != NULL)
			str_addc(d->out, '\\');
		str_addc(d->out, clean.p[i]);
	}
}

static void
doc_close(struct doc *d)
{
	if (d->table)
		str_add(d->out, d->html ? "</table>\n" : "\n");
	d->table = false;
}

void
doc_begin(struct doc *d, const char *title)
{
	str_add(d->out, d->html ? doc_head : "# ");
	doc_escape(d, view_of(title));
	if (d->html) {
		str_add(d->out, "</title></head><body>\n<h1>");
		doc_escape(d, view_of(title));
	}
	str_add(d->out, d->html ? "</h1>\n" : "\n\n");
}

void
doc_end(struct doc *d)
{
	doc_close(d);
	if (d->html)
		str_add(d->out, "</body></html>\n");
}

void
doc_heading(struct doc *d, const char *text)
{
	doc_close(d);
	str_add(d->out, d->html ? "<h2>" : "\n## ");
	doc_escape(d, view_of(text));
	str_add(d->out, d->html ? "</h2>\n" : "\n\n");
}

void
doc_text(struct doc *d, const char *text)
{
	doc_close(d);
	str_add(d->out, d->html ? "<p>" : "");
	doc_escape(d, view_of(text));
	str_add(d->out, d->html ? "</p>\n" : "\n\n");
}

void
doc_row(struct doc *d, const char *label, const char *fmt, ...)
{
	AUTO_STR struct str text = STR_INIT_MAX(DOC_CELL_MAX);
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	if (!d->table)
		str_add(d->out, d->html ? "<table>\n" : "| | |\n|---|---|\n");
	d->table = true;
	str_add(d->out, d->html ? "<tr><th>" : "| ");
	doc_escape(d, view_of(label));
	str_add(d->out, d->html ? "</th><td>" : " | ");
	doc_escape(d, str_view(&text));
	str_add(d->out, d->html ? "</td></tr>\n" : " |\n");
}

/* Indented, so that nothing in it ends the block. */
static void
doc_lines(struct doc *d, struct view v)
{
	struct view line;

	while (v.len > 0 && view_split(&v, '\n', &line)) {
		str_add(d->out, "    ");
		doc_clean(d->out, line, false);
		str_addc(d->out, '\n');
	}
	str_addc(d->out, '\n');
}

void
doc_block(struct doc *d, struct view v, size_t max, bool tail)
{
	AUTO_STR struct str clean = STR_INIT;
	const size_t over = v.len > max ? v.len - max : 0;

	doc_close(d);
	if (tail)
		v = view_from(v, over);
	else
		v.len -= over;
	if (over > 0)
		doc_text(d,
		    tail ? "(The beginning is left out here.)"
			 : "(The rest is left out here.)");
	if (!d->html) {
		doc_lines(d, v);
		return;
	}
	doc_clean(&clean, v, true);
	str_add(d->out, "<pre>");
	esc_html(d->out, str_view(&clean));
	str_add(d->out, "</pre>\n");
}
