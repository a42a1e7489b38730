/* health: how the server is, for administrators: what stands still, what is
 * full, what was not heard of. */
#include <inttypes.h>
#include <sys/statvfs.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/service/svc_use.h"
#include "server/store/events.h"
#include "server/store/hooks.h"
#include "server/store/runners.h"
#include "server/store/runs.h"
#include "server/web/admin.h"
#include "server/web/web.h"

enum {
	HEALTH_TIGHT = 10 /* percent that is left */
};

static void
health_card(struct web *w, const char *title)
{
	HTML_CLASS(&w->h, "section", "card");
	HTML_LEAF(&w->h, "h2", "", title);
	HTML_TAG(&w->h, "dl");
}

static void
health_card_end(struct web *w)
{
	html_end(&w->h);
	html_end(&w->h);
}

static void
health_number(struct web *w, const char *term, int64_t n)
{
	web_term(w, term);
	html_textf(&w->h, "%" PRId64, n);
	html_end(&w->h);
}

static void
health_disk(struct web *w)
{
	struct statvfs v;

	web_term(w, "Disk");
	if (statvfs(w->svc->home, &v) == -1 || v.f_blocks == 0) {
		web_badge(w, "bad", "cannot be read");
	} else {
		int64_t left = (int64_t)v.f_bavail * (int64_t)v.f_frsize;

		web_badge(w,
		    v.f_bavail * 100 / v.f_blocks < HEALTH_TIGHT ? "bad"
								 : "good",
		    v.f_bavail * 100 / v.f_blocks < HEALTH_TIGHT ? "tight"
								 : "room");
		html_text(&w->h, " ");
		web_bytes(w, left);
		html_text(&w->h, " of ");
		web_bytes(w, (int64_t)v.f_blocks * (int64_t)v.f_frsize);
		html_text(&w->h, " are left");
	}
	html_end(&w->h);
}

/* What could not be read of it is 0, and logged. */
static void
health_events(struct web *w)
{
	int64_t last = 0, told = 0;
	struct err e = ERR_INIT;

	if (events_last(w->t, &last, &e) == -1 ||
	    hooks_cursor(w->t, &told, &e) == -1)
		log_error("web health reason=%s", log_val(e.msg));
	health_number(w, "Events", last);
	web_term(w, "Webhooks");
	if (last > told)
		html_textf(
		    &w->h, "%" PRId64 " events are to be told", last - told);
	else
		web_badge(w, "good", "told of all");
	html_end(&w->h);
}

static int64_t
health_runs(struct web *w, enum run_state state)
{
	const struct run_filter f = { .state = state, .limit = 1 };
	struct run_list l = { .n = 0 };
	struct err e = ERR_INIT;
	int64_t n;

	if (runs_list(w->t, &f, &l, &e) == -1)
		log_error("web health reason=%s", log_val(e.msg));
	n = l.total;
	run_list_release(&l);
	return n;
}

static void
health_server(struct web *w)
{
	health_card(w, "Server");
	web_term(w, "Runs since");
	web_time(w, w->svc->started_at);
	html_end(&w->h);
	health_disk(w);
	health_events(w);
	health_card_end(w);
}

static void
health_sandboxes(struct web *w)
{
	const char *driver = svc_use_driver(w->svc->uses);

	health_card(w, "Sandboxes");
	web_term(w, "coffer-agentd");
	if (svc_use_served(w->svc->uses, w->now))
		web_badge(w, "good", "heard lately");
	else
		web_badge(w, "bad", "not heard lately");
	html_end(&w->h);
	if (driver[0] != '\0') {
		web_term(w, "Driver");
		html_shown(&w->h, driver);
		html_end(&w->h);
	}
	health_number(w, "Runs that wait", health_runs(w, RUN_QUEUED));
	health_number(w, "Runs that go on", health_runs(w, RUN_RUNNING));
	health_card_end(w);
}

static void
health_ci(struct web *w)
{
	int64_t away = 0, there = 0, running = 0;
	struct runner_list l = { .n = 0 };
	struct err e = ERR_INIT;

	if (runners_list(w->t, &l, &e) == -1)
		log_error("web health reason=%s", log_val(e.msg));
	for (size_t i = 0; i < l.n; i++) {
		bool heard = w->now - l.at[i].seen_at < RUNNER_AWAY_MS;

		running += l.at[i].running;
		there += l.at[i].account_id != 0 && heard;
		away += l.at[i].account_id != 0 && !heard;
	}
	runner_list_release(&l);
	health_card(w, "CI");
	web_term(w, "Runners");
	if (there > 0)
		web_badge(w, "good", "there");
	else
		web_badge(w, "wait", "none is there");
	html_textf(&w->h, " %" PRId64 " there, %" PRId64 " away", there, away);
	html_end(&w->h);
	health_number(w, "Jobs that go on", running);
	health_card_end(w);
}

static void
health_get(struct call *c)
{
	struct web w;

	if (admin_begin(&w, c, "health") == -1)
		return;
	HTML_CLASS(&w.h, "div", "grid");
	health_server(&w);
	health_sandboxes(&w);
	health_ci(&w);
	html_end(&w.h);
	web_reply(&w, 200);
}

const struct route web_health_routes[] = {
	{ "GET", "/-/admin/health", ROUTE_PAGE, health_get },
	{ .method = NULL },
};
