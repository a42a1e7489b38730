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
#include "server/web/settings.h"
#include "server/web/web.h"

#define CHECK_TEXT_AT "checks"

static const char check_text_first[] = "checks:\n"
				       "  - name: unit\n"
				       "    test: make check\n";

/* wrong: what is said of text, NULL when it is what the project has. */
static void
check_text_page(struct call *c, int status, const char *text, const char *wrong)
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
	settings_form(&w, &p, "card say", CHECK_TEXT_AT);
	HTML_LEAF(&w.h, "h2", "", "Checks");
	if (wrong != NULL) {
		HTML_TAG(&w.h, "p");
		HTML_ATTR(&w.h, "class", "alert");
		HTML_ATTR(&w.h, "role", "alert");
		html_shown(&w.h, wrong);
		html_end(&w.h);
	}
	if (text == NULL)
		text = have != NULL ? have : check_text_first;
	field_area(&w, &f, text, 20);
	field_button(&w, "primary", "act", "put", "Save");
	if (have != NULL)
		field_button(&w, "danger", "act", "drop",
		    "Let the file of the branch count again");
	html_end(&w.h);
	project_release(&p);
	web_reply(&w, status);
}

static void
check_text_get(struct call *c)
{
	check_text_page(c, 200, NULL, NULL);
}

/* What is wrong is shown above what was written. */
static void
check_text_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_checks_put *op = arg;
	struct call *c = call;

	if (fail != NULL && fail->code == ERR_INVALID && op->text != NULL) {
		check_text_page(c, 422, op->text, fail->msg);
		call_release(c);
		return;
	}
	settings_done(fail, c, CHECK_TEXT_AT);
}

static void
check_text_on_form(struct call *c)
{
	struct svc_checks_put *op;
	struct project p;
	struct form f;
	char *text = NULL;

	if (settings_take(c, PERM_WRITE, &f, &p) == -1)
		return;
	if (strcmp(form_get(&f, "act"), "drop") != 0)
		text = form_text(&f, "text");
	form_release(&f);
	if (text != NULL && strlen(text) > CHECKS_FILE_MAX) {
		free(text);
		web_error(c, 422, "The text is too long.");
	} else {
		op = svc_checks_put_new(call_app(c), call_who(c));
		op->project_id = p.id;
		op->text = text;
		op->rev = xstrdup(
		    p.default_branch[0] != '\0' ? p.default_branch : "HEAD");
		call_hold(c);
		svc_checks_put(op, check_text_done, c);
	}
	project_release(&p);
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
