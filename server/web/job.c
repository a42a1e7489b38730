/* job: one CI job, with its output as it grows. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/domain/job_rule.h"
#include "server/service/svc_log.h"
#include "server/store/jobs.h"
#include "server/web/item.h"
#include "server/web/web.h"

enum {
	JOB_TAIL = 64 << 10
};

static int
job_open(struct call *c, struct job *j)
{
	struct svc *s = call_app(c);
	struct txn *t = db_reader(s->db);
	struct err e = ERR_INIT;

	*j = (struct job){ .id = 0 };
	if (jobs_get(t, call_arg_id(c, 0), j, &e) == 0 &&
	    svc_may(t, call_who(c), j->project_id, PERM_READ, NULL, &e) == 0)
		return 0;
	job_release(j);
	*j = (struct job){ .id = 0 };
	if (e.code == ERR_NOTFOUND)
		web_error(c, 404, "There is no such job.");
	else
		web_fail(c, &e);
	return -1;
}

static void
job_facts(struct web *w, const struct job *j)
{
	struct html *h = &w->h;

	HTML_CLASS(h, "section", "card");
	HTML_TAG(h, "dl");
	web_term(w, "Of");
	web_project_link(w, j->project_name);
	if (j->pull > 0) {
		html_text(h, " ");
		item_link(w, j->project_name, j->pull, true);
	}
	html_textf(h, ", at %.12s", j->sha);
	html_end(h);
	web_term(w, "Test");
	HTML_TAG(h, "code");
	html_code(h, view_of(j->check.test));
	html_end(h);
	html_end(h);
	if (j->check.setup[0] != '\0') {
		web_term(w, "Setup");
		HTML_TAG(h, "code");
		html_code(h, view_of(j->check.setup));
		html_end(h);
		html_end(h);
	}
	web_term(w, "Queued");
	web_time(w, j->created_at);
	html_end(h);
	if (j->started_at > 0) {
		web_term(w, "Ran");
		web_span(w,
		    (j->ended_at > 0 ? j->ended_at : w->now) - j->started_at);
		if (j->runner[0] != '\0') {
			html_text(h, " on ");
			html_shown(h, j->runner);
		}
		if (j->attempt > 1)
			html_textf(h, ", attempt %" PRId64, j->attempt);
		html_end(h);
	}
	if (j->has_exit) {
		web_term(w, "Exit");
		html_textf(h, "%" PRId64 " of the %s", j->exit_code, j->phase);
		html_end(h);
	}
	if (j->why[0] != '\0') {
		web_term(w, "Why");
		html_shown(h, j->why);
		html_end(h);
	}
	html_end(h);
	html_end(h);
}

/* app.js appends what is behind data-next. */
static void
job_log(struct web *w, const struct job *j)
{
	AUTO_STR struct str tail = STR_INIT;
	struct html *h = &w->h;
	char text[24];

	HTML_CLASS(h, "section", "card wide");
	HTML_LEAF(h, "h2", "", "Output");
	if (j->log_bytes > JOB_TAIL) {
		HTML_CLASS(h, "p", "sub");
		html_text(h, "The end of it; ");
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "/-/jobs/%" PRId64 "/log", j->id);
		html_text(h, "the whole");
		html_end(h);
		html_end(h);
	}
	HTML_TAG(h, "pre");
	HTML_ATTR(h, "id", "log");
	HTML_ATTR(h, "tabindex", "0");
	HTML_ATTR(h, "aria-label", "Output of the job");
	HTML_URL(h, "data-url", "/-/jobs/%" PRId64 "/log", j->id);
	(void)snprintf(text, sizeof(text), "%" PRId64, j->log_bytes);
	HTML_ATTR(h, "data-next", text);
	if (j->ended_at > 0)
		HTML_FLAG(h, "data-ended");
	svc_log_tail(w->svc,
	    &(struct svc_log_of){ SVC_LOG_JOB, j->id, j->log_bytes }, JOB_TAIL,
	    &tail);
	html_textv(h, str_view(&tail));
	html_end(h);
	html_end(h);
}

static void
job_get(struct call *c)
{
	struct web_head head = { .tab = "", .live = true };
	struct job j;
	struct web w;

	if (job_open(c, &j) == -1)
		return;
	head.title = j.name;
	web_begin(&w, c, &head);
	/* The output is followed by itself. */
	HTML_TAG(&w.h, "div");
	HTML_ATTR(&w.h, "id", "facts");
	HTML_FLAG(&w.h, "data-live");
	HTML_CLASS(&w.h, "div", "title");
	HTML_TAG(&w.h, "h1");
	html_text(&w.h, "Check ");
	html_shown(&w.h, j.name);
	html_end(&w.h);
	web_badge(&w,
	    strcmp(job_state_name(j.state), "passed") == 0 ? "good"
		: j.ended_at == 0                          ? "wait"
							   : "bad",
	    job_state_name(j.state));
	html_end(&w.h);
	job_facts(&w, &j);
	html_end(&w.h);
	job_log(&w, &j);
	job_release(&j);
	web_reply(&w, 200);
}

const struct route web_job_routes[] = {
	{ "GET", "/-/jobs/{id}", ROUTE_PAGE, job_get },
	{ .method = NULL },
};
