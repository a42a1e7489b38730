/* check_text: the checks of a project's settings, as a text. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/domain/checks.h"
#include "server/service/svc_checks.h"
#include "server/store/check_texts.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/settings.h"
#include "server/web/web.h"

#define CHECK_TEXT_AT "checks"

static const char check_text_first[] = "checks:\n"
				       "  - name: unit\n"
				       "    test: make check\n";

static void
check_text_get(struct call *c)
{
	AUTO_FREE char *have = NULL;
	const struct field f = { .name = "text",
		.label = "Its text, in YAML",
		.max = CHECKS_FILE_MAX };
	struct err e = ERR_INIT;
	struct project p;
	struct web w;

	if (settings_begin(&w, c, CHECK_TEXT_AT, &p) == -1)
		return;
	if (check_texts_get(w.t, p.id, &have, &e) == -1)
		log_error("web checks reason=%s", log_val(e.msg));
	HTML_LEAF(&w.h, "p", "",
	    have != NULL ? "What is below counts, whatever "
			   ".coffer/checks.yml of the base branch says."
			 : "The file .coffer/checks.yml of the base branch "
			   "says which checks there are. A text here counts in "
			   "its place.");
	settings_form(&w, &p, "card say", CHECK_TEXT_AT, "checks");
	HTML_LEAF(&w.h, "h2", "", "Checks");
	field_area(&w, &f, have != NULL ? have : check_text_first, 20);
	field_button(&w, "primary", "act", "put", "Save");
	if (have != NULL)
		field_button(&w, "danger", "act", "drop",
		    "Let the file of the branch count again");
	post_form_end(&w);
	project_release(&p);
	web_reply(&w, 200);
}

static void
check_text_done(const struct err *fail, void *op, void *call)
{
	(void)op;
	settings_done(fail, call, check_text_get, CHECK_TEXT_AT);
}

static void
check_text_put(struct call *c, const struct project *p, const struct form *f)
{
	AUTO_FREE char *text = NULL;
	struct svc_checks_put *op;

	if (strcmp(form_get(f, "act"), "drop") != 0)
		text = form_text(f, "text");
	if (text != NULL && strlen(text) > CHECKS_FILE_MAX) {
		post_refused(c, check_text_get, 422, "The text is too long.");
		return;
	}
	op = svc_checks_put_new(call_app(c), call_who(c));
	op->project_id = p->id;
	op->text = STEAL(text);
	op->rev = xstrdup(
	    p->default_branch[0] != '\0' ? p->default_branch : "HEAD");
	call_hold(c);
	svc_checks_put(op, check_text_done, c);
}

static void
check_text_on_form(struct call *c)
{
	post_project(c, PERM_WRITE, check_text_put);
}

static void
check_text_post(struct call *c)
{
	web_take_form(c, check_text_on_form);
}

const struct route web_check_text_routes[] = {
	{ "GET", "/{owner}/{r}/settings/" CHECK_TEXT_AT, ROUTE_PAGE,
	    check_text_get },
	{ "POST", "/{owner}/{r}/settings/" CHECK_TEXT_AT, ROUTE_PAGE,
	    check_text_post },
	{ .method = NULL },
};
