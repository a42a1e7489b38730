#include "server/web/transcript.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/utf8.h"
#include "server/web/marks.h"
#include "server/web/web.h"

enum {
	TRANSCRIPT_NAME_MAX = 64, /* bytes */
	TRANSCRIPT_SHORT_MAX = 90 /* of what a tool was given, while closed */
};

static bool
transcript_word(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (!isalnum((unsigned char)v.p[i]) &&
		    strchr("_.-", v.p[i]) == NULL)
			return false;
	return v.len > 0 && v.len <= TRANSCRIPT_NAME_MAX;
}

/* "NAME: text" or "NAME" */
static bool
transcript_named(struct view line, struct transcript_part *out)
{
	size_t n = 0;

	while (n < line.len && line.p[n] != ':' && line.p[n] != ' ')
		n++;
	out->name = (struct view){ line.p, n };
	if (n < line.len && line.p[n] == ' ')
		return false;
	out->text = view_from(line, n < line.len ? n + 1 : n);
	if (out->text.len > 0 && out->text.p[0] == ' ')
		out->text = view_from(out->text, 1);
	return transcript_word(out->name);
}

static bool
transcript_begins(struct view line, const char *with, struct view *rest)
{
	size_t n = strlen(with);

	if (line.len < n || memcmp(line.p, with, n) != 0)
		return false;
	*rest = view_from(line, n);
	return true;
}

/* A line that is a part by itself. */
static bool
transcript_line(struct view line, struct transcript_part *out)
{
	static const char *const notes[] = { "version", "session", "denied",
		"again", "error", "end" };
	struct view rest;

	out->undone = transcript_begins(line, "> (not done) ", &rest);
	if (out->undone || transcript_begins(line, "> ", &rest)) {
		out->kind = TRANSCRIPT_TOOL;
		return transcript_named(rest, out);
	}
	out->kind = TRANSCRIPT_NOTE;
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		size_t n = strlen(notes[i]);

		if (!transcript_begins(line, "[", &rest) || rest.len <= n ||
		    memcmp(rest.p, notes[i], n) != 0 || rest.p[n] != ']')
			continue;
		out->name = (struct view){ rest.p, n };
		out->text = view_from(rest, n + 1);
		if (out->text.len > 0 && out->text.p[0] == ':')
			out->text = view_from(out->text, 1);
		out->text = view_trim(out->text);
		return true;
	}
	return false;
}

static struct view
transcript_peek(struct view rest)
{
	struct view line = VIEW_LIT("");

	(void)view_split(&rest, '\n', &line);
	return line;
}

bool
transcript_next(struct view *rest, struct transcript_part *out)
{
	const char *from = rest->p;
	struct transcript_part other;
	struct view line;

	if (rest->len == 0 || !view_split(rest, '\n', &line))
		return false;
	*out = (struct transcript_part){ .kind = TRANSCRIPT_TEXT };
	if (transcript_line(line, out))
		return true;
	out->kind = TRANSCRIPT_TEXT;
	out->undone = false;
	out->name = VIEW_LIT("");
	while (
	    rest->len > 0 && !transcript_line(transcript_peek(*rest), &other))
		(void)view_split(rest, '\n', &line);
	out->text = view_trim(
	    (struct view){ from, (size_t)(line.p + line.len - from) });
	return true;
}

bool
transcript_is(struct view text)
{
	struct transcript_part p;

	while (transcript_next(&text, &p))
		if (p.kind == TRANSCRIPT_TOOL)
			return true;
	return false;
}

static void
transcript_shown(struct web *w, struct view text)
{
	AUTO_FREE char *one = view_dup(text);

	html_shown(&w->h, one);
}

static void
transcript_tool(struct web *w, const struct transcript_part *p, unsigned n)
{
	struct html *h = &w->h;
	char id[24];

	HTML_CLASS(h, "details", "tool");
	(void)snprintf(id, sizeof(id), "tool-%u", n);
	HTML_ATTR(h, "id", id);
	HTML_TAG(h, "summary");
	HTML_TAG(h, "strong");
	transcript_shown(w, p->name);
	html_end(h);
	if (p->undone) {
		html_text(h, " ");
		web_badge(w, "bad", "not done");
	}
	html_text(h, " ");
	HTML_CLASS(h, "span", "sub");
	transcript_shown(w, utf8_cut(p->text, TRANSCRIPT_SHORT_MAX));
	if (p->text.len > TRANSCRIPT_SHORT_MAX)
		html_text(h, "…");
	html_end(h);
	html_end(h);
	HTML_TAG(h, "pre");
	transcript_shown(w, p->text);
	html_end(h);
	html_end(h);
}

static void
transcript_note(struct web *w, const struct transcript_part *p)
{
	bool bad = view_is(p->name, "error") || view_is(p->name, "denied");

	HTML_CLASS(&w->h, "p", bad ? "alert" : "sub");
	transcript_shown(w, p->name);
	if (p->text.len > 0) {
		html_text(&w->h, ": ");
		transcript_shown(w, p->text);
	}
	html_end(&w->h);
}

size_t
transcript_texts(struct view text, struct view *out)
{
	struct transcript_part p;
	size_t n = 0, texts = 0;

	while (n++ < TRANSCRIPT_PARTS_MAX && transcript_next(&text, &p))
		if (p.kind == TRANSCRIPT_TEXT && p.text.len > 0)
			out[texts++] = p.text;
	return texts;
}

void
transcript_write(struct web *w, const char *project, struct view text,
    const struct view *tokens)
{
	struct transcript_part p;
	unsigned n = 0;

	while (n < TRANSCRIPT_PARTS_MAX && transcript_next(&text, &p)) {
		n++;
		if (p.kind == TRANSCRIPT_TOOL)
			transcript_tool(w, &p, n);
		else if (p.kind == TRANSCRIPT_NOTE)
			transcript_note(w, &p);
		else if (p.text.len > 0)
			marks_write(w, project, p.text, *tokens++);
	}
}
