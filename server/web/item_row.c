/* item_row: an issue or pull request as one of a list, and its labels. */
#include <inttypes.h>
#include <stdio.h>

#include "lib/base/str.h"
#include "server/web/item.h"
#include "server/web/web.h"

/* The colour is an attribute of a picture, which needs no style; the name
 * stands beside it, so that no colour makes it unreadable. */
void
item_dot(struct web *w, const char *color)
{
	struct html *h = &w->h;
	char fill[2 + LABEL_COLOR_HEX];

	(void)snprintf(fill, sizeof(fill), "#%s", color);
	HTML_CLASS(h, "svg", "dot");
	HTML_ATTR(h, "width", "12");
	HTML_ATTR(h, "height", "12");
	HTML_ATTR(h, "aria-hidden", "true");
	HTML_TAG(h, "circle");
	HTML_ATTR(h, "cx", "6");
	HTML_ATTR(h, "cy", "6");
	HTML_ATTR(h, "r", "5");
	HTML_ATTR(h, "fill", fill);
	html_end(h);
	html_end(h);
}

void
item_chip(
    struct web *w, const struct project *p, const struct label *l, bool is_pull)
{
	struct html *h = &w->h;

	HTML_TAG(h, "a");
	HTML_ATTR(h, "class", "chip");
	if (is_pull)
		HTML_URL(h, "href", "/%s/%s/pulls?labels=%s", p->owner, p->name,
		    l->name);
	else
		HTML_URL(h, "href", "/%s/%s/issues?labels=%s", p->owner,
		    p->name, l->name);
	if (l->description[0] != '\0')
		HTML_ATTR(h, "title", l->description);
	item_dot(w, l->color);
	html_shown(h, l->name);
	html_end(h);
}

static void
item_row_checks(struct web *w, enum status_state s)
{
	if (s == 0)
		return;
	html_text(&w->h, " ");
	web_badge(w,
	    s == STATUS_SUCCESS       ? "good"
		: s == STATUS_FAILURE ? "bad"
				      : "wait",
	    s == STATUS_SUCCESS       ? "checks passed"
		: s == STATUS_FAILURE ? "checks failed"
				      : "checks run");
}

/* By whom, when, how much is said, for whom and what for. */
static void
item_row_facts(struct web *w, const struct issue *i)
{
	struct html *h = &w->h;

	HTML_CLASS(h, "div", "sub");
	html_textf(h, "#%" PRId64 ", %s, ", i->number, i->author.login);
	web_time(w, i->updated_at);
	if (i->comments > 0)
		html_textf(h, ", %" PRId64 " said", i->comments);
	for (size_t k = 0; k < i->assignees.n; k++)
		html_textf(h, "%s%s", k == 0 ? ", for " : " and ",
		    i->assignees.at[k].login);
	if (i->milestone.id != 0) {
		html_text(h, ", in ");
		html_shown(h, i->milestone.title);
	}
	html_end(h);
}

void
item_row(struct web *w, const struct project *p, const struct issue *i,
    enum status_state checks)
{
	struct html *h = &w->h;

	HTML_TAG(h, "li");
	HTML_TAG(h, "a");
	if (i->is_pull)
		HTML_URL(h, "href", "/%s/%s/pulls/%" PRId64, p->owner, p->name,
		    i->number);
	else
		HTML_URL(h, "href", "/%s/%s/issues/%" PRId64, p->owner, p->name,
		    i->number);
	HTML_LEAF(h, "bdi", "", i->title);
	html_end(h);
	if (i->merged || i->state != ISSUE_OPEN || i->draft) {
		html_text(h, " ");
		item_state(w, i);
	}
	item_row_checks(w, checks);
	for (size_t k = 0; k < i->labels.n; k++) {
		html_text(h, " ");
		item_chip(w, p, &i->labels.at[k], i->is_pull);
	}
	item_row_facts(w, i);
	html_end(h);
}

void
item_line(struct web *w, const struct project *p, const struct issue *i)
{
	item_row(w, p, i, 0);
}
