#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/review_files.h"
#include "cli/program.h"
#include "cli/record.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/mask.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	EVIDENCE_MAX = 64 << 10,
	EVIDENCE_LOG_MAX = 24 << 10, /* of the commits */
	EVIDENCE_RUNS = 3,           /* the newest of the branch */
	EVIDENCE_NET = 100,          /* rows of a run */
	EVIDENCE_EVENTS = 150,       /* of a run */
	EVIDENCE_TEXT = 300          /* of one */
};

static void
evidence_text(struct str *out, const char *text)
{
	size_t n = strnlen(text, EVIDENCE_TEXT);

	for (size_t i = 0; i < n; i++)
		str_addc(out, text[i] == '\n' ? ' ' : text[i]);
	if (text[n] != '\0')
		str_add(out, " ...");
}

static void
evidence_findings(const struct fetch_job *j, struct str *out)
{
	str_add(out, "What the checks found:\n");
	if (j->findings.n == 0)
		str_add(out, "  nothing\n");
	for (size_t i = 0; i < j->findings.n; i++) {
		const struct finding *f = &j->findings.list[i];

		str_addf(out, "  %s %s%s ", finding_severity_name(f->severity),
		    f->id, f->allowed ? " (let pass by the user)" : "");
		evidence_text(out, f->file);
		if (f->line != 0)
			str_addf(out, ":%u", f->line);
		str_add(out, ": ");
		evidence_text(out, f->message);
		str_addc(out, '\n');
	}
}

static void
evidence_commits(struct fetch_job *j, struct str *out)
{
	AUTO_FREE char *range = xasprintf("%s..%s", j->base, j->head);
	const char *const argv[] = { "log", "--no-color", "--no-decorate",
		"--no-mailmap", "--no-show-signature", "--no-notes",
		"--encoding=UTF-8", "--date=iso-strict", "--max-count=200",
		"--format=commit %h by %an <%ae> at %ad%n%w(0,4,4)%B",
		"--end-of-options", range, NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .max_output = EVIDENCE_LOG_MAX
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	struct err ignored = ERR_INIT;

	str_addf(out, "The commits of %s:\n", j->branch);
	if (fetch_git_run(j, &g, &r, &ignored) == -1 || r.code != 0)
		str_add(out, "  they cannot be read\n");
	str_addv(out, str_view(&r.out));
	if (r.truncated)
		str_add(out, "\n  (there is more that is not shown)\n");
	str_addc(out, '\n');
	program_result_release(&r);
}

/* Was it seen while the run went on? */
static bool
evidence_is_during(const struct json *row, const char *from, const char *to)
{
	return strcmp(json_str_or(row, "last", ""), from) >= 0 &&
	    (to[0] == '\0' || strcmp(json_str_or(row, "first", ""), to) <= 0);
}

static void
evidence_net_row(const struct json *row, struct str *out)
{
	str_addf(out, "  network %s ",
	    json_bool_or(row, "allowed", false) ? "allowed" : "REFUSED");
	evidence_text(out, json_str_or(row, "name", ""));
	str_addc(out, ' ');
	evidence_text(out, json_str_or(row, "address", ""));
	str_addf(out,
	    " port %" PRId64 " %" PRId64 " times, sent %" PRId64 " bytes, by ",
	    json_i64_or(row, "port", 0), json_i64_or(row, "count", 0),
	    json_i64_or(row, "up", 0));
	evidence_text(out, json_str_or(row, "process", ""));
	str_addc(out, '\n');
}

static void
evidence_net(struct fetch_job *j, const struct json *run, struct str *out)
{
	const char *from = json_str_or(run, "started_at", "");
	const char *to = json_str_or(run, "ended_at", "");
	AUTO_STR struct str path = STR_INIT;
	struct err ignored = ERR_INIT;
	struct json *rows = NULL;
	int n = 0;

	if (from[0] == '\0')
		return;
	str_addf(&path,
	    "/api/coffer/v1/projects/%s/network/log?limit=%d&since=", j->full,
	    (int)EVIDENCE_NET);
	esc_url(&path, view_of(from));
	if (remote_get(j->c, str_cstr(&path), &rows, &ignored) == -1) {
		str_addf(
		    out, "  its network log cannot be read: %s\n", ignored.msg);
		return;
	}
	for (const struct json *r = json_first(rows);
	     r != NULL && n < EVIDENCE_NET; r = json_next(r))
		if (evidence_is_during(r, from, to)) {
			evidence_net_row(r, out);
			n++;
		}
	if (n == 0)
		str_add(out, "  it asked for nothing on the network\n");
	json_free(rows);
}

static bool
evidence_event(struct view line, struct str *out)
{
	static const char *const kinds[] = { "tool", "denied", "error", "end",
		NULL };
	static const char *const keys[] = { "name", "text", "why" };
	struct err ignored = ERR_INIT;
	struct json *j = json_parse(line, 0, &ignored);
	const char *kind = json_str_or(j, "kind", "");
	bool is = false;

	for (size_t i = 0; kinds[i] != NULL; i++)
		is |= strcmp(kinds[i], kind) == 0;
	if (is) {
		str_addf(out, "  %s:", kind);
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			str_addc(out, ' ');
			evidence_text(out, json_str_or(j, keys[i], ""));
		}
		str_addc(out, '\n');
	}
	json_free(j);
	return is;
}

static void
evidence_record(struct fetch_job *j, int64_t run, struct str *out)
{
	AUTO_FREE char *id = xasprintf("%" PRId64, run);
	struct record r = { .run = 0 };
	struct err e = ERR_INIT;
	const struct ustar_file *f;
	struct view rest, line;
	int n = 0;

	if (record_load(j->c, id, &r, &e) == -1) {
		str_addf(out, "  its record cannot be had: %s\n", e.msg);
		record_release(&r);
		return;
	}
	f = record_file(&r, "events.jsonl");
	rest = f == NULL ? (struct view){ .p = "", .len = 0 } : f->bytes;
	while (rest.len > 0 && n < EVIDENCE_EVENTS &&
	    view_split(&rest, '\n', &line))
		n += evidence_event(line, out) ? 1 : 0;
	if (n == 0)
		str_add(out, "  it used no tool that is known\n");
	if (rest.len > 0)
		str_add(out, "  (there is more that is not shown)\n");
	record_release(&r);
}

static bool
evidence_is_ours(const struct fetch_job *j, const struct json *run)
{
	if (strcmp(json_str_or(run, "branch", ""), j->branch) == 0)
		return true;
	return j->pull != 0 && json_i64_or(run, "pull", 0) == j->pull;
}

static void
evidence_runs(struct fetch_job *j, struct str *out)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/runs?project=%s&limit=50", j->full);
	struct err ignored = ERR_INIT;
	struct json *runs = NULL;
	int n = 0;

	if (remote_get(j->c, path, &runs, &ignored) == -1) {
		str_addf(out, "The runs of agents cannot be read: %s\n",
		    ignored.msg);
		return;
	}
	for (const struct json *r = json_first(runs);
	     r != NULL && n < EVIDENCE_RUNS; r = json_next(r)) {
		int64_t id = json_i64_or(r, "id", 0);

		if (!evidence_is_ours(j, r))
			continue;
		n++;
		str_addf(out,
		    "Run %" PRId64 ", %s by %s, network %s, ended as %s; what "
		    "it says of itself may be untrue:\n",
		    id, json_str_or(r, "command", "-"),
		    json_str_or(r, "agent", "-"),
		    json_str_or(r, "network", "-"),
		    json_str_or(r, "state", "-"));
		evidence_net(j, r, out);
		evidence_record(j, id, out);
	}
	if (n == 0)
		str_add(out, "No run of an agent is known for this branch.\n");
	json_free(runs);
}

void
review_evidence(struct fetch_job *j, struct str *out)
{
	struct str text = STR_INIT_MAX(EVIDENCE_MAX);
	const struct mask no_words = { .n = 0 };

	evidence_findings(j, &text);
	evidence_commits(j, &text);
	evidence_runs(j, &text);
	if (text.len > 0)
		(void)mask_text(&no_words, text.p, text.len);
	str_addv(out, str_view(&text));
	if (!str_ok(&text))
		str_add(out, "\n(there is more that is not shown)\n");
	str_release(&text);
}
