#include "server/web/pull.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "server/service/svc_look.h"
#include "server/service/svc_merge.h"
#include "server/store/jobs.h"
#include "server/store/pulls.h"
#include "server/store/statuses.h"
#include "server/web/fetched.h"
#include "server/web/item.h"
#include "server/web/item_side.h"
#include "server/web/said.h"
#include "server/web/sign.h"

char *
pull_path(const struct call *c, const char *more)
{
	AUTO_STR struct str to = STR_INIT;

	str_addc(&to, '/');
	esc_url(&to, view_of(call_arg(c, 0)));
	str_addc(&to, '/');
	esc_url(&to, view_of(call_arg(c, 1)));
	str_addf(&to, "/pulls/%" PRId64 "%s", call_arg_id(c, 2), more);
	return str_steal(&to);
}

static void
pull_tab(struct web *w, const struct project *p, const struct pull *x,
    const char *tab, const char *text, const char *page)
{
	AUTO_STR struct str url = STR_INIT;

	str_addc(&url, '/');
	esc_url(&url, view_of(p->owner));
	str_addc(&url, '/');
	esc_url(&url, view_of(p->name));
	str_addf(&url, "/pulls/%" PRId64 "%s", x->issue.number, page);
	HTML_TAG(&w->h, "a");
	HTML_ATTR(&w->h, "href", str_cstr(&url));
	if (strcmp(tab, text) == 0)
		HTML_ATTR(&w->h, "aria-current", "page");
	html_text(&w->h, text);
	html_end(&w->h);
}

void
pull_begin(struct web *w, const struct project *p, const struct pull *x,
    const char *tab)
{
	struct html *h = &w->h;

	item_title(w, p, &x->issue);
	HTML_CLASS(h, "p", "sub");
	HTML_TAG(h, "code");
	html_shown(h, x->head);
	html_end(h);
	html_text(h, " into ");
	HTML_TAG(h, "code");
	html_shown(h, x->base);
	html_end(h);
	html_text(h, ", at ");
	HTML_LEAFF(h, "code", "", "%.10s", x->head_sha);
	if (x->run_id != 0) {
		html_text(h, ", by ");
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "/-/runs/%" PRId64, x->run_id);
		html_textf(h, "run %" PRId64, x->run_id);
		html_end(h);
	}
	if (x->issue.state == ISSUE_OPEN && x->merge_tree[0] != '\0') {
		html_text(h, "; checks run on it merged into ");
		HTML_LEAFF(h, "code", "", "%.10s", x->base_sha);
	}
	if (item_may_edit(w, &x->issue)) {
		html_text(h, " · ");
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "/%s/%s/pulls/%" PRId64 "/edit", p->owner,
		    p->name, x->issue.number);
		html_text(h, "edit");
		html_end(h);
	}
	html_end(h);
	HTML_TAG(h, "nav");
	HTML_ATTR(h, "class", "tabs");
	HTML_ATTR(h, "aria-label", "Of this pull request");
	pull_tab(w, p, x, tab, "Conversation", "");
	pull_tab(w, p, x, tab, "Commits", "/commits");
	pull_tab(w, p, x, tab, "Files", "/files");
	html_end(h);
}

/* ---- what it says ---- */

static void
pull_gate(struct web *w, const struct svc_merge *op)
{
	const struct merge_verdict *v = &op->verdict;
	struct html *h = &w->h;

	HTML_CLASS(h, "section", "card");
	HTML_ATTR(h, "aria-labelledby", "gate");
	HTML_TAG(h, "h2");
	HTML_ATTR(h, "id", "gate");
	html_text(h, "Gate ");
	web_badge(w, v->open ? "good" : "bad", v->open ? "open" : "closed");
	html_end(h);
	HTML_CLASS(h, "ul", "gate");
	for (size_t i = 0; i < v->n; i++) {
		const struct merge_requirement *r = &v->req[i];

		HTML_TAG(h, "li");
		web_badge(w, r->met ? "good" : "bad", r->met ? "met" : "not");
		html_text(h, " ");
		html_shown(h, r->title);
		if (r->why[0] != '\0') {
			HTML_CLASS(h, "span", "sub");
			html_text(h, ": ");
			html_shown(h, r->why);
			html_end(h);
		}
		html_end(h);
	}
	html_end(h);
	html_end(h);
}

static void
pull_ended(struct web *w, const struct pull *x)
{
	struct html *h = &w->h;

	HTML_CLASS(h, "p", "card");
	if (x->issue.merged) {
		html_text(h, "Merged");
		if (x->merger.id != 0)
			html_textf(h, " by %s", x->merger.login);
		html_text(h, " as ");
		HTML_LEAFF(h, "code", "", "%.12s", x->merge_sha);
		html_text(h, ", ");
		web_time(w, x->merged_at);
	} else {
		html_text(h, "Closed without being merged, ");
		web_time(w, x->issue.closed_at);
	}
	html_text(h, ".");
	html_end(h);
}

static const char *
pull_job_kind(enum job_state s)
{
	const char *name = job_state_name(s);

	if (strcmp(name, "passed") == 0 || strcmp(name, "skipped") == 0)
		return "good";
	return strcmp(name, "queued") == 0 || strcmp(name, "running") == 0
	    ? "wait"
	    : "bad";
}

static void
pull_job(struct web *w, const struct job *j)
{
	struct html *h = &w->h;

	HTML_TAG(h, "li");
	web_badge(w, pull_job_kind(j->state), job_state_name(j->state));
	html_text(h, " ");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/-/jobs/%" PRId64, j->id);
	html_shown(h, j->name);
	html_end(h);
	HTML_CLASS(h, "span", "sub");
	if (j->ended_at > 0 && j->started_at > 0) {
		html_text(h, " in ");
		web_span(w, j->ended_at - j->started_at);
	}
	if (j->why[0] != '\0') {
		html_text(h, " ");
		html_shown(h, j->why);
	}
	html_end(h);
	html_end(h);
}

static const char *
pull_status_kind(enum status_state s)
{
	return s == STATUS_SUCCESS ? "good"
	    : s == STATUS_PENDING  ? "wait"
				   : "bad";
}

/* With the way to that system's own page of it, when it named one. */
static void
pull_status_name(struct html *h, const struct status *s)
{
	if (s->target_url[0] != '\0') {
		HTML_TAG(h, "a");
		(void)html_away(h, view_of(s->target_url));
	} else {
		HTML_TAG(h, "span");
	}
	html_shown(h, s->context);
	html_end(h);
}

/* Those of other systems; the jobs' own are the jobs. */
static void
pull_statuses(struct web *w, const struct status_list *list)
{
	struct html *h = &w->h;

	for (size_t i = 0; i < list->n; i++) {
		const struct status *s = &list->at[i];

		if (strncmp(s->context, "ci/", 3) == 0)
			continue;
		HTML_TAG(h, "li");
		web_badge(
		    w, pull_status_kind(s->state), status_state_name(s->state));
		html_text(h, " ");
		pull_status_name(h, s);
		HTML_CLASS(h, "span", "sub");
		html_textf(h, " by %s: ", s->creator.login);
		html_shown(h, s->description);
		html_end(h);
		html_end(h);
	}
}

static void
pull_checks(struct web *w, const struct project *p, const struct pull *x)
{
	struct status_list statuses = { .n = 0 };
	struct job_list jobs = { .n = 0 };
	struct err e = ERR_INIT;
	struct html *h = &w->h;

	if (jobs_of_head(
		w->t, p->id, x->issue.number, x->head_sha, &jobs, &e) == -1 ||
	    statuses_latest(w->t, p->id, x->head_sha, 100, 0, &statuses, &e) ==
		-1)
		log_error("web checks reason=%s", log_val(e.msg));
	HTML_CLASS(h, "section", "card");
	HTML_LEAF(h, "h2", "", "Checks");
	if (jobs.n == 0 && statuses.n == 0)
		web_empty(w,
		    "No check has looked at this head. They are declared in "
		    "the base branch:",
		    ".coffer/checks.yml");
	HTML_CLASS(h, "ul", "gate");
	HTML_ATTR(h, "id", "checks");
	for (size_t i = 0; i < jobs.n; i++)
		pull_job(w, &jobs.at[i]);
	pull_statuses(w, &statuses);
	html_end(h);
	html_end(h);
	status_list_release(&statuses);
	job_list_release(&jobs);
}

static void
pull_dismiss(struct web *w, const struct project *p, const struct pull *x,
    const struct look_finding *f)
{
	struct html *h = &w->h;
	char id[40];

	(void)snprintf(id, sizeof(id), "why-%" PRId64, f->id);
	HTML_TAG(h, "form");
	HTML_ATTR(h, "method", "post");
	HTML_ATTR(h, "class", "row");
	HTML_URL(h, "action",
	    "/%s/%s/pulls/%" PRId64 "/findings/%" PRId64 "/dismiss", p->owner,
	    p->name, x->issue.number, f->id);
	sign_form_value(w);
	HTML_TAG(h, "label");
	HTML_ATTR(h, "class", "unseen");
	HTML_ATTR(h, "for", id);
	html_text(h, "Why it may pass");
	html_end(h);
	HTML_VOID(h, "input");
	HTML_ATTR(h, "id", id);
	HTML_ATTR(h, "name", "body");
	HTML_ATTR(h, "type", "text");
	HTML_ATTR(h, "maxlength", "500");
	HTML_ATTR(h, "placeholder", "why it may pass");
	HTML_FLAG(h, "required");
	HTML_LEAF(h, "button", "quiet", "Dismiss");
	html_end(h);
}

static void
pull_finding(struct web *w, const struct project *p, const struct pull *x,
    const struct look_finding *f, bool may)
{
	struct html *h = &w->h;

	HTML_TAG(h, "li");
	web_badge(w,
	    f->counts                                ? "off"
		: f->severity == LOOK_SEVERITY_BLOCK ? "bad"
						     : "wait",
	    f->counts ? "dismissed" : look_severity_name(f->severity));
	html_text(h, " ");
	HTML_LEAF(h, "code", "", f->rule);
	html_text(h, " ");
	if (f->file[0] != '\0') {
		HTML_TAG(h, "a");
		HTML_URL(h, "href",
		    "/%s/%s/pulls/%" PRId64 "/files?file=%s&at=R%" PRId64
		    "#f1R%" PRId64,
		    p->owner, p->name, x->issue.number, f->file, f->line,
		    f->line);
		html_shown(h, f->file);
		html_end(h);
		if (f->line > 0)
			html_textf(h, ":%" PRId64, f->line);
		html_text(h, " ");
	}
	html_shown(h, f->message);
	if (f->dismissed.id != 0) {
		HTML_CLASS(h, "span", "sub");
		html_textf(h, " by %s: ", f->dismissed.login);
		html_shown(h, f->reason);
		html_end(h);
	}
	if (may && !f->counts && look_may_dismiss(f->rule)) {
		pull_dismiss(w, p, x, f);
	}
	html_end(h);
}

static void
pull_findings(struct web *w, const struct project *p, const struct pull *x)
{
	struct look_list found = { .at = NULL };
	struct err e = ERR_INIT;
	struct html *h = &w->h;
	bool may = x->issue.state == ISSUE_OPEN &&
	    web_may(w, p->id, PERM_WRITE);

	if (svc_look_list(w->t, x, &found, &e) == -1)
		log_error("web findings reason=%s", log_val(e.msg));
	if (found.n > 0) {
		HTML_CLASS(h, "section", "card");
		HTML_LEAF(h, "h2", "", "Found in it");
		HTML_CLASS(h, "ul", "gate");
		for (size_t i = 0; i < found.n; i++)
			pull_finding(w, p, x, &found.at[i], may);
		html_end(h);
		html_end(h);
	}
	look_list_release(&found);
}

static void
pull_write(struct web *w, const struct said *x, const struct svc_merge *op)
{
	const struct pull *pull = &op->pull;

	pull_begin(w, &x->p, pull, "Conversation");
	item_side_begin(w);
	said_write(w, x);
	/* Always there, so that app.js finds it again. */
	HTML_TAG(&w->h, "div");
	HTML_ATTR(&w->h, "id", "verdicts");
	HTML_FLAG(&w->h, "data-live");
	if (pull->issue.state == ISSUE_OPEN)
		pull_gate(w, op);
	else
		pull_ended(w, pull);
	pull_findings(w, &x->p, pull);
	pull_checks(w, &x->p, pull);
	html_end(&w->h);
	pull_reviews(w, x, pull);
	fetched_write(w, &x->p, pull->issue.number);
	pull_review_form(w, &x->p, pull);
	pull_forms(w, &x->p, pull, op->verdict.open, op->may_override);
	item_say(w, &x->p, &pull->issue);
	item_side_end(w, &x->p, &pull->issue);
}

static void
pull_on_gate(const struct err *fail, void *arg, void *said)
{
	const struct svc_merge *op = arg;
	struct web_head head = { .tab = "", .live = true };
	struct said *x = said;
	struct web w;

	if (!web_failed(x->c, fail)) {
		head.title = op->pull.issue.title;
		web_begin(&w, x->c, &head);
		pull_write(&w, x, op);
		web_reply(&w, 200);
	}
	said_free(x);
}

static void
pull_go(struct said *x)
{
	struct svc_merge *op = svc_merge_new(call_app(x->c), call_who(x->c));

	op->project_id = x->p.id;
	op->number = x->issue.number;
	svc_gate(op, pull_on_gate, x);
}

void
pull_page(struct call *c)
{
	said_load(c, pull_go);
}

static void
pull_get(struct call *c)
{
	/* One thing that was said, whole. */
	if (call_query(c, "said") != NULL)
		item_get(c);
	else if (call_query(c, "review") != NULL)
		pull_review_get(c);
	else if (call_query(c, "reviews") != NULL)
		pull_reviews_get(c);
	else
		pull_page(c);
}

const struct route web_pull_routes[] = {
	{ "GET", "/{owner}/{r}/pulls/{n}", ROUTE_PAGE, pull_get },
	{ .method = NULL },
};
