/* run_record: what a run's record says on its page: what it took, and where the
 * record itself is. */
#include <inttypes.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/service/svc_record.h"
#include "server/store/runs.h"
#include "server/web/report.h"
#include "server/web/run.h"
#include "server/web/web.h"

void
run_links(struct web *w, const struct run *r)
{
	struct err ignored = ERR_INIT;
	uint64_t size = 0;
	int fd = svc_record_open(w->svc, r->id, &size, &ignored);

	if (r->log_bytes > 0) {
		HTML_TAG(&w->h, "a");
		HTML_URL(&w->h, "href", "/-/runs/%" PRId64 "/log", r->id);
		html_text(&w->h, "Whole log");
		html_end(&w->h);
	}
	if (fd == -1)
		return;
	close(fd);
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/-/runs/%" PRId64 "/report", r->id);
	html_text(&w->h, "Report");
	html_end(&w->h);
	HTML_TAG(&w->h, "a");
	HTML_URL(&w->h, "href", "/-/runs/%" PRId64 "/record", r->id);
	HTML_ATTR(&w->h, "download", "");
	html_text(&w->h, "Record, ");
	web_bytes(w, (int64_t)size);
	html_end(&w->h);
}

static void
run_count(struct web *w, const struct json *of, const char *key,
    const char *term, bool bytes)
{
	int64_t n = json_i64_or(of, key, -1);

	if (n < 0)
		return;
	web_term(w, term);
	if (bytes)
		web_bytes(w, n);
	else
		html_textf(&w->h, "%" PRId64, n);
	html_end(&w->h);
}

static void
run_patch(struct web *w, const struct json *patch)
{
	if (patch == NULL)
		return;
	web_term(w, "Changed");
	html_textf(&w->h, "%" PRId64 " files, +%" PRId64 " −%" PRId64,
	    json_i64_or(patch, "files", 0), json_i64_or(patch, "added", 0),
	    json_i64_or(patch, "deleted", 0));
	html_end(&w->h);
}

void
run_took_all(struct web *w, const struct run *r)
{
	struct json *m = report_manifest(w->svc, r->id);
	const struct json *use = json_get(m, "resources");
	const struct json *agent = json_get(json_get(m, "agent"), "usage");
	int64_t cpu = json_i64_or(use, "cpu_ms", -1);

	if (m == NULL)
		return;
	HTML_CLASS(&w->h, "section", "card");
	HTML_LEAF(&w->h, "h2", "", "What it took");
	HTML_TAG(&w->h, "dl");
	if (cpu >= 0) {
		web_term(w, "CPU");
		web_span(w, cpu);
		html_end(&w->h);
	}
	run_count(w, use, "memory_peak", "Memory, at most", true);
	run_count(w, use, "pids_peak", "Processes, at most", false);
	run_count(w, agent, "input", "Tokens in", false);
	run_count(w, agent, "output", "Tokens out", false);
	run_count(w, agent, "cache_read", "Tokens of the cache", false);
	run_count(w, agent, "turns", "Turns", false);
	run_patch(w, json_get(m, "patch"));
	html_end(&w->h);
	if (agent != NULL)
		HTML_LEAF(&w->h, "p", "hint",
		    "Tokens and turns are what the agent says of itself; CPU, "
		    "memory and cost were seen from outside.");
	html_end(&w->h);
	json_free(m);
}
