/* pull_preview: what a review or a word on a line would look like. */
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "server/web/marks.h"
#include "server/web/pull.h"

struct pull_draft {
	struct call *c; /* held */
	struct pull_again again;
	struct pull_button more;
	char *verb, *text, *value[PULL_AGAIN_FIELDS]; /* that it borrows */
	struct marks marks;
};

static void
pull_draft_free(struct pull_draft *x)
{
	struct call *c = x->c;

	for (size_t i = 0; i < PULL_AGAIN_FIELDS; i++)
		free(x->value[i]);
	free(x->verb);
	free(x->text);
	marks_release(&x->marks);
	free(x);
	call_release(c);
}

static void
pull_draft_write(void *arg)
{
	const struct web_head head = { .title = "Preview", .tab = "" };
	struct pull_draft *x = arg;
	AUTO_FREE char *project = xasprintf(
	    "%s/%s", call_arg(x->c, 0), call_arg(x->c, 1));
	struct web w;

	web_begin(&w, x->c, &head);
	HTML_LEAF(&w.h, "h1", "", head.title);
	HTML_CLASS(&w.h, "section", "card preview");
	HTML_ATTR(&w.h, "id", "preview");
	if (x->text[0] == '\0')
		HTML_LEAF(&w.h, "p", "none", "No text.");
	else
		marks_write(&w, project, view_of(x->text), x->marks.tokens[0]);
	html_end(&w.h);
	pull_again_form(&w, &x->again, NULL, &x->more);
	web_reply(&w, 200);
	pull_draft_free(x);
}

void
pull_preview(struct call *c, const struct pull_again *draft,
    const struct pull_button *again)
{
	struct pull_draft *x = xcalloc(1, sizeof(*x));
	struct svc *s = call_app(c);
	struct project p;
	struct view text;

	if (web_project(c, PERM_READ, &p) == -1) {
		free(x);
		return;
	}
	call_hold(c);
	x->c = c;
	x->again = *draft;
	x->more = *again;
	x->again.verb = x->verb = xstrdup(draft->verb);
	x->again.text = x->text = xstrdup(svc_text(draft->text));
	for (size_t i = 0; i < PULL_AGAIN_FIELDS && draft->name[i] != NULL; i++)
		x->again.value[i] = x->value[i] = xstrdup(
		    svc_text(draft->value[i]));
	text = view_of(x->text);
	marks_ask(s, p.id, &text, 1, &x->marks, pull_draft_write, x);
	project_release(&p);
}
