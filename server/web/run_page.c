/* run_page: one run: what began it, what it says and does, what it took, how it
 * ended, and its end by hand. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/httpd/httpd.h"
#include "server/service/svc_log.h"
#include "server/service/svc_run.h"
#include "server/store/events.h"
#include "server/store/runs.h"
#include "server/web/field.h"
#include "server/web/item.h"
#include "server/web/marks.h"
#include "server/web/post.h"
#include "server/web/report.h"
#include "server/web/run.h"
#include "server/web/transcript.h"
#include "server/web/web.h"

enum {
	RUN_TAIL = 64 << 10 /* bytes of output that the page has itself */
};

struct run_page {
	struct call *c;
	struct run r;
	struct str tail;    /* of its output */
	struct marks marks; /* of its message, then of what its agent said */
};

/* The run of the first argument, or -1 after the reply. */
static int
run_open(struct call *c, struct run *r)
{
	struct svc *s = call_app(c);
	struct txn *t = db_reader(s->db);
	struct err e = ERR_INIT;

	*r = (struct run){ .id = 0 };
	if (runs_get(t, call_arg_id(c, 0), r, &e) == 0 &&
	    svc_may(t, call_who(c), r->project_id, PERM_READ, NULL, &e) == 0)
		return 0;
	run_release(r);
	if (e.code == ERR_NOTFOUND)
		web_error(c, 404, "There is no such run, or it is not yours.");
	else
		web_fail(c, &e);
	return -1;
}

/* Once more, so that no slip ends an hour's work. */
static void
run_stop_form(struct web *w, const struct run *r)
{
	struct html *h = &w->h;
	char to[48];

	if (run_state_is_end(r->state) || r->cancel ||
	    !web_may(w, r->project_id, PERM_WRITE))
		return;
	(void)snprintf(to, sizeof(to), "/-/runs/%" PRId64 "/stop", r->id);
	HTML_CLASS(h, "details", "sure");
	HTML_ATTR(h, "id", "stop");
	HTML_LEAF(h, "summary", "danger", "Stop…");
	post_form(w, "", to, "");
	HTML_LEAF(h, "p", "",
	    "What it has pushed stays; what it has not is lost. Its record is "
	    "kept.");
	field_button(w, "danger", NULL, NULL, "Stop this run");
	post_form_end(w);
	html_end(h);
}

static const char *
run_cause_word(const char *kind)
{
	static const struct {
		const char *kind, *text;
	} words[] = {
		{ "comment.created", "a comment" },
		{ "issue.opened", "an issue" },
		{ "pull.opened", "a pull request" },
		{ "issue.labeled", "a label" },
		{ "review.created", "a review" },
		{ "review.commented", "words on a line" },
		{ "status.created", "a check" },
		{ "run.asked", "an order" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].kind, kind) == 0)
			return words[i].text;
	return kind;
}

/* What it was that began it, and by whom. */
static void
run_cause(struct web *w, const struct run *r)
{
	struct err ignored = ERR_INIT;
	struct event ev = { .seq = 0 };

	web_term(w, "Started by");
	if (r->retry_of != 0) {
		HTML_TAG(&w->h, "a");
		HTML_URL(&w->h, "href", "/-/runs/%" PRId64, r->retry_of);
		html_textf(&w->h, "run %" PRId64, r->retry_of);
		html_end(&w->h);
		html_text(&w->h, ", which is tried again");
	} else if (r->event != 0 &&
	    events_get(w->t, r->event, &ev, &ignored) == 0) {
		html_textf(&w->h, "%s of %s, ", run_cause_word(r->cause),
		    ev.actor.login);
		web_time(w, ev.at);
	} else {
		html_text(&w->h, r->cause[0] != '\0' ? r->cause : "a person");
	}
	event_release(&ev);
	html_end(&w->h);
}

static void
run_branch(struct web *w, const struct run *r)
{
	AUTO_STR struct str to = STR_INIT;

	if (r->branch[0] == '\0')
		return;
	str_add(&to, "/");
	esc_url_path(&to, view_of(r->project_name));
	str_add(&to, "/src/branch/");
	esc_url_path(&to, view_of(r->branch));
	web_term(w, "Branch");
	HTML_TAG(&w->h, "a");
	HTML_ATTR(&w->h, "href", str_cstr(&to));
	HTML_TAG(&w->h, "code");
	html_shown(&w->h, r->branch);
	html_end(&w->h);
	html_end(&w->h);
	html_end(&w->h);
}

static void
run_facts(struct web *w, const struct run *r)
{
	HTML_TAG(&w->h, "dl");
	web_term(w, "Project");
	web_project_link(w, r->project_name);
	html_end(&w->h);
	web_term(w, "For");
	run_for(w, r);
	html_end(&w->h);
	run_cause(w, r);
	web_term(w, "Agent");
	html_shown(&w->h, r->agent);
	html_end(&w->h);
	web_term(w, "May");
	html_textf(&w->h, "%s, network %s", access_name(r->access),
	    network_name(r->network));
	html_end(&w->h);
	web_term(w, "Took");
	run_took(w, r);
	html_text(&w->h, " of ");
	web_span(w, r->wall_s * 1000);
	html_end(&w->h);
	web_term(w, "Cost");
	run_cost(w, r);
	if (r->budget > 0) {
		html_text(&w->h, " of ");
		web_money(w, r->budget);
	}
	html_end(&w->h);
	web_term(w, "Ordered");
	web_time(w, r->created_at);
	html_end(&w->h);
	run_branch(w, r);
	if (r->pull != 0) {
		web_term(w, "Pull request");
		item_link(w, r->project_name, r->pull, true);
		html_end(&w->h);
	}
	html_end(&w->h);
}

/* ---- how it ended ---- */

static const char *
run_advice(enum run_state s)
{
	switch (s) {
	case RUN_FAILED:
		return "It did not get through. The end of its output says "
		       "why; mend that, or say more in the issue, and order "
		       "again.";
	case RUN_TIMED_OUT:
		return "Its time was over. Give it a smaller task, or more "
		       "time: settings, Agent.";
	case RUN_BUDGET:
		return "Its money was used up. What it did is kept. Raise the "
		       "limit (coffer budget), then order again.";
	case RUN_CANCELLED:
		return "It was stopped. An order in the issue starts another.";
	case RUN_DONE:
		return "It did what it could; read what it says and what it "
		       "made before you take it.";
	case RUN_QUEUED:
		return "It waits for its turn: another run of the project goes "
		       "on, orders are paused, or coffer-agentd is away.";
	case RUN_PREPARING:
	case RUN_RUNNING:
	case RUN_FINISHING:
	default:
		return "";
	}
}

static void
run_end(struct web *w, const struct run *r)
{
	const char *advice = run_advice(r->state);
	bool bad = r->state == RUN_FAILED || r->state == RUN_BUDGET ||
	    r->state == RUN_TIMED_OUT;

	if (r->why[0] != '\0') {
		HTML_CLASS(&w->h, "p", bad ? "alert" : "sub");
		html_shown(&w->h, r->why);
		html_end(&w->h);
	}
	if (advice[0] != '\0')
		HTML_LEAF(&w->h, "p", "sub", advice);
}

/* ---- its output ---- */

/* What is said and done, where it can be told; app.js asks for it again as the
 * log grows. */
static bool
run_transcript(struct web *w, const struct run_page *x)
{
	struct view text = str_view(&x->tail);
	bool is = transcript_is(text);

	HTML_TAG(&w->h, "div");
	HTML_ATTR(&w->h, "id", "transcript");
	HTML_FLAG(&w->h, "data-live");
	if (is) {
		HTML_CLASS(&w->h, "section", "card");
		HTML_LEAF(&w->h, "h2", "", "What it said and did");
		HTML_LEAF(&w->h, "p", "hint",
		    "The agent writes this itself, and may write what no tool "
		    "did: the report, the network's log and the commits say "
		    "what is so.");
		transcript_write(
		    w, x->r.project_name, text, x->marks.tokens + 1);
		html_end(&w->h);
	}
	html_end(&w->h);
	return is;
}

/* app.js appends what is behind data-next. */
static void
run_log(struct web *w, const struct run_page *x)
{
	const struct run *r = &x->r;
	struct html *h = &w->h;
	char text[24];

	if (run_transcript(w, x)) {
		HTML_CLASS(h, "details", "card");
		HTML_LEAF(h, "summary", "", "Output, line by line");
	} else {
		HTML_CLASS(h, "section", "card");
		HTML_LEAF(h, "h2", "", "Output");
	}
	if (r->log_bytes > RUN_TAIL)
		HTML_LEAF(h, "p", "sub", "The end of it:");
	HTML_TAG(h, "pre");
	HTML_ATTR(h, "id", "log");
	HTML_ATTR(h, "tabindex", "0");
	HTML_ATTR(h, "aria-label", "Output of the run");
	HTML_URL(h, "data-url", "/-/runs/%" PRId64 "/log", r->id);
	(void)snprintf(text, sizeof(text), "%" PRId64, r->log_bytes);
	HTML_ATTR(h, "data-next", text);
	if (run_state_is_end(r->state))
		HTML_FLAG(h, "data-ended");
	html_textv(h, str_view(&x->tail));
	html_end(h);
	html_end(h);
}

static void
run_message(struct web *w, const struct run_page *x)
{
	if (x->r.message[0] == '\0')
		return;
	HTML_CLASS(&w->h, "section", "card");
	HTML_LEAF(&w->h, "h2", "", "What it says");
	marks_write(
	    w, x->r.project_name, view_of(x->r.message), x->marks.tokens[0]);
	html_end(&w->h);
}

static void
run_write(void *arg)
{
	struct run_page *x = arg;
	struct web_head head = { .tab = "Runs", .live = true };
	const struct run *r = &x->r;
	struct call *c = x->c;
	char title[40];
	struct web w;

	(void)snprintf(title, sizeof(title), "Run %" PRId64, r->id);
	head.title = title;
	web_begin(&w, c, &head);
	HTML_TAG(&w.h, "div");
	HTML_ATTR(&w.h, "id", "run");
	HTML_FLAG(&w.h, "data-live");
	HTML_CLASS(&w.h, "div", "title");
	HTML_LEAF(&w.h, "h1", "", title);
	run_state_badge(&w, r);
	HTML_CLASS(&w.h, "span", "links");
	run_links(&w, r);
	html_end(&w.h);
	run_stop_form(&w, r);
	html_end(&w.h);
	HTML_CLASS(&w.h, "section", "card");
	run_facts(&w, r);
	run_end(&w, r);
	html_end(&w.h);
	if (run_state_is_end(r->state))
		run_took_all(&w, r);
	run_message(&w, x);
	html_end(&w.h);
	run_log(&w, x);
	web_reply(&w, 200);
	marks_release(&x->marks);
	str_release(&x->tail);
	run_release(&x->r);
	free(x);
	call_release(c);
}

static void
run_get(struct call *c)
{
	AUTO_FREE struct view *texts = NULL;
	struct run_page *x;
	struct run r;
	size_t n = 0;

	if (run_open(c, &r) == -1)
		return;
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	x->r = r;
	call_hold(c);
	svc_log_tail(call_app(c),
	    &(struct svc_log_of){ SVC_LOG_RUN, r.id, r.log_bytes }, RUN_TAIL,
	    &x->tail);
	texts = xcalloc(TRANSCRIPT_PARTS_MAX + 1, sizeof(*texts));
	texts[n++] = view_of(r.message);
	if (transcript_is(str_view(&x->tail)))
		n += transcript_texts(str_view(&x->tail), texts + n);
	marks_ask(call_app(c), r.project_id, texts, n, &x->marks, run_write, x);
}

static void
run_report(struct call *c)
{
	struct run r;

	if (run_open(c, &r) == -1)
		return;
	report_reply(c, r.id);
	run_release(&r);
}

static void
run_stopped(const struct err *fail, void *arg, void *call)
{
	const struct svc_run_cancel *op = arg;
	AUTO_STR struct str to = STR_INIT;
	struct call *c = call;

	if (!web_failed(c, fail)) {
		str_addf(&to, "/-/runs/%" PRId64, op->id);
		web_redirect(c, str_cstr(&to));
	}
	call_release(c);
}

static void
run_stop_on_form(struct call *c)
{
	struct form f;
	struct run r;

	if (web_form(c, &f) == -1)
		return;
	form_release(&f);
	if (run_open(c, &r) == -1)
		return;
	run_release(&r);
	call_hold(c);
	svc_run_cancel(
	    call_app(c), call_who(c), call_arg_id(c, 0), run_stopped, c);
}

static void
run_stop(struct call *c)
{
	web_take_form(c, run_stop_on_form);
}

const struct route web_run_page_routes[] = {
	{ "GET", "/-/runs/{id}/report", ROUTE_PAGE, run_report },
	{ "GET", "/-/runs/{id}", ROUTE_PAGE, run_get },
	{ "POST", "/-/runs/{id}/stop", ROUTE_PAGE, run_stop },
	{ .method = NULL },
};
