/* record_report: a record for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agentd/record/doc.h"
#include "agentd/record/record.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	REPORT_EVENTS_MD = 100,
	REPORT_EVENTS_HTML = 2000,
	REPORT_LINE_MAX = 64 << 10,
	REPORT_TEXT_MAX = 300,
	REPORT_PATCH_MD = 32 << 10,
	REPORT_PATCH_HTML = 512 << 10,
	REPORT_LOG_HTML = 128 << 10,
	REPORT_TAIL_MD = 8 << 10
};

static const struct {
	const char *label, *key;
} report_facts[] = {
	{ "project", "project" },
	{ "command", "command" },
	{ "access", "access" },
	{ "network", "network" },
	{ "agent", "agent" },
	{ "asked by", "actor" },
	{ "branch", "branch" },
	{ "base", "base" },
};

static void
report_row(
    struct doc *d, const struct json *j, const char *label, const char *key)
{
	const char *s = json_str_or(j, key, "");

	if (s[0] != '\0')
		doc_row(d, label, "%s", s);
}

static void
report_head(const struct record *r, struct doc *d)
{
	const char *why = json_str_or(r->j_result, "why", "");
	int64_t began = json_i64_or(r->j_facts, "began_ms", 0);
	char title[96];

	(void)snprintf(title, sizeof(title), "Run %" PRId64 ": %s",
	    json_i64_or(r->j_facts, "run", 0),
	    json_str_or(r->j_result, "state", "ended without a verdict"));
	doc_begin(d, title);
	for (size_t i = 0; i < sizeof(report_facts) / sizeof(report_facts[0]);
	     i++)
		report_row(
		    d, r->j_facts, report_facts[i].label, report_facts[i].key);
	if (json_i64_or(r->j_facts, "item", 0) > 0)
		doc_row(
		    d, "item", "#%" PRId64, json_i64_or(r->j_facts, "item", 0));
	if (why[0] != '\0')
		doc_row(d, "why", "%s", why);
	if (began > 0 && r->now >= began)
		doc_row(d, "took", "%" PRId64 ".%" PRId64 " s",
		    (r->now - began) / 1000, (r->now - began) % 1000 / 100);
}

static void
report_usage(const struct record *r, struct doc *d)
{
	const struct json *u = json_get(r->j_agent, "usage");
	const struct json *models = json_get(
	    json_get(r->j_result, "record"), "models");
	const int64_t cost = json_i64_or(u, "cost_micros", -1);
	const int64_t spent = json_i64_or(models, "spent_micros", 0);

	doc_heading(d, "What it took");
	report_row(d, r->j_agent, "model", "model");
	report_row(d, r->j_agent, "version", "version");
	if (u != NULL) {
		doc_row(d, "turns", "%" PRId64, json_i64_or(u, "turns", 0));
		doc_row(d, "tokens",
		    "%" PRId64 " in, %" PRId64 " out, %" PRId64
		    " from the cache, %" PRId64 " to it",
		    json_i64_or(u, "input", 0), json_i64_or(u, "output", 0),
		    json_i64_or(u, "cache_read", 0),
		    json_i64_or(u, "cache_write", 0));
	}
	if (cost >= 0)
		doc_row(d, "cost, as the agent says", "$%" PRId64 ".%06" PRId64,
		    cost / 1000000, cost % 1000000);
	if (models != NULL)
		doc_row(d, "cost, as the gateway counted",
		    "$%" PRId64 ".%06" PRId64, spent / 1000000,
		    spent % 1000000);
	if (r->use.samples == 0) {
		doc_row(d, "resources", "ended before they were looked at");
		return;
	}
	if (r->use.cpu_ms >= 0)
		doc_row(d, "CPU", "%" PRId64 ".%03" PRId64 " s",
		    r->use.cpu_ms / 1000, r->use.cpu_ms % 1000);
	if (r->use.memory_peak >= 0)
		doc_row(d, "memory, the most seen", "%" PRId64 " KiB",
		    r->use.memory_peak / 1024);
	if (r->use.pids_peak >= 0)
		doc_row(d, "processes, the most seen", "%" PRId64,
		    r->use.pids_peak);
	if (r->use.ooms > 0)
		doc_row(d, "killed for memory", "%" PRId64, r->use.ooms);
}

static void
report_patch(const struct record *r, struct doc *d)
{
	const struct record_part *p = &r->part[RECORD_PATCH];

	doc_heading(d, "What it changed");
	if (!r->patch.is) {
		doc_text(d, "Nothing was looked at: it may not write.");
		return;
	}
	doc_row(d, "files",
	    "%" PRIu64 ", %" PRIu64 " lines added, %" PRIu64 " deleted",
	    r->patch.files, r->patch.added, r->patch.deleted);
	doc_row(d, "from", "%s", r->patch.base);
	doc_row(d, "to tree", "%s", r->patch.tree);
	if (p->cut)
		doc_row(d, "patch", "cut off: it cannot be replayed");
	if (p->masked > 0)
		doc_row(d, "patch",
		    "secrets in it are masked: it cannot be replayed");
	if (p->text.len > 0)
		doc_block(d, str_view(&p->text),
		    d->html ? REPORT_PATCH_HTML : REPORT_PATCH_MD, false);
}

/* One event as a line of text. */
static void
report_event(const struct json *j, struct str *out)
{
	static const char *const keys[] = { "name", "text", "why" };
	const char *kind = json_str_or(j, "kind", "");

	str_add(out, kind);
	if (strcmp(kind, "tool") == 0 && !json_bool_or(j, "done", true))
		str_add(out, " (not done)");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *s = json_str_or(j, keys[i], "");
		size_t n = strnlen(s, REPORT_TEXT_MAX);

		if (n == 0)
			continue;
		str_add(out, " ");
		for (size_t k = 0; k < n; k++)
			str_addc(out, s[k] == '\n' ? ' ' : s[k]);
		if (s[n] != '\0')
			str_add(out, " ...");
	}
	str_addc(out, '\n');
}

static void
report_events(const struct record *r, struct doc *d)
{
	AUTO_STR struct str text = STR_INIT;
	struct view rest = str_view(&r->part[RECORD_EVENTS].text), line;
	const size_t max = d->html ? REPORT_EVENTS_HTML : REPORT_EVENTS_MD;
	size_t n = 0;

	while (n < max && rest.len > 0 && view_split(&rest, '\n', &line)) {
		struct err e = ERR_INIT;
		struct json *j = line.len == 0
		    ? NULL
		    : json_parse(line, REPORT_LINE_MAX, &e);

		if (j == NULL)
			continue;
		report_event(j, &text);
		json_free(j);
		n++;
	}
	doc_heading(d, "What happened");
	doc_block(d, str_view(&text), STR_MAX_DEFAULT, false);
	if (rest.len > 0)
		doc_text(d, "(The rest is in events.jsonl.)");
}

static void
report_logs(const struct record *r, struct doc *d)
{
	const struct record_part *err = &r->part[RECORD_ERR];
	const struct record_part *out = &r->part[RECORD_OUT];
	const size_t max = d->html ? REPORT_LOG_HTML : REPORT_TAIL_MD;
	const char *message = json_str_or(r->j_result, "message", "");

	if (d->html && message[0] != '\0') {
		doc_heading(d, "Its answer");
		doc_block(d, view_of(message), REPORT_LOG_HTML, false);
	}
	if (d->html && out->text.len > 0) {
		doc_heading(d, "The end of its output");
		doc_block(d, str_view(&out->text), max, true);
	}
	if (err->text.len > 0) {
		doc_heading(d, "The end of its errors");
		doc_block(d, str_view(&err->text), max, true);
	}
}

static void
report_hashes(const struct record *r, struct doc *d)
{
	doc_heading(d, "The record");
	for (size_t i = 0; i < RECORD_FOUND; i++) {
		const struct record_part *p = &r->part[i];

		if (p->there)
			doc_row(d, record_names[i].name,
			    "%zu bytes%s, %zu masked, SHA-256 %s", p->text.len,
			    p->cut ? " (cut)" : "", p->masked, p->sha);
	}
	doc_row(d, "events", "%" PRIu64 ", head %s", r->events, r->head);
	if (r->prompt_sha[0] != '\0')
		doc_row(d, "prompt as given", "SHA-256 %s", r->prompt_sha);
	doc_text(d,
	    "What the agent's stream said is a claim of what ran in the "
	    "sandbox. What holds: the patch, the state of the branch, the "
	    "status and the resources, which were seen from outside. A secret "
	    "that was encoded before it was printed is not masked.");
}

void
record_report(const struct record *r, bool html, struct str *out)
{
	struct doc d = { .out = out, .html = html };

	report_head(r, &d);
	report_usage(r, &d);
	report_patch(r, &d);
	report_events(r, &d);
	report_logs(r, &d);
	report_hashes(r, &d);
	doc_end(&d);
}
