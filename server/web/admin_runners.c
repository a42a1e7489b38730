/* admin_runners: who runs CI jobs: invited, paused, removed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/service/svc_runner.h"
#include "server/store/runners.h"
#include "server/web/admin.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/web.h"

/* Labels, a JSON list, as words. */
static void
admin_labels(struct web *w, const char *labels)
{
	struct err ignored = ERR_INIT;
	struct json *l = json_parse(view_of(svc_text(labels)), 0, &ignored);

	for (const struct json *x = json_first(l); x != NULL; x = json_next(x))
		html_textf(&w->h, "%s ", svc_text(json_string(x)));
	if (json_count(l) == 0)
		html_text(&w->h, "any");
	json_free(l);
}

static void
admin_runner_state(struct web *w, const struct runner *r)
{
	const char *state = runner_state(r, w->now);

	web_badge(w,
	    strcmp(state, "away") == 0 ? "bad"
		: strcmp(state, "paused") == 0 || strcmp(state, "invited") == 0
		? "wait"
		: "good",
	    state);
}

static void
admin_runner_row(struct web *w, const struct runner *r)
{
	struct html *h = &w->h;
	char id[24], name[40];

	(void)snprintf(id, sizeof(id), "%" PRId64, r->id);
	(void)snprintf(name, sizeof(name), "runner-%s", id);
	HTML_TAG(h, "tr");
	web_cell(w, "Name", "name");
	html_text(h, r->name);
	html_end(h);
	web_cell(w, "State", "");
	admin_runner_state(w, r);
	html_textf(h, " %" PRId64 " of %" PRId64, r->running, r->slots);
	html_end(h);
	web_cell(w, "Labels", "");
	admin_labels(w, r->labels);
	html_end(h);
	web_cell(w, "Version", "sub");
	html_shown(h, r->version);
	html_end(h);
	web_cell(w, "Heard", "");
	if (r->seen_at != 0)
		web_time(w, r->seen_at);
	else
		html_text(h, "never");
	html_end(h);
	web_cell(w, "Change", "");
	post_form(w, "", "/-/admin/runners/edit", name);
	field_hidden(w, "id", id);
	field_button(w, "", "act", r->paused ? "resume" : "pause",
	    r->paused ? "Resume" : "Pause");
	field_button(w, "danger", "act", "remove", "Remove");
	post_form_end(w);
	html_end(h);
	html_end(h);
}

static void
admin_runner_new(struct web *w)
{
	const struct field name = { .name = "name",
		.label = "Name",
		.max = RUNNER_NAME_MAX,
		.required = true };
	const struct field labels = { .name = "labels",
		.label = "Labels",
		.help = "Words with spaces between; empty: any." };
	const struct field slots = { .name = "slots",
		.label = "Jobs at a time" };

	post_form(w, "card say", "/-/admin/runners", "new");
	HTML_LEAF(&w->h, "h2", "", "A new runner");
	field_text(w, &name, "");
	field_text(w, &labels, "");
	field_number(w, &slots, 1, 1, RUNNER_SLOTS_MAX);
	field_button(w, "primary", NULL, NULL, "Invite it");
	post_form_end(w);
}

static void
admin_runners_get(struct call *c)
{
	static const char *const columns[] = { "Name", "State", "Labels",
		"Version", "Heard", "Change" };
	struct runner_list l = { .n = 0 };
	struct err e = ERR_INIT;
	struct web w;

	if (admin_begin(&w, c, "runners") == -1)
		return;
	if (runners_list(w.t, &l, &e) == -1)
		log_error("web runners reason=%s", log_val(e.msg));
	HTML_CLASS(&w.h, "section", "card flush");
	HTML_LEAF(&w.h, "h2", "", "Runners");
	if (l.n == 0)
		HTML_LEAF(&w.h, "p", "empty inset",
		    "No runner is there: checks wait until one is.");
	else
		web_table(&w, "rows", columns, 6);
	for (size_t i = 0; i < l.n; i++)
		admin_runner_row(&w, &l.at[i]);
	if (l.n > 0)
		web_table_end(&w);
	html_end(&w.h);
	runner_list_release(&l);
	admin_runner_new(&w);
	web_reply(&w, 200);
}

/* The one time that the invitation is shown. */
static void
admin_runner_made(const struct err *fail, void *arg, void *call)
{
	const struct svc_runner_add *op = arg;
	struct call *c = call;
	struct web w;

	if (fail != NULL) {
		post_fail(c, admin_runners_get, fail);
	} else if (admin_begin(&w, c, "runners") == 0) {
		HTML_CLASS(&w.h, "section", "card");
		HTML_LEAFF(&w.h, "h2", "", "%s is invited", op->runner.name);
		HTML_LEAF(&w.h, "p", "",
		    "Give this to it on its host. It is good once, for an "
		    "hour, and not shown again.");
		HTML_TAG(&w.h, "p");
		HTML_ATTR(&w.h, "class", "do");
		web_secret(&w, op->token);
		html_end(&w.h);
		HTML_TAG(&w.h, "p");
		HTML_ATTR(&w.h, "class", "do");
		HTML_TAG(&w.h, "code");
		html_textf(
		    &w.h, "coffer-runner --register %s -", w.svc->public_url);
		html_end(&w.h);
		html_end(&w.h);
		web_reply(&w, 200);
	}
	call_release(c);
}

/* NULL: a word that may not be one, or too many. */
static char *
admin_labels_read(const struct form *f)
{
	AUTO_FREE char *text = form_text(f, "labels");
	AUTO_STR struct str out = STR_INIT;
	char *save = NULL;
	unsigned n = 0;
	struct jw w;

	jw_init(&w, &out);
	jw_array(&w, NULL);
	for (char *s = strtok_r(text, " ,\t", &save); s != NULL;
	     s = strtok_r(NULL, " ,\t", &save)) {
		if (!runner_label_ok(s) || n++ == RUNNER_LABELS_MAX)
			return NULL;
		jw_str(&w, NULL, s);
	}
	jw_end(&w);
	return str_steal(&out);
}

static void
admin_on_runner(struct call *c)
{
	struct svc_runner_add *op;
	struct err e = ERR_INIT;
	int64_t slots = 0;
	char *labels;
	struct form f;

	if (admin_take(c, &f) == -1)
		return;
	labels = admin_labels_read(&f);
	if (labels == NULL) {
		post_refused(c, admin_runners_get, 422,
		    "A label is 1 to 40 of a-z 0-9 . _ -");
	} else if (num_i64(form_get(&f, "slots"), 1, RUNNER_SLOTS_MAX, &slots,
		       &e) == -1) {
		post_refused(c, admin_runners_get, 422, e.msg);
	} else if (strlen(form_get(&f, "name")) > RUNNER_NAME_MAX) {
		post_refused(
		    c, admin_runners_get, 422, "The name is too long.");
	} else {
		op = svc_runner_add_new(call_app(c), call_who(c));
		op->name = xstrdup(form_get(&f, "name"));
		op->labels = STEAL(labels);
		op->slots = slots;
		op->valid_ms = RUNNER_INVITE_S * INT64_C(1000);
		call_hold(c);
		svc_runner_add(op, admin_runner_made, c);
	}
	free(labels);
	form_release(&f);
}

static void
admin_runner_done(const struct err *fail, void *op, void *call)
{
	struct call *c = call;

	(void)op;
	if (fail != NULL)
		post_fail(c, admin_runners_get, fail);
	else
		web_redirect(c, "/-/admin/runners");
	call_release(c);
}

static void
admin_on_runner_edit(struct call *c)
{
	struct svc_runner_edit *op;
	struct err e = ERR_INIT;
	const char *act;
	int64_t id = 0;
	struct form f;

	if (admin_take(c, &f) == -1)
		return;
	act = form_get(&f, "act");
	if (num_i64(form_get(&f, "id"), 1, INT64_MAX, &id, &e) == -1) {
		web_error(c, 422, e.msg);
	} else if (strcmp(act, "remove") == 0) {
		call_hold(c);
		svc_runner_remove(
		    call_app(c), call_who(c), id, admin_runner_done, c);
	} else if (strcmp(act, "pause") == 0 || strcmp(act, "resume") == 0) {
		op = svc_runner_edit_new(call_app(c), call_who(c), id);
		op->has_paused = true;
		op->paused = strcmp(act, "pause") == 0;
		call_hold(c);
		svc_runner_edit(op, admin_runner_done, c);
	} else {
		web_error(c, 422, "There is no such button.");
	}
	form_release(&f);
}

static void
admin_runner_post(struct call *c)
{
	web_take_form(c, admin_on_runner);
}

static void
admin_runner_edit_post(struct call *c)
{
	web_take_form(c, admin_on_runner_edit);
}

const struct route web_admin_runner_routes[] = {
	{ "GET", "/-/admin/runners", ROUTE_PAGE, admin_runners_get },
	{ "POST", "/-/admin/runners", ROUTE_PAGE, admin_runner_post },
	{ "POST", "/-/admin/runners/edit", ROUTE_PAGE, admin_runner_edit_post },
	{ .method = NULL },
};
