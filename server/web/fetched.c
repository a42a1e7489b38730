#include "server/web/fetched.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "server/store/fetches.h"
#include "server/store/projects.h"
#include "server/web/web.h"

enum {
	FETCHED_SHOWN = 10
};

static void
fetched_line(struct web *w, const struct project *p, const struct fetched *f)
{
	struct html *h = &w->h;
	const bool in = strcmp(f->result, "applied") == 0 ||
	    strcmp(f->result, "taken") == 0;

	HTML_TAG(h, "li");
	web_badge(w, in ? "good" : "bad", f->result);
	html_textf(h, " by %s, ", f->by.login);
	web_time(w, f->received_at);
	if (f->head[0] != '\0') {
		html_text(h, ": ");
		HTML_LEAFF(h, "code", "", "%.10s", f->head);
	}
	if (in && f->how[0] != '\0') {
		html_text(h, ", ");
		html_shown(h, f->how);
	}
	html_text(h, "; review: ");
	html_shown(h, f->review[0] == '\0' ? "-" : f->review);
	html_text(h, " ");
	HTML_CLASS(h, "span", "sub");
	html_textf(
	    h, "(record %" PRId64 " of %s, key %.8s)", f->id, p->name, f->key);
	html_end(h);
	html_end(h);
}

void
fetched_write(struct web *w, const struct project *p, int64_t number)
{
	struct fetched_list *list = xcalloc(1, sizeof(*list));
	struct err ignored = ERR_INIT;

	if (fetches_list(w->t, p->id, number, "", FETCHED_SHOWN, 0, list,
		&ignored) == 0 &&
	    list->n > 0) {
		HTML_CLASS(&w->h, "section", "card");
		HTML_LEAF(&w->h, "h2", "", "Fetched into clones");
		HTML_TAG(&w->h, "ul");
		for (size_t i = 0; i < list->n; i++)
			fetched_line(w, p, &list->at[i]);
		html_end(&w->h);
		html_end(&w->h);
	}
	free(list);
}
