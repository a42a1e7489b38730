/* pull_again: words of a form that were refused, on a page to send them again
 * from. */
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/store/pulls.h"
#include "server/web/field.h"
#include "server/web/pull.h"
#include "server/web/sign.h"

/* The head as it is now, when it is not the one that was sent. */
static bool
pull_head_moved(
    struct call *c, const struct pull_again *again, char now[SHA_HEX + 1])
{
	struct svc *s = call_app(c);
	struct project p = { .id = 0 };
	struct pull x = { .run_id = 0 };
	struct err no = ERR_INIT;
	bool moved = false;

	if (svc_project_open(db_reader(s->db), call_who(c), call_arg(c, 0),
		call_arg(c, 1), PERM_READ, &p, &no) == -1)
		return false;
	for (size_t i = 0; i < PULL_AGAIN_FIELDS && again->name[i] != NULL; i++)
		if (strcmp(again->name[i], "head") == 0 &&
		    again->value[i] != NULL &&
		    strlen(again->value[i]) == SHA_HEX &&
		    pulls_get(db_reader(s->db), p.id, call_arg_id(c, 2), &x,
			&no) == 0) {
			moved = strcasecmp(again->value[i], x.head_sha) != 0;
			memcpy(now, x.head_sha, SHA_HEX + 1);
			pull_release(&x);
		}
	project_release(&p);
	return moved;
}

static void
pull_again_fields(
    struct web *w, const struct pull_again *again, const char *head)
{
	for (size_t i = 0; i < PULL_AGAIN_FIELDS && again->name[i] != NULL; i++)
		field_hidden(w, again->name[i],
		    head != NULL && strcmp(again->name[i], "head") == 0
			? head
			: svc_text(again->value[i]));
	if (again->title != NULL)
		field_text(w,
		    &(struct field){
			.name = "title", .label = "Title", .max = 255 },
		    again->title);
	if (again->text != NULL)
		field_area(w,
		    &(struct field){ .name = "body",
			.label = "What you wrote",
			.max = 60000 },
		    again->text, 6);
}

static void
pull_again_why(
    struct web *w, const struct err *fail, const char *now, const char *back)
{
	AUTO_FREE char *commits = xasprintf("%s/commits", back);
	struct html *h = &w->h;

	HTML_TAG(h, "p");
	HTML_ATTR(h, "class", "alert");
	HTML_ATTR(h, "role", "alert");
	if (now != NULL)
		html_textf(h,
		    "The branch has other commits than when you looked: its "
		    "head is %.10s now. Sent again, this is about that one.",
		    now);
	else
		web_why(w, fail->msg);
	html_end(h);
	if (now == NULL)
		return;
	HTML_TAG(h, "p");
	HTML_TAG(h, "a");
	HTML_ATTR(h, "href", commits);
	html_text(h, "Look at its commits first");
	html_end(h);
	html_end(h);
}

static void
pull_again_buttons(struct web *w, const struct pull_again *again)
{
	const struct pull_button *b = again->button;

	if (b[0].text == NULL) {
		HTML_LEAF(&w->h, "button", "primary",
		    again->say != NULL ? again->say : "Send it again");
		return;
	}
	for (size_t i = 0; i < 2 && b[i].text != NULL; i++)
		field_button(w, i == 0 ? "primary" : "", b[i].name, b[i].value,
		    b[i].text);
}

void
pull_again_form(struct web *w, const struct pull_again *again, const char *head,
    const struct pull_button *more)
{
	AUTO_FREE char *back = pull_path(w->c, "");
	AUTO_FREE char *action = xasprintf("%s/%s", back, again->verb);
	struct html *h = &w->h;

	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "card say");
	HTML_ATTR(h, "method", "post");
	HTML_ATTR(h, "action", action);
	sign_form_value(w);
	pull_again_fields(w, again, head);
	HTML_CLASS(h, "div", "row");
	pull_again_buttons(w, again);
	if (more != NULL)
		field_button(w, "", more->name, more->value, more->text);
	html_end(h);
	html_end(h);
	HTML_TAG(h, "p");
	HTML_TAG(h, "a");
	HTML_ATTR(h, "href", back);
	html_text(h, "The pull request as it is now");
	html_end(h);
	html_end(h);
}

void
pull_again(
    struct call *c, const struct err *fail, const struct pull_again *again)
{
	const struct web_head head = { .title = "That was not taken",
		.tab = "" };
	AUTO_FREE char *back = pull_path(c, "");
	char now[SHA_HEX + 1];
	struct web w;
	bool moved;

	if (call_status_of(fail) >= 500 || fail->code == ERR_DENIED) {
		web_fail(c, fail);
		return;
	}
	moved = pull_head_moved(c, again, now);
	web_begin(&w, c, &head);
	HTML_LEAF(&w.h, "h1", "", head.title);
	pull_again_why(&w, fail, moved ? now : NULL, back);
	pull_again_form(&w, again, moved ? now : NULL, NULL);
	web_reply(&w, call_status_of(fail));
}
