/* pull_words_form: the form to say something of a line, or to suggest another
 * one in its place. */
#include "lib/base/auto.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "server/web/diff.h"
#include "server/web/field.h"
#include "server/web/pull.h"
#include "server/web/pull_words.h"

/* The line between fences, longer than those that it has. */
static char *
pull_words_fenced(struct view text)
{
	AUTO_STR struct str out = STR_INIT;
	size_t most = 2, run = 0;

	for (size_t i = 0; i < text.len; i++) {
		run = text.p[i] == '`' ? run + 1 : 0;
		most = run > most ? run : most;
	}
	for (size_t i = 0; i <= most; i++)
		str_addc(&out, '`');
	str_add(&out, "suggestion\n");
	str_addv(&out, text);
	str_addc(&out, '\n');
	for (size_t i = 0; i <= most; i++)
		str_addc(&out, '`');
	str_addc(&out, '\n');
	return str_steal(&out);
}

static void
pull_words_suggest_link(
    struct web *w, struct pull_words *x, const struct diff_at *at)
{
	AUTO_STR struct str url = STR_INIT;

	if (at->side == '-' || x->suggest)
		return;
	str_addf(&url, "?suggest=1&say=R%u&file=", at->n);
	esc_url(&url, view_of(at->path));
	str_add(&url, "#say");
	HTML_CLASS(&w->h, "p", "sub");
	HTML_TAG(&w->h, "a");
	HTML_ATTR(&w->h, "href", str_cstr(&url));
	html_text(&w->h, "Suggest a change of the line");
	html_end(&w->h);
	html_end(&w->h);
}

void
pull_words_form(struct web *w, struct pull_words *x, const struct diff_at *at)
{
	AUTO_FREE char *text = x->suggest && at->side == '+'
	    ? pull_words_fenced(at->text)
	    : NULL;
	struct html *h = &w->h;

	pull_words_suggest_link(w, x, at);
	pull_form(w, x->p, x->pull, "reviews", "say", "");
	field_hidden(w, "head", x->pull->head_sha);
	field_hidden(w, "path", at->path);
	field_hidden(w, "at", x->at);
	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", "say");
	html_text(h, "What you say of this line");
	html_end(h);
	HTML_TAG(h, "textarea");
	HTML_ATTR(h, "id", "say");
	HTML_ATTR(h, "name", "body");
	HTML_ATTR(h, "rows", "4");
	HTML_ATTR(h, "maxlength", "60000");
	HTML_FLAG(h, "required");
	html_text(h, "\n");
	html_text(h, svc_text(text));
	html_end(h);
	HTML_CLASS(h, "div", "row");
	/* A comment that is sent alone would send with it what he began. */
	if (x->begun == 0)
		field_button(w, "primary", "event", "COMMENT", "Comment");
	field_button(w, x->begun == 0 ? "" : "primary", "event", "PENDING",
	    x->begun == 0 ? "Begin a review with it" : "Add to your review");
	field_button(w, "", "act", "preview", "Preview");
	html_end(h);
	html_end(h);
}
